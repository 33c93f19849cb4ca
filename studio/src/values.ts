// Data of a log may be anything: what is read from it is given a type here, and shown only through `shown`.

export type Json = Record<string, unknown>;

export const asText = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);

export const asNumber = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) ? value : 0;

export const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

export const asObject = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};

export const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

// Marks that turn the direction of a text, and controls, could make it read as something that it is not.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
const sign = (mark: string): string => `[U+${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}]`;

// A text as the page shows it: marks as signs, and no longer than asked.
export function shown(value: unknown, longest = 200): string {
  const text = asText(value);
  const cut = text.length > longest ? `${text.slice(0, longest)}\u2026` : text;
  return cut.replace(/\r\n/g, "\n").replace(HIDDEN, sign);
}
