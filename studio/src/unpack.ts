// .fanrun files, reports and evaluations, read in the browser: a zip's sizes are bounded before anything is unpacked.

import { unzipSync } from "fflate";
import type { Contents } from "./parts.tsx";
import type { LogEvent } from "./run.ts";
import { asObject, parsed, type Json } from "./words.ts";

const MOST_PARTS = 300_000;
const MOST_BYTES = 500_000_000;
const VERSION = 1;
export interface OpenedRun { events: LogEvent[]; contents: Contents; file: Uint8Array }
export type Opened = { run: OpenedRun } | { evaluation: Json };

export function openFanrun(file: Uint8Array): OpenedRun {
  const names = namesIn(file);
  const text = (name: string): string => {
    if (!names.has(name)) throw new Error(`the file has no ${name}`);
    return new TextDecoder().decode(unzipSync(file, { filter: (each) => each.name === name })[name]);
  };
  const manifest = asObject(parsed(text("manifest.json")));
  if (manifest.format !== "fanrun") throw new Error("its manifest does not say that it is a .fanrun file");
  if (typeof manifest.v !== "number" || manifest.v > VERSION) throw new Error("it was written by a later Fanloom: update Fanloom");
  const contents = { get: async (hash: string) => (names.has(`blocks/${hash}`) ? text(`blocks/${hash}`) : undefined) };
  return { events: eventsOf(text("events.ndjson")), contents, file };
}

function namesIn(file: Uint8Array): Set<string> {
  const names = new Set<string>();
  let [total, parts] = [0, 0];
  unzipSync(file, {
    filter: ({ name, originalSize }) => {
      names.add(name);
      total += originalSize;
      if (++parts > MOST_PARTS || total > MOST_BYTES) throw new Error("it unpacks to more than this page reads");
      return false;
    },
  });
  return names;
}

export const eventsOf = (lines: string): LogEvent[] => lines.split("\n").map((line) => asObject(parsed(line))).filter(isEvent);

const isEvent = (event: Json): event is LogEvent => typeof event.type === "string" && typeof event.t === "number" && typeof event.seq === "number";

// What stands inside a page that Fanloom has written, deflated as a whole: a run, or an evaluation.
export async function openEmbedded(kind: string, base64: string): Promise<Opened> {
  const body = await inflated(Uint8Array.from(atob(base64.trim()), (letter) => letter.charCodeAt(0)));
  return kind === "run" ? { run: openFanrun(body) } : { evaluation: evaluationIn(new TextDecoder().decode(body)) };
}

const EMBEDDED = /<script type="application\/octet-stream" id="(run|evaluation)">([A-Za-z0-9+/=\s]*)<\/script>/;

export async function openAny(file: Uint8Array): Promise<Opened> {
  if (file[0] === 0x50 && file[1] === 0x4b) return { run: openFanrun(file) };
  const text = new TextDecoder().decode(file);
  const found = EMBEDDED.exec(text);
  return found?.[1] && found[2] ? openEmbedded(found[1], found[2]) : { evaluation: evaluationIn(text) };
}

function evaluationIn(text: string): Json {
  const found = asObject(parsed(text));
  if (!Array.isArray(found.candidates)) throw new Error("it is no .fanrun file, no page of Fanloom and no evaluation");
  return found;
}

// What unpacks to more than this page reads is given up.
async function inflated(packed: Uint8Array): Promise<Uint8Array> {
  const reader = new Blob([packed as BlobPart]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (let next = await reader.read(); next.value; next = await reader.read()) {
    size += next.value.length;
    if (size > MOST_BYTES) throw new Error("it unpacks to more than this page reads");
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
