// All runs, those that wait for a person first.

import { useState } from "preact/hooks";
import type { Client, Summary } from "./client.ts";
import { Columns, Problem, Select, useAsked } from "./parts.tsx";
import { shown } from "./values.ts";
import { count, duration, money } from "./words.ts";

const PAGE = 50;
const AGAIN_MS = 3000;
const STATUSES = ["", "running", "waiting", "done", "failed", "stopped"];

export function RunList({ client }: { client: Client }) {
  const [graph, setGraph] = useState("");
  const [status, setStatus] = useState("");
  const [text, setText] = useState("");
  const [befores, setBefores] = useState<number[]>([]);
  const [picked, pick] = useState<string[]>([]);
  const wanted = new URLSearchParams({ limit: String(PAGE), ...(graph && { graph }), ...(status && { status }), ...(befores.length && { before: String(befores.at(-1)) }) });
  const { found: runs, problem } = useAsked(() => client.get<Summary[]>(`/studio/api/runs?${wanted}`), [client, `${wanted}`], AGAIN_MS);
  if (!runs) return problem ? <Problem said={problem} /> : <p>Reading the runs ...</p>;
  const words = text.toLowerCase();
  const found = runs.filter((run) => `${run.graph} ${run.thread} ${run.run} ${run.owner}`.toLowerCase().includes(words));
  const waiting = found.filter((run) => run.status === "waiting");
  const graphs = [...new Set(["", ...runs.map((run) => run.graph), graph])].slice(0, 100);
  const toggle = (run: string): void => pick(picked.includes(run) ? picked.filter((each) => each !== run) : [...picked, run].slice(-2));
  const last = runs.at(-1);
  return (
    <>
      <h1>Runs</h1>
      <form class="bar-of-filters" onSubmit={(event) => event.preventDefault()}>
        <Select label="Graph" value={graph} among={graphs} onChoose={setGraph} />
        <Select label="Status" value={status} among={STATUSES} onChoose={setStatus} />
        <label>Search <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} /></label>
        {picked.length === 2 ? <a href={`/studio/compare?a=${picked[0]}&b=${picked[1]}`}>Compare the two</a> : <span class="quiet">choose two to compare</span>}
      </form>
      {waiting.length > 0 && <><h2>Waiting for a person</h2><Runs runs={waiting} picked={picked} onPick={toggle} /></>}
      <h2>All</h2>
      {found.length ? <Runs runs={found.filter((run) => run.status !== "waiting")} picked={picked} onPick={toggle} /> : <p>No runs yet: their logs are kept where their threads are.</p>}
      <p>
        <button type="button" disabled={!befores.length} onClick={() => setBefores(befores.slice(0, -1))}>Newer</button>{" "}
        <button type="button" disabled={runs.length < PAGE} onClick={() => last && setBefores([...befores, last.started])}>Older</button>
      </p>
    </>
  );
}

function Runs({ runs, picked, onPick }: { runs: Summary[]; picked: string[]; onPick: (run: string) => void }) {
  return (
    <table>
      <Columns names={["", "graph", "thread", "status", "done", "not done", "cost", "wall", "began", "who"]} />
      <tbody>
        {runs.map((run) => {
          const done = run.outcomes.done ?? 0;
          const undone = Object.values(run.outcomes).reduce((sum, each) => sum + each, 0) - done;
          return (
            <tr key={run.run}>
              <td><input type="checkbox" aria-label={`compare ${shown(run.graph, 40)} ${run.run}`} checked={picked.includes(run.run)} onChange={() => onPick(run.run)} /></td>
              <td><a href={`/studio/runs/${encodeURIComponent(run.run)}`}>{shown(run.graph, 60) || "a run"}</a></td><td>{shown(run.thread, 60)}</td>
              <td>{run.status === "waiting" ? `? waiting (${run.waiting.length})` : shown(run.status, 30)}{run.error ? `: ${shown(run.error, 100)}` : ""}</td>
              <td>{count(done)}{run.planned ? ` of ${count(run.planned)}` : ""}</td><td>{undone ? count(undone) : ""}</td><td>{money(run.cost_usd)}</td>
              <td>{duration(run.changed - run.started)}</td><td>{new Date(run.started).toLocaleString()}</td><td>{shown(run.owner, 40)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
