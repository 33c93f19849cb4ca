// What `fanloom eval --json` prints, read as data that may be anything.

import { asList, asNumber, asObject, asText, count, duration, money, type Json } from "./words.ts";

export type Figure = ReturnType<typeof figureOf>;
export type Candidate = ReturnType<typeof candidateOf>;
export type Evaluation = ReturnType<typeof evaluationOf>;

const UNITS = new Map<string, (value: number) => string>([
  ["model calls", (value) => value.toFixed(1)], ["tokens in", count], ["tokens out", count], ["cost, US$", money], ["seconds", (value) => duration(value * 1000)],
]);
// Beyond it nothing can be drawn.
const limited = (value: unknown): number => Math.max(-1e15, Math.min(1e15, asNumber(value)));

export const isShare = (measure: string): boolean => !UNITS.has(measure);

export function told(measure: string, value: number, plus = ""): string {
  const word = UNITS.get(measure)?.(Math.abs(value)) ?? `${(100 * Math.abs(value)).toFixed(1)} %`;
  return (value < 0 ? "\u2212" : value > 0 ? plus : "") + word;
}

export const interval = (measure: string, { low, high, hasInterval }: Figure, plus = ""): string =>
  hasInterval ? `${told(measure, low, plus)} to ${told(measure, high, plus)}` : "no interval";

export const isSure = (gap: Figure): boolean => gap.hasInterval && (gap.low > 0 || gap.high < 0);

export function evaluationOf(data: Json) {
  const candidates = asList(data.candidates).map(asObject).map(candidateOf);
  const lines = new Set(candidates.flatMap((each) => each.rounds.flatMap((round) => [...round.keys()])));
  return {
    dataset: asText(data.dataset), items: asNumber(data.items), rounds: asNumber(data.rounds) || 1, verdicts: asList(data.verdicts).map(asText),
    candidates, measures: [...new Set([...Object.keys(asObject(data.measures)), ...candidates.flatMap((each) => [...each.figures.keys()])])], lines: [...lines].sort((a, b) => a - b),
    // What says how good a run is, and not how it came about or what it took.
    qualities: [...mapOf(data.measures, asObject)].flatMap(([name, { kind }]) => (kind === "quality" ? [name] : [])),
  };
}

function candidateOf(data: Json) {
  const figuresOf = (figures: unknown): Map<string, Figure> => mapOf(figures, figureOf);
  return {
    name: asText(data.name), graph: asText(data.graph), models: asList(data.models).map(asText), failed: asNumber(data.failed),
    figures: figuresOf(data.figures), differences: figuresOf(data.differences), times: figuresOf(data.times), groups: mapOf(data.groups, figuresOf),
    latency: [...mapOf(data.latency, asNumber)], spreads: [...mapOf(data.spreads, asObject)],
    // The results of each round, by the items' lines.
    rounds: [data.results, ...asList(data.again)].map((results) => new Map(asList(results).map(asObject).map((each) => [asNumber(each.line), resultOf(each)]))),
  };
}

function figureOf(data: unknown) {
  const { value, low, high, n, method } = asObject(data);
  return { value: limited(value), low: limited(low), high: limited(high), n: asNumber(n), hasInterval: method !== "none" };
}

const resultOf = (data: Json) => ({
  error: asText(data.error), ratios: mapOf(data.measures, asObject), notes: asList(data.notes).map(asText), output: data.output, thread: asText(data.thread),
});

const mapOf = <T>(data: unknown, read: (value: unknown) => T): Map<string, T> => new Map(Object.entries(asObject(data)).map(([name, value]) => [name, read(value)]));

// What all runs of an item add to a measure; a run that failed counts as wrong.
export function ofItem(candidate: Candidate, line: number, measure: string): [number, number] | undefined {
  let [hits, of] = [0, 0];
  for (const round of candidate.rounds) {
    const result = round.get(line);
    const ratio = result?.ratios.get(measure) ?? { hits: 0, of: result?.error && isShare(measure) ? 1 : 0 };
    [hits, of] = [hits + asNumber(ratio.hits), of + asNumber(ratio.of)];
  }
  return of ? [hits, of] : undefined;
}
