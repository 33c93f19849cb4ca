// The pages that a server has: which one the address names, and the key that they need.

import { useEffect, useMemo, useState } from "preact/hooks";
import { Client, Refused } from "./client.ts";
import { Compare } from "./compare.tsx";
import { EvaluationList, KeptEvaluation } from "./evaluation_list.tsx";
import { FileDrop } from "./file_drop.tsx";
import { LiveRun } from "./live.tsx";
import { NewRun } from "./new_run.tsx";
import { Problem, messageOf } from "./parts.tsx";
import { RunList } from "./run_list.tsx";
import { shown } from "./values.ts";

type Door = "asking" | "open" | "closed";

export function StudioPage() {
  const client = useMemo(() => new Client(), []);
  const [door, setDoor] = useState<Door>("asking");
  const [canAct, setCanAct] = useState(false);
  const [problem, setProblem] = useState("");
  const knock = async (): Promise<void> => {
    try {
      await client.get("/studio/api/runs?limit=1");
      // Only LangGraph's server has it; a log alone answers nobody's questions.
      setCanAct(await client.get("/info").then(() => true, () => false));
      setDoor("open");
    } catch (error) {
      setProblem(messageOf(error));
      setDoor(error instanceof Refused && error.status === 401 ? "closed" : "asking");
    }
  };
  const parts = location.pathname.split("/").slice(2).map(decodeURIComponent);
  // What is done with a file is nobody else's business.
  useEffect(() => { if (parts[0] !== "file") void knock(); }, []);
  if (parts[0] === "file") return <FileDrop />;
  if (door === "closed") return <KeyPrompt onKey={(key, isKept) => { client.use(key, isKept); void knock(); }} problem={problem} />;
  if (door === "asking") return <main class="plain">{problem ? <Problem said={problem} /> : <p>Asking the server ...</p>}</main>;
  if (parts[0] === "runs" && parts[1]) return <LiveRun client={client} id={encodeURIComponent(parts[1])} canAct={canAct} />;
  return (
    <main class="plain">
      <nav aria-label="studio">
        <b>Fanloom studio</b><a href="/studio">Runs</a><a href="/studio/evals">Evaluations</a>{canAct && <a href="/studio/new">New run</a>}<a href="/studio/file">Open a file</a>
      </nav>
      <View client={client} parts={parts} />
    </main>
  );
}

function View({ client, parts: [place, name = ""] }: { client: Client; parts: string[] }) {
  const asked = new URLSearchParams(location.search);
  switch (place) {
    case "new": return <NewRun client={client} graph={name} />;
    case "compare": return <Compare client={client} ids={[asked.get("a") ?? "", asked.get("b") ?? ""]} />;
    case "evals": return name ? <KeptEvaluation client={client} id={name} /> : <EvaluationList client={client} />;
    default: return <RunList client={client} />;
  }
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
