// Files that are dropped here are read in the browser; nothing is sent. Of two runs are compared.

import { useMemo, useState } from "preact/hooks";
import { Compared, type Side } from "./compare.tsx";
import { EvaluationPage } from "./evaluation_page.tsx";
import { Problem, messageOf } from "./parts.tsx";
import { runOf } from "./run.ts";
import { RunPage } from "./run_page.tsx";
import { openAny, save, type Opened, type OpenedRun } from "./unpack.ts";
import { asText, shown } from "./words.ts";

export function FileDrop() {
  const [opened, setOpened] = useState<Opened[]>([]);
  const [problem, setProblem] = useState("");
  const take = (files: FileList | null | undefined): void => {
    const read = [...(files ?? [])].slice(0, 2).map(async (file) => openAny(new Uint8Array(await file.arrayBuffer())));
    Promise.all(read).then(setOpened, (error: unknown) => setProblem(`This cannot be read: ${messageOf(error)}`));
  };
  const [first, second] = opened.flatMap((each): Side[] => ("run" in each ? [{ run: runOf(each.run.events), contents: each.run.contents }] : []));
  if (first && second) return <main class="plain"><Compared sides={[first, second]} /></main>;
  if (opened[0]) return <OpenedPage opened={opened[0]} />;
  return (
    <main class="plain">
      <h1>Open a file</h1>
      <div class="drop" onDragOver={(event) => event.preventDefault()} onDrop={(event) => { event.preventDefault(); take(event.dataTransfer?.files); }}>
        <label>Drop a .fanrun file, a report or an evaluation here, or choose one: <input type="file" accept=".fanrun,.html,.json" multiple onChange={(event) => take(event.currentTarget.files)} /></label>
        <p class="quiet">It is read in this browser, and nothing is sent. Two runs are compared.</p>
        <Problem said={problem} />
      </div>
    </main>
  );
}

// What was in a file, or in the page itself.
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
