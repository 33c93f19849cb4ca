// A new run: forms from the graph's own schemas, and the same as JSON and as a command.

import { useEffect, useState } from "preact/hooks";
import type { Client, Summary } from "./client.ts";
import { Field } from "./form.tsx";
import { Problem } from "./parts.tsx";
import { asObject, shown, type Json } from "./values.ts";

interface Assistant { assistant_id: string; graph_id: string }
interface Schemas { input_schema: Json; context_schema: Json | null }
const TRIES = 40;
const AGAIN_MS = 250;

export function NewRun({ client, graph }: { client: Client; graph: string }) {
  const [graphs, setGraphs] = useState<string[]>([]);
  const [schemas, setSchemas] = useState<Schemas | undefined>();
  const [input, setInput] = useState<unknown>({});
  const [context, setContext] = useState<unknown>({});
  const [problem, setProblem] = useState("");
  const [isSending, setSending] = useState(false);
  const fail = (error: Error): void => { setSending(false); setProblem(error.message); };
  useEffect(() => {
    if (graph) schemasOf(client, graph).then(setSchemas, fail);
    else client.post<Assistant[]>("/assistants/search", { limit: 200 }).then((found) => setGraphs([...new Set(found.map((each) => each.graph_id))].sort()), fail);
  }, [client, graph]);
  const begin = async (): Promise<void> => {
    const { thread_id: thread } = await client.post<{ thread_id: string }>("/threads", {});
    await client.post(`/threads/${thread}/runs`, { assistant_id: graph, input, context, durability: "async" });
    const run = await logOf(client, thread);
    location.assign(run ? `/studio/runs/${encodeURIComponent(run)}` : "/studio");
  };
  if (problem && !schemas) return <Problem said={problem} />;
  if (!graph) return <><h1>A new run</h1><ul>{graphs.map((each) => <li key={each}><a href={`/studio/new/${encodeURIComponent(each)}`}>{shown(each, 80)}</a></li>)}</ul></>;
  if (!schemas) return <p>Reading the schemas ...</p>;
  const send = (event: Event): void => {
    event.preventDefault();
    setSending(true);
    begin().catch(fail);
  };
  return (
    <form onSubmit={send} aria-label="new run">
      <h1>A new run of {shown(graph, 80)}</h1>
      <h2>Input</h2>
      <Field schema={schemas.input_schema} root={schemas.input_schema} name="" needed value={input} problem="" deep={0} onChange={setInput} />
      {schemas.context_schema && <details><summary>Context</summary><Field schema={schemas.context_schema} root={schemas.context_schema} name="" needed={false} value={context} problem="" deep={0} onChange={setContext} /></details>}
      <Problem said={problem} />
      <p><button type="submit" class="main" disabled={isSending}>Run</button></p>
      <details><summary>As JSON</summary><pre tabIndex={0}>{shown(JSON.stringify({ assistant_id: graph, input, context }, null, 2), 20_000)}</pre></details>
      <details><summary>As a command</summary><pre tabIndex={0}>{shown(command(graph, asObject(input)), 20_000)}</pre></details>
    </form>
  );
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const command = (graph: string, input: Json): string => `fanloom run ${graph} --input ${quoted(JSON.stringify(input))}`;

async function schemasOf(client: Client, graph: string): Promise<Schemas> {
  const [found] = await client.post<Assistant[]>("/assistants/search", { graph_id: graph, limit: 1 });
  if (!found) throw new Error(`this server has no graph ${graph}`);
  return client.get<Schemas>(`/assistants/${found.assistant_id}/schemas`);
}

// The log of a thread that has just begun; none comes where logs are switched off.
async function logOf(client: Client, thread: string): Promise<string | undefined> {
  for (let number = 0; number < TRIES; number++) {
    const [found] = await client.get<Summary[]>(`/studio/api/runs?thread=${encodeURIComponent(thread)}&limit=1`);
    if (found) return found.run;
    await new Promise((go) => setTimeout(go, AGAIN_MS));
  }
  return undefined;
}
