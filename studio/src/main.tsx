// Where the page begins: with a run or an evaluation inside it, it shows that; else it asks the server that it came from.

import { render } from "preact";
import { OpenedPage } from "./opened_file.tsx";
import { Problem, messageOf } from "./parts.tsx";
import { StudioPage } from "./studio_page.tsx";
import { openEmbedded } from "./unpack.ts";

const root = document.getElementById("studio");
const embedded = document.querySelector("#run, #evaluation");

async function begin(into: HTMLElement): Promise<void> {
  const opened = embedded && (await openEmbedded(embedded.id, embedded.textContent ?? ""));
  into.replaceChildren();
  render(opened ? <OpenedPage opened={opened} /> : <StudioPage />, into);
  into.dataset.ready = String(Math.ceil(performance.now()));
}

if (root) begin(root).catch((error: unknown) => render(<Problem said={`This cannot be shown: ${messageOf(error)}`} />, root));
