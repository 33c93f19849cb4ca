// Files that are dropped here are read in the browser; nothing is sent. Of two runs are compared.

import { useState } from "preact/hooks";
import { Compared, type Side } from "./compare.tsx";
import { OpenedPage } from "./opened_page.tsx";
import { Problem, messageOf } from "./parts.tsx";
import { runOf } from "./run.ts";
import { openAny, type Opened } from "./unpack.ts";

export function FileDrop() {
  const [opened, setOpened] = useState<Opened[]>([]);
  const [problem, setProblem] = useState("");
  const take = async (files: FileList): Promise<void> => {
    setProblem("");
    setOpened(await Promise.all([...files].slice(0, 2).map(async (file) => openAny(new Uint8Array(await file.arrayBuffer())))));
  };
  const taken = (files: FileList | null | undefined): void => {
    if (files?.length) take(files).catch((error: unknown) => setProblem(`This cannot be read: ${messageOf(error)}`));
  };
  const [first, second] = opened.flatMap((each): Side[] => ("run" in each ? [{ run: runOf(each.run.events), contents: each.run.contents }] : []));
  if (first && second) return <main class="plain"><Compared sides={[first, second]} /></main>;
  if (opened[0]) return <OpenedPage opened={opened[0]} />;
  return (
    <main class="plain">
      <h1>Open a file</h1>
      <div class="drop" onDragOver={(event) => event.preventDefault()} onDrop={(event) => { event.preventDefault(); taken(event.dataTransfer?.files); }}>
        <label>Drop a .fanrun file, a report or an evaluation here, or choose one: <input type="file" accept=".fanrun,.html,.json" multiple onChange={(event) => taken(event.currentTarget.files)} /></label>
        <p class="quiet">It is read in this browser, and nothing is sent. Two runs are compared.</p>
        <Problem said={problem} />
      </div>
    </main>
  );
}
