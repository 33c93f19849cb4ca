// How states, times and money are said.

export type State =
  | "planned" | "waiting" | "running" | "asking" | "done"
  | "failed" | "timed_out" | "skipped" | "needs_input" | "declined" | "unfinished";

const SIGNS: Record<State, string> = {
  planned: "\u00b7", waiting: "\u2026", running: "\u25b8", asking: "?", done: "\u2713",
  failed: "\u2715", timed_out: "\u2715", skipped: "\u293c", needs_input: "?", declined: "\u2298", unfinished: "\u2013",
};

const WORDS: Record<State, string> = {
  planned: "planned", waiting: "waiting", running: "running", asking: "asking", done: "done",
  failed: "failed", timed_out: "timed out", skipped: "skipped", needs_input: "needs input", declined: "declined", unfinished: "not finished",
};

// Worst first: a box of the graph has the colour of its worst task.
export const STATES: readonly State[] = [
  "failed", "timed_out", "asking", "needs_input", "declined", "skipped", "unfinished", "running", "waiting", "planned", "done",
];

export const NOT_DONE: ReadonlySet<State> = new Set<State>(["failed", "timed_out", "skipped", "needs_input", "declined", "unfinished"]);
export const isState = (word: string): word is State => Object.hasOwn(SIGNS, word);
export const signOf = (state: State): string => SIGNS[state];
export const wordOf = (state: State): string => WORDS[state];

// The sign of why an attempt was made.
const WHYS = new Map([["retry", "\u21bb"], ["repair", "\u270e"], ["fallback", "\u21c4"], ["longer", "\u2922"]]);
export const whySign = (why: string): string => WHYS.get(why) ?? "";

const WAITS = new Map([
  ["run_slot", "waiting for a free call"],
  ["concurrency", "waiting for a free call"],
  ["rpm", "waiting for a free call"],
  ["tpm", "waiting for a free call"],
  ["cool_down", "waiting out the provider's pause"],
  ["back_off", "back-off"],
  ["needs", "waiting for other tasks"],
  ["alone_first", "waiting for the first call"],
  ["breaker", "waiting for the breaker"],
  ["person", "waiting for a person"],
]);
export const waitWord = (reason: string): string => WAITS.get(reason) ?? `waiting: ${reason.slice(0, 40)}`;
export const spaced = (name: string): string => name.replaceAll("_", " ");

export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 10) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function money(usd: number | null): string {
  if (usd === null) return "unknown";
  if (usd === 0) return "$0";
  return `$${usd >= 1 ? usd.toFixed(2) : usd >= 0.01 ? usd.toFixed(4) : usd >= 0.0001 ? usd.toFixed(5) : usd.toPrecision(2)}`;
}

export const count = (number: number): string => Math.round(number).toLocaleString("en-US");
export const plural = (number: number, one: string, many = `${one}s`): string => `${count(number)} ${number === 1 ? one : many}`;
