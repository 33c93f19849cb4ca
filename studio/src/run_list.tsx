// All runs, those that wait for a person first.

import { useState } from "preact/hooks";
import type { Client, Summary } from "./client.ts";
import { Asked, Select, Table } from "./parts.tsx";
import { count, duration, money, shown } from "./words.ts";

const PAGE = 50, AGAIN_MS = 3000;
const STATUSES = ["", "running", "waiting", "done", "failed", "stopped"];

export function RunList({ client }: { client: Client }) {
  const [graph, setGraph] = useState("");
  const [status, setStatus] = useState("");
  const [text, setText] = useState("");
  const [befores, setBefores] = useState<number[]>([]);
  const [picked, pick] = useState<string[]>([]);
  const wanted = new URLSearchParams({ limit: String(PAGE), ...(graph && { graph }), ...(status && { status }), ...(befores.length && { before: String(befores.at(-1)) }) });
  const isFound = (run: Summary): boolean => `${run.graph} ${run.thread} ${run.run} ${run.owner}`.toLowerCase().includes(text.toLowerCase());
  const toggle = (run: string): void => pick(picked.includes(run) ? picked.filter((each) => each !== run) : [...picked, run].slice(-2));
  const list = (runs: Summary[]) => <Runs runs={runs.filter(isFound)} picked={picked} onPick={toggle} />;
  return (
    <Asked ask={() => client.get<Summary[]>(`/studio/api/runs?${wanted}`)} about={[client, `${wanted}`]} everyMs={AGAIN_MS}>
      {(runs) => (
        <>
          <h1>Runs</h1>
          <form class="bar-of-filters" onSubmit={(event) => event.preventDefault()}>
            <Select label="Graph" value={graph} among={[...new Set(["", ...runs.map((run) => run.graph), graph])].slice(0, 100)} onChoose={setGraph} />
            <Select label="Status" value={status} among={STATUSES} onChoose={setStatus} />
            <label>Search <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} /></label>
            {picked.length === 2 ? <a href={`/studio/compare?a=${picked[0]}&b=${picked[1]}`}>Compare the two</a> : <span class="quiet">choose two to compare</span>}
          </form>
          {runs.some((run) => run.status === "waiting") && <><h2>Waiting for a person</h2>{list(runs.filter((run) => run.status === "waiting"))}</>}
          <h2>All</h2>
          {runs.length ? list(runs) : <p>No runs yet: their logs are kept where their threads are.</p>}
          <p>
            <button type="button" disabled={!befores.length} onClick={() => setBefores(befores.slice(0, -1))}>Newer</button>{" "}
            <button type="button" disabled={runs.length < PAGE} onClick={() => setBefores([...befores, runs.at(-1)?.started ?? 0])}>Older</button>
          </p>
        </>
      )}
    </Asked>
  );
}

const Runs = ({ runs, picked, onPick }: { runs: Summary[]; picked: string[]; onPick: (run: string) => void }) => (
  <Table columns={["", "graph", "thread", "status", "#done", "#not done", "#cost", "#wall", "began", "who"]} lines={runs.map((run) => {
    const done = run.outcomes.done ?? 0, undone = Object.values(run.outcomes).reduce((sum, each) => sum + each, 0) - done;
    return [
      <input type="checkbox" aria-label={`compare ${shown(run.graph, 40)} ${run.run}`} checked={picked.includes(run.run)} onChange={() => onPick(run.run)} />,
      <a href={`/studio/runs/${encodeURIComponent(run.run)}`}>{shown(run.graph, 60) || "a run"}</a>, shown(run.thread, 60),
      (run.status === "waiting" ? `? waiting (${run.waiting.length})` : shown(run.status, 30)) + (run.error ? `: ${shown(run.error, 100)}` : ""),
      count(done) + (run.planned ? ` of ${count(run.planned)}` : ""), undone ? count(undone) : "", money(run.cost_usd), duration(run.changed - run.started),
      new Date(run.started).toLocaleString(), shown(run.owner, 40),
    ];
  })} />
);
