// What `fanloom eval --json` prints, read as data that may be anything.

import { asList, asNumber, asObject, asText, type Json } from "./values.ts";
import { count, duration, money } from "./words.ts";

export interface Figure { value: number; low: number; high: number; n: number; hasInterval: boolean }
export type Figures = Map<string, Figure>;
export interface Result { error: string; ratios: Map<string, [number, number]>; notes: string[]; output: unknown; thread: string }
export interface Candidate {
  name: string; graph: string; models: string[]; failed: number; figures: Figures; differences: Figures;
  groups: Map<string, Figures>; latency: [string, number][]; spreads: [string, Json][];
  // The results of each round, by the items' lines.
  rounds: Map<number, Result>[];
}
export interface Evaluation {
  dataset: string; items: number; rounds: number; verdicts: string[]; candidates: Candidate[]; measures: string[]; shares: string[]; lines: number[];
}

const UNITS = new Map<string, (value: number) => string>([
  ["model calls", (value) => value.toFixed(1)], ["tokens in", count], ["tokens out", count],
  ["cost, US$", money], ["seconds", (value) => duration(value * 1000)],
]);

export function evaluationOf(data: Json): Evaluation {
  const candidates = asList(data.candidates).map(asObject).map(candidateOf);
  const measures = [...new Set(candidates.flatMap((each) => [...each.figures.keys()]))];
  const lines = new Set(candidates.flatMap((each) => each.rounds.flatMap((round) => [...round.keys()])));
  return {
    dataset: asText(data.dataset), items: asNumber(data.items), rounds: asNumber(data.rounds) || 1,
    verdicts: asList(data.verdicts).map(asText), candidates, measures, shares: measures.filter(isShare), lines: [...lines].sort((a, b) => a - b),
  };
}

export const isShare = (measure: string): boolean => !UNITS.has(measure);

export function told(measure: string, value: number): string {
  const word = UNITS.get(measure)?.(Math.abs(value)) ?? `${(100 * Math.abs(value)).toFixed(1)} %`;
  return value < 0 ? `\u2212${word}` : word;
}

export const signed = (measure: string, value: number): string => (value > 0 ? "+" : "") + told(measure, value);

export const isSure = (gap: Figure): boolean => gap.hasInterval && (gap.low > 0 || gap.high < 0);

function candidateOf(data: Json): Candidate {
  return {
    name: asText(data.name), graph: asText(data.graph), models: asList(data.models).map(asText), failed: asNumber(data.failed),
    figures: figuresOf(data.figures), differences: figuresOf(data.differences),
    groups: new Map(Object.entries(asObject(data.groups)).map(([name, figures]) => [name, figuresOf(figures)])),
    latency: Object.entries(asObject(data.latency)).map(([name, seconds]) => [name, asNumber(seconds)]),
    spreads: Object.entries(asObject(data.spreads)).map(([name, spread]) => [name, asObject(spread)]),
    rounds: [data.results, ...asList(data.again)].map((results) => new Map(asList(results).map(asObject).map((each) => [asNumber(each.line), resultOf(each)]))),
  };
}

function figuresOf(data: unknown): Figures {
  return new Map(Object.entries(asObject(data)).map(([name, each]) => {
    const { value, low, high, n, method } = asObject(each);
    return [name, { value: asNumber(value), low: asNumber(low), high: asNumber(high), n: asNumber(n), hasInterval: method !== "none" }];
  }));
}

function resultOf(data: Json): Result {
  const ratios = Object.entries(asObject(data.measures)).map(([name, ratio]): [string, [number, number]] => [name, [asNumber(asObject(ratio).hits), asNumber(asObject(ratio).of)]]);
  return { error: asText(data.error), ratios: new Map(ratios), notes: asList(data.notes).map(asText), output: data.output, thread: asText(data.thread) };
}

// What all runs of an item add to a measure; a run that failed counts as wrong.
export function ofItem(candidate: Candidate, line: number, measure: string): [number, number] | undefined {
  let [hits, of] = [0, 0];
  for (const round of candidate.rounds) {
    const result = round.get(line);
    const ratio = result?.ratios.get(measure) ?? (result?.error && isShare(measure) ? [0, 1] : [0, 0]);
    hits += ratio[0];
    of += ratio[1];
  }
  return of ? [hits, of] : undefined;
}
