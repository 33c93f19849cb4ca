// A run as it goes on: events come in as they are written, and the page is drawn ten times a second at most.

import { useEffect, useMemo, useState } from "preact/hooks";
import type { Client } from "./client.ts";
import { Problem } from "./parts.tsx";
import { Forks } from "./fork.tsx";
import { Run, type LogEvent, type Question } from "./run.ts";
import { RunPage } from "./run_page.tsx";
import { save } from "./unpack.ts";
import { asText } from "./words.ts";

const DRAW_MS = 100;

// Whether the server runs graphs, who answers what a run asks, and whether we may.
export interface Door { canAct: boolean; who: string; may: boolean }

export function LiveRun({ client, id, door }: { client: Client; id: string; door: Door }) {
  const held = useMemo(() => ({ run: new Run(), events: [] as LogEvent[], at: 0, isNew: false }), [id]);
  const [, draw] = useState(0);
  const [problem, setProblem] = useState("");
  const contents = useMemo(() => client.contents(id), [client, id]);
  useEffect(() => {
    const stop = new AbortController();
    const take = (events: LogEvent[]): void => {
      for (const event of events) held.run.take(event);
      held.events.push(...events);
      held.at = performance.now();
      held.isNew = true;
    };
    client.follow(id, take, stop.signal).catch((error: Error) => setProblem(error.message));
    const timer = setInterval(() => {
      if (!held.isNew && (held.run.isOver || !held.events.length)) return;
      held.isNew = false;
      draw((number) => number + 1);
    }, DRAW_MS);
    return () => { stop.abort(); clearInterval(timer); };
  }, [client, id, held]);
  const { run, events } = held;
  if (problem) return <main class="plain"><Problem said={problem} /></main>;
  if (!events.length) return <p class="plain">Reading the run ...</p>;
  const answer = (question: Question, value: unknown): Promise<void> => client.post(`/threads/${encodeURIComponent(asText(run.started.thread))}/runs`, {
    assistant_id: asText(run.started.graph), command: { resume: { [question.id]: value } }, context: run.started.context ?? null,
    durability: "async", multitask_strategy: "reject",
  });
  // The clock of the server and that of this machine may differ: time goes on from the newest event.
  const now = run.last + (held.at ? performance.now() - held.at : 0);
  const noFork = <p class="quiet">A run can be forked where its graph and the checkpoints of its thread are: by <code>fanloom studio</code> in its project, or on <code>fanloom dev</code>.</p>;
  const acts = door.canAct && run.started.thread ? { who: door.who, ...(door.may && { onAnswer: answer, forks: <Forks client={client} run={run} /> }) } : { forks: noFork };
  const report = async (): Promise<void> => save(`${id}.html`, await client.text(`/studio/api/runs/${id}/report`), "text/html");
  return <RunPage events={events} run={run} contents={contents} now={now} {...acts} saves="Save report" onSave={() => void report()} />;
}
