// .fanrun files and reports, read in the browser: a zip whose sizes are bounded before anything is unpacked.

import type { Contents } from "./content.tsx";
import type { LogEvent } from "./run.ts";
import { asObject, parsed } from "./values.ts";

const MOST_PARTS = 300_000;
const MOST_BYTES = 500_000_000;
const VERSION = 1;
const BLOCKS = "blocks/";
export interface OpenedRun { events: LogEvent[]; contents: Contents; file: Uint8Array }
interface Entry { method: number; packed: number; size: number; at: number }

export class Unreadable extends Error {}

export async function openFanrun(file: Uint8Array): Promise<OpenedRun> {
  const entries = directory(file);
  const text = async (name: string): Promise<string> => {
    const entry = entries.get(name);
    if (!entry) throw new Unreadable(`the file has no ${name}`);
    return new TextDecoder().decode(await unpacked(file, entry));
  };
  const manifest = asObject(parsed(await text("manifest.json")));
  if (manifest.format !== "fanrun") throw new Unreadable("its manifest does not say that it is a .fanrun file");
  if (typeof manifest.v !== "number" || manifest.v > VERSION) throw new Unreadable("it was written by a later Fanloom: update Fanloom");
  const contents = { get: async (hash: string) => (entries.has(BLOCKS + hash) ? text(BLOCKS + hash) : undefined) };
  return { events: eventsOf(await text("events.ndjson")), contents, file };
}

export function eventsOf(lines: string): LogEvent[] {
  const events: LogEvent[] = [];
  for (const line of lines.split("\n")) { const event = line && asObject(parsed(line)); if (event && isEvent(event)) events.push(event); }
  return events;
}

export const isEvent = (event: object): event is LogEvent =>
  "type" in event && typeof event.type === "string" && "t" in event && typeof event.t === "number" && "seq" in event && typeof event.seq === "number";

// The run inside a report, deflated as a whole.
export async function openEmbedded(base64: string): Promise<OpenedRun> {
  const packed = Uint8Array.from(atob(base64.trim()), (letter) => letter.charCodeAt(0));
  return openFanrun(await inflated(packed, "deflate", MOST_BYTES));
}

const EMBEDDED = /<script type="application\/octet-stream" id="run">([A-Za-z0-9+/=\s]*)<\/script>/;

export async function openAny(file: Uint8Array): Promise<OpenedRun> {
  if (file[0] === 0x50 && file[1] === 0x4b) return openFanrun(file);
  const found = EMBEDDED.exec(new TextDecoder().decode(file));
  if (!found?.[1]) throw new Unreadable("it is neither a .fanrun file nor a report");
  return openEmbedded(found[1]);
}

function directory(file: Uint8Array): Map<string, Entry> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = endOf(view);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === 0xffffffff) throw new Unreadable("it has more parts than this page reads: use `fanloom report`");
  const entries = new Map<string, Entry>();
  let total = 0;
  for (let number = 0; number < count; number++) {
    if (at + 46 > file.length || view.getUint32(at, true) !== 0x02014b50) throw new Unreadable("its list of parts is broken");
    const [nameSize, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true)) as [number, number, number];
    const entry = { method: view.getUint16(at + 10, true), packed: view.getUint32(at + 20, true), size: view.getUint32(at + 24, true), at: view.getUint32(at + 42, true) };
    entries.set(new TextDecoder().decode(file.subarray(at + 46, at + 46 + nameSize)), entry);
    total += entry.size;
    at += 46 + nameSize + extra + comment;
  }
  if (entries.size > MOST_PARTS || total > MOST_BYTES) throw new Unreadable("it unpacks to more than this page reads");
  return entries;
}

function endOf(view: DataView): number {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 65_557); at--) { if (view.getUint32(at, true) === 0x06054b50) return at; }
  throw new Unreadable("it is no zip file");
}

async function unpacked(file: Uint8Array, entry: Entry): Promise<Uint8Array> {
  if (entry.at + 30 > file.length) throw new Unreadable("a part of it is missing");
  const view = new DataView(file.buffer, file.byteOffset + entry.at, 30);
  const first = entry.at + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  const body = file.subarray(first, first + entry.packed);
  if (entry.method === 0) return body;
  if (entry.method !== 8) throw new Unreadable("it is packed in a way that this page does not know");
  return inflated(body, "deflate-raw", entry.size);
}

// A part that unpacks to more than it says is given up.
async function inflated(packed: Uint8Array, format: CompressionFormat, most: number): Promise<Uint8Array> {
  const reader = new Blob([packed as BlobPart]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) throw new Unreadable("it unpacks to more than it says");
    pieces.push(value);
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
