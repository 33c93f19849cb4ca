// Two runs side by side: tasks that belong together, what they cost, how long they took, and the graph with both.

import { useState } from "preact/hooks";
import type { Client } from "./client.ts";
import { Asked, Content, type Contents, Pages, Table } from "./parts.tsx";
import { GraphView } from "./graph_view.tsx";
import { costOf, verdict } from "./listing.ts";
import { runOf, type Row, type Run } from "./run.ts";
import { eventsOf } from "./unpack.ts";
import { count, duration, money, shown, wordOf } from "./words.ts";

export interface Side { run: Run; contents: Contents }
const PAGE = 100;

export const Compare = ({ client, ids }: { client: Client; ids: [string, string] }) => (
  <Asked ask={() => Promise.all([sideOf(client, ids[0]), sideOf(client, ids[1])])} about={[client, ...ids]}>{(sides) => <Compared sides={sides} />}</Asked>
);

async function sideOf(client: Client, id: string): Promise<Side> {
  const events = eventsOf(await client.text(`/studio/api/runs/${encodeURIComponent(id)}/events`));
  return { run: runOf(events), contents: client.contents(encodeURIComponent(id)) };
}

const FACTS: [string, (run: Run) => string][] = [
  ["graph", (run) => shown(run.started.graph, 60)], ["ended", (run) => verdict(run).word], ["wall", (run) => duration(run.last - run.start)],
  ["requests", (run) => `${count(run.requests)} (${count(run.again)} again)`], ["tokens", (run) => `${count(run.input)} in, ${count(run.output)} out`],
  ["cost", (run) => money(costOf(run))], ["lost", (run) => money(run.lost)],
];

export function Compared({ sides: [a, b] }: { sides: [Side, Side] }) {
  const [first, turn] = useState(0);
  const rows = pairs(a.run, b.run);
  const seen = rows.slice(first, first + PAGE);
  const cells = (row: Row | undefined, { run }: Side): string[] =>
    row ? [wordOf(run.state(row)), money(costOf(row)), duration(row.began ? (row.over ?? run.last) - row.began : 0)] : ["not in this run", "", ""];
  const lines = seen.map(([left, right]) => [`${shown((left ?? right)?.id, 20)} ${shown((left ?? right)?.title, 80)}`, ...cells(left, a), ...cells(right, b)]);
  const differs = (place: number): boolean => { const [left, right] = seen[place] ?? []; return left && right ? a.run.state(left) !== b.run.state(right) : false; };
  const answers = (place: number) => <div class="beside"><Answer row={seen[place]?.[0]} side={a} word="first" /><Answer row={seen[place]?.[1]} side={b} word="second" /></div>;
  return (
    <>
      <h1>Two runs</h1>
      <Table columns={["!", ...[a, b].map(({ run }) => shown(run.started.run, 16))]} lines={FACTS.map(([name, tell]) => [name, tell(a.run), tell(b.run)])} />
      <GraphView run={a.run} other={b.run} width={1050} />
      <h2>Tasks</h2>
      <Table key={first} columns={["!task", ...["first", "second"].flatMap((side) => ["state", "cost", "time"].map((what) => `${what}, ${side}`))]}
        lines={lines} isChosen={differs} below={answers} />
      <Pages first={first} size={PAGE} of={rows.length} onTurn={turn} />
    </>
  );
}

function Answer({ row, side, word }: { row: Row | undefined; side: Side; word: string }) {
  const hash = row?.attempts.at(-1)?.answer;
  return row && hash ? <Content contents={side.contents} hash={hash} label={`answer to ${shown(row.id || row.title, 40)}, ${word}`} /> : <span class="quiet">no answer</span>;
}

// Which tasks belong together: those of one id, else of one title.
function pairs(a: Run, b: Run): [Row | undefined, Row | undefined][] {
  const byId = new Map(b.rows.map((row) => [row.id || row.key, row]));
  const byTitle = new Map(b.rows.map((row) => [row.title, row]));
  const left = new Set(b.rows);
  const found = a.rows.map((row): [Row, Row | undefined] => {
    const same = [byId.get(row.id || row.key), byTitle.get(row.title)].find((each) => each && left.has(each) && (each.title === row.title || !byTitle.has(row.title)));
    if (same) left.delete(same);
    return [row, same];
  });
  return [...found, ...[...left].map((row): [undefined, Row] => [undefined, row])];
}
