// Where the page begins: with a run inside it, it is a report; else it asks the server that it came from.

import { render } from "preact";
import { RunPage } from "./run_page.tsx";
import { runOf } from "./run.ts";
import { StudioPage } from "./studio_page.tsx";
import { openEmbedded, save } from "./unpack.ts";
import { asText, shown } from "./values.ts";

const root = document.getElementById("studio");
const embedded = document.getElementById("run");

async function showReport(into: HTMLElement, base64: string): Promise<void> {
  const { events, contents, file } = await openEmbedded(base64);
  into.replaceChildren();
  const run = runOf(events);
  document.title = `${shown(run.started.graph, 60)} ${shown(run.started.run, 12)}`;
  const name = asText(run.started.run).replace(/[^\w-]/g, "_").slice(0, 60) || "run";
  render(<RunPage events={events} run={run} contents={contents} now={run.last} onSave={() => save(`${name}.fanrun`, file as BlobPart)} />, into);
}

async function begin(into: HTMLElement): Promise<void> {
  if (embedded) await showReport(into, embedded.textContent ?? "");
  else render(<StudioPage />, into);
  into.dataset.ready = String(Math.ceil(performance.now()));
}

if (root) {
  begin(root).catch((error: unknown) => render(<p class="problem" role="alert">This cannot be shown: {shown(error instanceof Error ? error.message : error, 400)}</p>, root));
}
