// What was in a file, or in the page itself: a run, or an evaluation.

import { useMemo } from "preact/hooks";
import { EvaluationPage } from "./evaluation_page.tsx";
import { runOf } from "./run.ts";
import { RunPage } from "./run_page.tsx";
import { save, type Opened, type OpenedRun } from "./unpack.ts";
import { asText, shown } from "./values.ts";

export function OpenedPage({ opened }: { opened: Opened }) {
  if ("run" in opened) return <OpenedRunPage opened={opened.run} />;
  document.title = `evaluation of ${shown(opened.evaluation.dataset, 60)}`;
  return <main class="plain"><EvaluationPage data={opened.evaluation} /></main>;
}

function OpenedRunPage({ opened: { events, contents, file } }: { opened: OpenedRun }) {
  const run = useMemo(() => runOf(events), [events]);
  document.title = `${shown(run.started.graph, 60)} ${shown(run.started.run, 12)}`;
  const name = asText(run.started.run).replace(/[^\w-]/g, "_").slice(0, 60) || "run";
  return <RunPage events={events} run={run} contents={contents} now={run.last} onSave={() => save(`${name}.fanrun`, file as BlobPart)} />;
}
