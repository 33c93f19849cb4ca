// Which rows the page lists, in which order, and what it says of them.

import type { Group, Row, Run } from "./run.ts";
import { NOT_DONE, STATES, count, duration, money, plural, signOf, wordOf, type State } from "./words.ts";

export const FILTERS = ["all", "not done", "asking", "running", "tried again"] as const;
export type Filter = (typeof FILTERS)[number];
export const ORDERS = ["plan", "longest", "cost"] as const;
export type Order = (typeof ORDERS)[number];

export interface Item { group?: Group; row?: Row; size: number }

export function listed(run: Run, filter: Filter, order: Order, search: string, folded: ReadonlySet<string>, now: number): Item[] {
  const words = search.toLowerCase();
  const rows = run.rows.filter((row) => isShown(run, row, filter) && (!words || textOf(row).includes(words)));
  const items: Item[] = [];
  for (const group of inOrder(run)) {
    const own = sorted(rows.filter((row) => row.group === group.key), order, now);
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

const textOf = (row: Row): string => `${row.id} ${row.title} ${row.worker}`.toLowerCase();

function isShown(run: Run, row: Row, filter: Filter): boolean {
  if (filter === "all") return true;
  if (filter === "tried again") return row.attempts.length > 1;
  const state = run.state(row);
  if (filter === "not done") return NOT_DONE.has(state);
  return filter === "asking" ? state === "asking" : state === "running" || state === "waiting";
}

function sorted(rows: Row[], order: Order, now: number): Row[] {
  if (order === "plan") return rows;
  const measure = order === "cost" ? (row: Row) => row.cost : (row: Row) => took(row, now);
  return rows.sort((a, b) => measure(b) - measure(a));
}

export const costOf = (row: Row): number | null => (row.unknown && !row.cost ? null : row.cost);
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

export function helps(row: Row): string {
  if (row.error.retryable === true) return "The same task can succeed later: run it again.";
  return row.error.retryable === false ? "Run again as it is, it would end the same way." : "";
}

export function labelOf(run: Run, row: Row, now: number): string {
  const state = run.state(row);
  const tries = row.attempts.length > 1 ? `, ${plural(row.attempts.length, "attempt")}` : "";
  const cost = row.attempts.length ? `, ${money(costOf(row))}` : "";
  const time = row.began ? `, ${duration(took(row, now))}` : "";
  const why = NOT_DONE.has(state) ? `: ${reasonOf(run, row).slice(0, 200)}` : "";
  return `${row.id ? `${row.id}, ` : ""}${row.title}: ${wordOf(state)}${tries}${time}${cost}${why}`;
}
