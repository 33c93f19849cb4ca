// Two runs side by side: tasks that belong together, what they cost, how long they took, and the graph with both.

import { useEffect, useState } from "preact/hooks";
import type { Client } from "./client.ts";
import { Content, type Contents } from "./content.tsx";
import { verdict } from "./facts.tsx";
import { GraphView } from "./graph_view.tsx";
import { pairs } from "./pairing.ts";
import { runOf, type Row, type Run } from "./run.ts";
import { eventsOf } from "./unpack.ts";
import { shown } from "./values.ts";
import { count, duration, money, wordOf } from "./words.ts";

export interface Side { run: Run; contents: Contents }
const PAGE = 100;

export function Compare({ client, ids }: { client: Client; ids: [string, string] }) {
  const [sides, setSides] = useState<[Side, Side] | undefined>();
  const [problem, setProblem] = useState("");
  useEffect(() => {
    Promise.all(ids.map((id) => sideOf(client, id))).then(([a, b]) => a && b && setSides([a, b]), (error: Error) => setProblem(error.message));
  }, [client, ids.join()]);
  if (problem) return <p class="problem" role="alert">{shown(problem, 400)}</p>;
  return sides ? <Compared sides={sides} /> : <p>Reading both runs ...</p>;
}

async function sideOf(client: Client, id: string): Promise<Side> {
  const path = `/studio/api/runs/${encodeURIComponent(id)}`;
  const events = eventsOf(await client.text(`${path}/events`));
  return { run: runOf(events), contents: { get: (hash) => client.text(`${path}/blocks/${encodeURIComponent(hash)}`) } };
}

export function Compared({ sides: [a, b] }: { sides: [Side, Side] }) {
  const [page, setPage] = useState(0);
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
        <thead><tr><td /><th scope="col">{shown(a.run.started.run, 16)}</th><th scope="col">{shown(b.run.started.run, 16)}</th></tr></thead>
        <tbody>{facts.map(([name, tell]) => <tr key={name}><th scope="row">{name}</th><td>{tell(a.run)}</td><td>{tell(b.run)}</td></tr>)}</tbody>
      </table>
      <GraphView run={a.run} other={b.run} width={1050} />
      <h2>Tasks</h2>
      <table>
        <thead><tr><th scope="col">task</th>{["first", "second"].flatMap((side) => ["state", "cost", "time"].map((what) => <th scope="col" key={side + what}>{what}, {side}</th>))}</tr></thead>
        <tbody>{rows.slice(page * PAGE, (page + 1) * PAGE).map(([left, right], key) => <Pair key={key} left={left} right={right} a={a} b={b} />)}</tbody>
      </table>
      {rows.length > PAGE && (
        <p><button type="button" disabled={!page} onClick={() => setPage(page - 1)}>Before</button> {count(page * PAGE + 1)} of {count(rows.length)}{" "}
          <button type="button" disabled={(page + 1) * PAGE >= rows.length} onClick={() => setPage(page + 1)}>After</button></p>
      )}
    </>
  );
}

function Pair({ left, right, a, b }: { left?: Row; right?: Row; a: Side; b: Side }) {
  const [isOpen, setOpen] = useState(false);
  const named = left ?? right;
  const cells = (row: Row | undefined, run: Run) => row
    ? <><td>{wordOf(run.state(row))}</td><td>{money(row.unknown && !row.cost ? null : row.cost)}</td><td>{duration(row.began ? (row.over ?? run.last) - row.began : 0)}</td></>
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
