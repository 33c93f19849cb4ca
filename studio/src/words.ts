// Data of a log may be anything: how it is read, shown as text, and how states, times and money are said.

import grammar from "./grammar.json";

export type Json = Record<string, unknown>;

export const asText = (value: unknown): string => typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);

export const asNumber = (value: unknown): number => typeof value === "number" && Number.isFinite(value) ? value : 0;

export const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

export const asObject = (value: unknown): Json => typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};

export function parsed(text: string): unknown { try { return JSON.parse(text); } catch { return undefined; } }

// Marks that turn the direction of a text, and controls, could make it read as something that it is not.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

// A text as the page shows it: marks as signs, and no longer than asked.
export function shown(value: unknown, longest = 200): string {
  const text = asText(value);
  const cut = text.length > longest ? `${text.slice(0, longest)}\u2026` : text;
  return cut.replace(/\r\n/g, "\n").replace(HIDDEN, (mark) => `[U+${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
}

// Worst first: a box of the graph has the colour of its worst task.
export type State = keyof typeof grammar.states;
export const STATES = Object.keys(grammar.states) as State[];
export const NOT_DONE: ReadonlySet<State> = new Set(STATES.filter((state) => grammar.states[state].undone));
export const isState = (word: string): word is State => Object.hasOwn(grammar.states, word);
export const signOf = (state: State): string => grammar.states[state].sign;
export const wordOf = (state: State): string => grammar.states[state].word;

// The sign of why an attempt was made, and what is waited for.
const [WHYS, WAITS] = [new Map(Object.entries(grammar.whys)), new Map(Object.entries(grammar.waits))];
export const whySign = (why: string): string => WHYS.get(why) ?? "";
export const waitWord = (reason: string): string => WAITS.get(reason) ?? `waiting: ${reason.slice(0, 40)}`;
// The provider before a model's name says little where there is no room.
export const modelName = (name: string): string => name.slice(name.indexOf(":") + 1);
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
