// Two runs side by side: tasks that belong together, what they cost, how long they took, and the graph with both.

import { useState } from "preact/hooks";
import type { Client } from "./client.ts";
import { Content, type Contents } from "./content.tsx";
import { verdict } from "./facts.tsx";
import { GraphView } from "./graph_view.tsx";
import { costOf } from "./listing.ts";
import { pairs } from "./pairing.ts";
import { Columns, Pages, Problem, useAsked } from "./parts.tsx";
import { runOf, type Row, type Run } from "./run.ts";
import { eventsOf } from "./unpack.ts";
import { shown } from "./values.ts";
import { count, duration, money, wordOf } from "./words.ts";

export interface Side { run: Run; contents: Contents }
const PAGE = 100;

export function Compare({ client, ids }: { client: Client; ids: [string, string] }) {
  const { found, problem } = useAsked(() => Promise.all([sideOf(client, ids[0]), sideOf(client, ids[1])]), [client, ...ids]);
  return found ? <Compared sides={found} /> : <p>Reading both runs ... <Problem said={problem} /></p>;
}

async function sideOf(client: Client, id: string): Promise<Side> {
  const path = `/studio/api/runs/${encodeURIComponent(id)}`;
  const events = eventsOf(await client.text(`${path}/events`));
  return { run: runOf(events), contents: { get: (hash) => client.text(`${path}/blocks/${encodeURIComponent(hash)}`) } };
}

export function Compared({ sides: [a, b] }: { sides: [Side, Side] }) {
  const [first, turn] = useState(0);
  const rows = pairs(a.run, b.run);
  const facts: [string, (run: Run) => string][] = [
    ["graph", (run) => shown(run.started.graph, 60)], ["ended", (run) => verdict(run).word], ["wall", (run) => duration(run.last - run.start)],
    ["requests", (run) => `${count(run.requests)} (${count(run.again)} again)`], ["tokens", (run) => `${count(run.input)} in, ${count(run.output)} out`],
    ["cost", (run) => money(run.unknown && !run.cost ? null : run.cost)], ["lost", (run) => money(run.lost)],
  ];
  return (
    <>
      <h1>Two runs</h1>
      <table>
        <Columns names={["", ...[a, b].map(({ run }) => shown(run.started.run, 16))]} />
        <tbody>{facts.map(([name, tell]) => <tr key={name}><th scope="row">{name}</th><td>{tell(a.run)}</td><td>{tell(b.run)}</td></tr>)}</tbody>
      </table>
      <GraphView run={a.run} other={b.run} width={1050} />
      <h2>Tasks</h2>
      <table>
        <Columns names={["task", ...["first", "second"].flatMap((side) => ["state", "cost", "time"].map((what) => `${what}, ${side}`))]} />
        <tbody>{rows.slice(first, first + PAGE).map(([left, right], key) => <Pair key={key} left={left} right={right} a={a} b={b} />)}</tbody>
      </table>
      <Pages first={first} size={PAGE} of={rows.length} onTurn={turn} />
    </>
  );
}

function Pair({ left, right, a, b }: { left?: Row; right?: Row; a: Side; b: Side }) {
  const [isOpen, setOpen] = useState(false);
  const named = left ?? right;
  const cells = (row: Row | undefined, run: Run) => row
    ? <><td>{wordOf(run.state(row))}</td><td>{money(costOf(row))}</td><td>{duration(row.began ? (row.over ?? run.last) - row.began : 0)}</td></>
    : <td colSpan={3} class="quiet">not in this run</td>;
  const answer = (row: Row | undefined, side: Side) => {
    const hash = row?.attempts.at(-1)?.answer;
    return <td colSpan={3}>{hash ? <Content contents={side.contents} hash={hash} label="answer" /> : <span class="quiet">no answer</span>}</td>;
  };
  return (
    <>
      <tr class={left && right && a.run.state(left) !== b.run.state(right) ? "chosen" : ""}>
        <th scope="row"><button type="button" class="link" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>{shown(named?.id, 20)} {shown(named?.title, 80)}</button></th>
        {cells(left, a.run)}{cells(right, b.run)}
      </tr>
      {isOpen && <tr><th scope="row">answers</th>{answer(left, a)}{answer(right, b)}</tr>}
    </>
  );
}
