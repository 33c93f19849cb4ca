// The pages that a server has: which one the address names, and the key that they need.

import { useMemo, useState } from "preact/hooks";
import { Client, Refused } from "./client.ts";
import { Compare } from "./compare.tsx";
import { EvaluationList, KeptEvaluation } from "./evaluation_page.tsx";
import { FileDrop } from "./opened_file.tsx";
import { LiveRun, type Door } from "./live.tsx";
import { NewRun } from "./new_run.tsx";
import { Asked } from "./parts.tsx";
import { RunList } from "./run_list.tsx";
import { shown } from "./words.ts";

export function StudioPage() {
  const client = useMemo(() => new Client(), []);
  const [keys, setKeys] = useState(0);
  const parts = location.pathname.split("/").slice(2).map(decodeURIComponent);
  // What is done with a file is nobody else's business.
  if (parts[0] === "file") return <FileDrop />;
  const enter = (key: string, isKept: boolean): void => { client.use(key, isKept); setKeys(keys + 1); };
  return <Asked ask={() => knock(client)} about={[keys]}>{(door) => (door.refused ? <KeyPrompt onKey={enter} problem={door.refused} /> : <View client={client} parts={parts} door={door} />)}</Asked>;
}

// Whether the server lets us in, and whether it runs graphs: only LangGraph's has /info, and a log alone answers nobody's questions.
async function knock(client: Client): Promise<Door & { refused: string }> {
  try {
    const answers = await client.get<{ who: string; may: boolean }>("/studio/api/answers");
    return { ...answers, canAct: await client.get("/info").then(() => true, () => false), refused: "" };
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return { who: "", may: false, canAct: false, refused: error.message };
    throw error;
  }
}

function View({ client, parts: [place, name = ""], door }: { client: Client; parts: string[]; door: Door }) {
  const asked = new URLSearchParams(location.search);
  if (place === "runs" && name) return <LiveRun client={client} id={encodeURIComponent(name)} door={door} />;
  return (
    <main class="plain">
      <nav aria-label="studio">
        <b>Fanloom studio</b><a href="/studio">Runs</a><a href="/studio/evals">Evaluations</a>{door.canAct && <a href="/studio/new">New run</a>}<a href="/studio/file">Open a file</a>
      </nav>
      {place === "new" ? <NewRun client={client} graph={name} />
        : place === "compare" ? <Compare client={client} ids={[asked.get("a") ?? "", asked.get("b") ?? ""]} />
          : place !== "evals" ? <RunList client={client} />
            : name ? <KeptEvaluation client={client} id={name} /> : <EvaluationList client={client} />}
    </main>
  );
}

function KeyPrompt({ onKey, problem }: { onKey: (key: string, isKept: boolean) => void; problem: string }) {
  const [key, setKey] = useState("");
  const [isKept, keep] = useState(false);
  return (
    <main class="plain">
      <form onSubmit={(event) => { event.preventDefault(); onKey(key, isKept); }} aria-label="key">
        <h1>Fanloom studio</h1>
        <p>{shown(problem, 400)}</p>
        <label>API key <input type="password" autocomplete="off" required value={key} onInput={(event) => setKey(event.currentTarget.value)} /></label>{" "}
        <label><input type="checkbox" checked={isKept} onChange={() => keep(!isKept)} /> keep it for this tab</label>{" "}
        <button type="submit" class="main">Go on</button>
      </form>
    </main>
  );
}
