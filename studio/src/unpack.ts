// .fanrun files, reports and evaluations, read in the browser: a zip's sizes are bounded before anything is unpacked.

import type { Contents } from "./parts.tsx";
import type { LogEvent } from "./run.ts";
import { asObject, parsed, type Json } from "./words.ts";

const MOST_BYTES = 500_000_000;
const VERSION = 1;
export interface OpenedRun { events: LogEvent[]; contents: Contents; file: Uint8Array }
export type Opened = { run: OpenedRun } | { evaluation: Json };

export async function openFanrun(file: Uint8Array): Promise<OpenedRun> {
  const parts = partsIn(file);
  const text = async (name: string): Promise<string> => {
    const { method = 0, size = 0, body } = parts.get(name) ?? {};
    if (!body) throw new Error(`the file has no ${name}`);
    return new TextDecoder().decode(method ? await inflated(body, "deflate-raw", size) : body);
  };
  const manifest = asObject(parsed(await text("manifest.json")));
  if (manifest.format !== "fanrun") throw new Error("its manifest does not say that it is a .fanrun file");
  if (typeof manifest.v !== "number" || manifest.v > VERSION) throw new Error("it was written by a later Fanloom: update Fanloom");
  const contents = { get: async (hash: string) => (parts.has(`blocks/${hash}`) ? text(`blocks/${hash}`) : undefined) };
  return { events: eventsOf(await text("events.ndjson")), contents, file };
}

// The parts of a zip by their names; nothing is unpacked yet.
function partsIn(file: Uint8Array): Map<string, { method: number; size: number; body: Uint8Array }> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [short, long] = [(at: number) => view.getUint16(at, true), (at: number) => view.getUint32(at, true)];
  let end = file.length - 22;
  while (end >= 0 && long(end) !== 0x06054b50) end--;
  if (end < 0) throw new Error("it is no zip file");
  const parts = new Map<string, { method: number; size: number; body: Uint8Array }>();
  let [at, total] = [long(end + 16), 0];
  for (let left = short(end + 10); left > 0; left--) {
    const [named, local, size] = [at + 46 + short(at + 28), long(at + 42), long(at + 24)];
    const first = local + 30 + short(local + 26) + short(local + 28);
    parts.set(new TextDecoder().decode(file.subarray(at + 46, named)), { method: short(at + 10), size, body: file.subarray(first, first + long(at + 20)) });
    total += size;
    at = named + short(at + 30) + short(at + 32);
  }
  if (total > MOST_BYTES) throw new Error("it unpacks to more than this page reads");
  return parts;
}

export const eventsOf = (lines: string): LogEvent[] => lines.split("\n").map((line) => asObject(parsed(line))).filter(isEvent);

const isEvent = (event: Json): event is LogEvent => typeof event.type === "string" && typeof event.t === "number" && typeof event.seq === "number";

// What stands inside a page that Fanloom has written, deflated as a whole: a run, or an evaluation.
export async function openEmbedded(kind: string, base64: string): Promise<Opened> {
  const body = await inflated(Uint8Array.from(atob(base64.trim()), (letter) => letter.charCodeAt(0)), "deflate", MOST_BYTES);
  return kind === "run" ? { run: await openFanrun(body) } : { evaluation: evaluationIn(new TextDecoder().decode(body)) };
}

const EMBEDDED = /<script type="application\/octet-stream" id="(run|evaluation)">([A-Za-z0-9+/=\s]*)<\/script>/;

export async function openAny(file: Uint8Array): Promise<Opened> {
  if (file[0] === 0x50 && file[1] === 0x4b) return { run: await openFanrun(file) };
  const text = new TextDecoder().decode(file);
  const found = EMBEDDED.exec(text);
  return found?.[1] && found[2] ? openEmbedded(found[1], found[2]) : { evaluation: evaluationIn(text) };
}

function evaluationIn(text: string): Json {
  const found = asObject(parsed(text));
  if (!Array.isArray(found.candidates)) throw new Error("it is no .fanrun file, no page of Fanloom and no evaluation");
  return found;
}

// What unpacks to more than it says, or than this page reads, is given up.
async function inflated(packed: Uint8Array, format: CompressionFormat, most: number): Promise<Uint8Array> {
  const reader = new Blob([packed as BlobPart]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (let next = await reader.read(); next.value; next = await reader.read()) {
    size += next.value.length;
    if (size > most) throw new Error("it unpacks to more than it says");
    pieces.push(next.value);
  }
  return new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
}

// Hands a file to the person who looks at the page.
export function save(name: string, body: BlobPart, type = "application/octet-stream"): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([body], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
