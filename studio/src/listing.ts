// Which rows the page lists, in which order, and what it says of them.

import type { Group, Row, Run } from "./run.ts";
import { NOT_DONE, STATES, count, duration, money, plural, signOf, spaced, wordOf, type State } from "./words.ts";

const WANTED = {
  all: () => true,
  "not done": (run: Run, row: Row) => NOT_DONE.has(run.state(row)),
  asking: (_: Run, row: Row) => row.asking > 0,
  running: (run: Run, row: Row) => ["running", "waiting"].includes(run.state(row)),
  "tried again": (_: Run, row: Row) => row.attempts.length > 1,
};
const FIRST = { plan: () => 0, longest: (row: Row, now: number) => took(row, now), cost: (row: Row) => row.cost };
export type Filter = keyof typeof WANTED;
export type Order = keyof typeof FIRST;
export const FILTERS = Object.keys(WANTED) as Filter[];
export const ORDERS = Object.keys(FIRST) as Order[];

export interface Item { group?: Group; row?: Row; size: number }

export function listed(run: Run, filter: Filter, order: Order, search: string, folded: ReadonlySet<string>, now: number): Item[] {
  const words = search.toLowerCase();
  const rows = run.rows.filter((row) => WANTED[filter](run, row) && `${row.id} ${row.title} ${row.worker}`.toLowerCase().includes(words));
  const items: Item[] = [];
  for (const group of inOrder(run)) {
    const own = rows.filter((row) => row.group === group.key).sort((a, b) => FIRST[order](b, now) - FIRST[order](a, now));
    if (!own.length && filter + search !== "all") continue;
    items.push({ group, size: own.length });
    if (!folded.has(group.key)) for (const row of own) items.push({ row, size: 1 });
  }
  return items;
}

function inOrder(run: Run): Group[] {
  const place = (group: Group): number => (group.key === "plan" ? 0 : group.key === "reply" ? 2 : 1);
  const groups = run.groups.length === 1 && run.groups[0]?.key === "plan" ? [{ key: "plan", title: "Steps" }] : run.groups;
  return [...groups].sort((a, b) => place(a) - place(b));
}

// Null where all that was paid is unknown.
export const costOf = (of: Row | Run): number | null => (of.unknown && !of.cost ? null : of.cost);
export const took = (row: Row, now: number): number => (row.began ? (row.over ?? now) - row.began : 0);

// How many rows are in each state, the worst first.
export function counted(run: Run, rows: Iterable<Row>): [State, number][] {
  const counts = new Map<State, number>();
  for (const row of rows) counts.set(run.state(row), (counts.get(run.state(row)) ?? 0) + 1);
  return STATES.flatMap((state) => (counts.has(state) ? [[state, counts.get(state) ?? 0] as [State, number]] : []));
}

export const inWords = (counts: [State, number][]): string =>
  counts.toReversed().map(([state, number]) => `${count(number)} ${wordOf(state)}`).join(", ") || "none";

export const inSigns = (counts: [State, number][]): string =>
  counts.toReversed().filter(([state]) => state !== "planned").map(([state, number]) => signOf(state) + number).join(" ");

// Why a task is not done, in a sentence.
export function reasonOf(run: Run, row: Row): string {
  const said = typeof row.error.message === "string" ? row.error.message : "";
  return said || (run.state(row) === "unfinished" ? "the run ended before it" : row.attempts.at(-1)?.message || "no reason was written down");
}

export function chainOf(row: Row): string {
  return row.attempts.slice(0, 20).map((each) => {
    const why = each.why === "first" ? "" : `${each.why}, `;
    return `attempt ${each.n} (${why}${each.model}) ended in ${(each.outcome || "nothing yet").replaceAll("_", " ")}`;
  }).join("; ");
}

const HELPS = new Map<unknown, string>([[true, "The same task can succeed later: run it again."], [false, "Run again as it is, it would end the same way."]]);
export const helps = (row: Row): string => HELPS.get(row.error.retryable) ?? "";

export function labelOf(run: Run, row: Row, now: number): string {
  const state = run.state(row);
  const facts = [row.attempts.length > 1 && plural(row.attempts.length, "attempt"), row.began && duration(took(row, now)), row.attempts.length && money(costOf(row))];
  const why = NOT_DONE.has(state) ? `: ${reasonOf(run, row).slice(0, 200)}` : "";
  return `${row.id && `${row.id}, `}${row.title}: ${[wordOf(state), ...facts.filter(Boolean)].join(", ")}${why}`;
}

// How a run stands, in words, and whether that is good.
export function verdict(run: Run): { word: string; tone: string } {
  const undone = run.rows.filter((row) => row.id && NOT_DONE.has(run.state(row))).length;
  if (run.status === "waiting") return { word: "waiting for a person", tone: "ask" };
  if (run.status === "running") return { word: "running", tone: "run" };
  if (run.status !== "done") return { word: spaced(run.status), tone: "bad" };
  return undone ? { word: `finished, ${plural(undone, "task")} not done`, tone: "bad" } : { word: "finished", tone: "good" };
}
