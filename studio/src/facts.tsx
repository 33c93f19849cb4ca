// The head of a run: what it is, how it stands, what it took.

import type { Run } from "./run.ts";
import type { Axis } from "./axis.ts";
import { counted, inWords } from "./listing.ts";
import { shown } from "./values.ts";
import { NOT_DONE, count, duration, money, plural, spaced } from "./words.ts";

export function verdict(run: Run): { word: string; tone: string } {
  const undone = run.rows.filter((row) => row.id && NOT_DONE.has(run.state(row))).length;
  if (run.status === "waiting") return { word: "waiting for a person", tone: "ask" };
  if (run.status === "running") return { word: "running", tone: "run" };
  if (run.status !== "done") return { word: spaced(run.status), tone: "bad" };
  return undone ? { word: `finished, ${plural(undone, "task")} not done`, tone: "bad" } : { word: "finished", tone: "good" };
}

function Fact({ name, value }: { name: string; value: string }) { return <div class="fact"><dt>{name}</dt><dd>{value}</dd></div>; }

export function Facts({ run, axis, now }: { run: Run; axis: Axis; now: number }) {
  const tasks = run.rows.filter((row) => row.id);
  const lost = run.cost ? ` (${Math.round((run.lost / run.cost) * 100)} %)` : "";
  const most = Number(asMoney(run.started.context));
  return (
    <dl class="facts">
      <Fact name={tasks.length ? "Tasks" : "Steps"} value={inWords(counted(run, tasks.length ? tasks : run.rows))} />
      <Fact name="Wall" value={duration(now - run.start)} />
      <Fact name="of it at work" value={duration(axis.atWork)} />
      <Fact name="Requests" value={`${count(run.requests)}${run.again ? ` (${count(run.again)} again)` : ""}`} />
      <Fact name="Tokens" value={`${count(run.input)} in, ${count(run.output)} out`} />
      <Fact name="Cost" value={`${run.unknown ? (run.cost ? `${money(run.cost)} and an unknown part` : "unknown") : money(run.cost)}${most ? ` of ${money(most)}` : ""}`} />
      <Fact name="of it for answers nobody could use" value={money(run.lost) + lost} />
      {most > 0 && <meter aria-label="budget" min={0} max={most} high={most * 0.8} value={run.cost} />}
    </dl>
  );
}

const asMoney = (context: unknown): unknown =>
  typeof context === "object" && context !== null ? ((context as { max_cost_usd?: unknown }).max_cost_usd ?? 0) : 0;

export function Head({ run }: { run: Run }) {
  const { word, tone } = verdict(run);
  const { graph, thread, run: id, owner } = run.started;
  return (
    <>
      <h1>{shown(graph, 60) || "a run"}</h1>
      <span class="quiet">{thread ? `thread ${shown(thread, 60)}, ` : ""}run {shown(id, 12)}{owner ? `, by ${shown(owner, 40)}` : ""}</span>
      <span class={`badge ${tone}`}>{shown(word, 60)}</span>
      {run.dropped > 0 && <span class="badge bad">{count(run.dropped)} events are missing from this log</span>}
    </>
  );
}
