// Files that are dropped here are read in the browser; nothing is sent. Two are compared.

import { useState } from "preact/hooks";
import { Compared } from "./compare.tsx";
import { runOf, type Run } from "./run.ts";
import { RunPage } from "./run_page.tsx";
import { openAny, save, type OpenedRun } from "./unpack.ts";
import { shown } from "./values.ts";

type Opened = OpenedRun & { run: Run };

export function FileDrop() {
  const [opened, setOpened] = useState<Opened[]>([]);
  const [problem, setProblem] = useState("");
  const take = async (files: Iterable<File>): Promise<void> => {
    setProblem("");
    const read = await Promise.all([...files].slice(0, 2).map(async (file) => openAny(new Uint8Array(await file.arrayBuffer()))));
    setOpened([...opened, ...read.map((each) => ({ ...each, run: runOf(each.events) }))].slice(-2));
  };
  const taken = (files: FileList | null | undefined): void => {
    if (files?.length) take(files).catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
  };
  const [first, second] = opened;
  if (first && second) return <main class="plain"><Compared sides={[first, second]} /></main>;
  const drop = (
    <div class="drop" onDragOver={(event) => event.preventDefault()} onDrop={(event) => { event.preventDefault(); taken(event.dataTransfer?.files); }}>
      <label>Drop a .fanrun file or a report here, or choose one: <input type="file" accept=".fanrun,.html" multiple onChange={(event) => taken(event.currentTarget.files)} /></label>
      <p class="quiet">It is read in this browser, and nothing is sent. Of two files the runs are compared.</p>
      {problem && <p class="problem" role="alert">This cannot be read: {shown(problem, 300)}</p>}
    </div>
  );
  if (!first) return <main class="plain"><h1>Open a file</h1>{drop}</main>;
  return <RunPage events={first.events} run={first.run} contents={first.contents} now={first.run.last} onSave={() => save("run.fanrun", first.file as BlobPart)} />;
}
