// A new run: forms from the graph's own schemas, and the same as JSON and as a command.

import { useState } from "preact/hooks";
import type { Client } from "./client.ts";
import { Form } from "./form.tsx";
import { Asked, SendForm } from "./parts.tsx";
import { asObject, shown, type Json } from "./words.ts";

export const NewRun = ({ client, graph }: { client: Client; graph: string }) => (
  <>
    <h1>A new run{graph && ` of ${shown(graph, 80)}`}</h1>
    {graph ? <Asked ask={() => client.schemas(graph)} about={[client, graph]}>{(schemas) => <RunForm client={client} graph={graph} schemas={schemas} />}</Asked>
      : <Asked ask={() => graphsOf(client)} about={[client]}>{(names) => <Graphs names={names} />}</Asked>}
  </>
);

const Graphs = ({ names }: { names: string[] }) => <ul>{names.map((each) => <li key={each}><a href={`/studio/new/${encodeURIComponent(each)}`}>{shown(each, 80)}</a></li>)}</ul>;

function RunForm({ client, graph, schemas }: { client: Client; graph: string; schemas: Json }) {
  const [input, setInput] = useState<unknown>({});
  const [context, setContext] = useState<unknown>({});
  const [wanted, options] = [asObject(schemas.input_schema), asObject(schemas.context_schema)];
  const begin = async (): Promise<void> => {
    const { thread_id: thread } = await client.post<{ thread_id: string }>("/threads", {});
    await client.post(`/threads/${thread}/runs`, { assistant_id: graph, input, context, durability: "async" });
    await client.lead(thread);
  };
  return (
    <>
      <SendForm label="new run" word="Run" send={begin}>
        {(problem) => (
          <>
            <h2>Input</h2>
            <Form schema={wanted} value={input} problem={problem} onChange={setInput} />
            {schemas.context_schema && <details><summary>Context</summary><Form schema={options} value={context} problem={problem} onChange={setContext} /></details>}
          </>
        )}
      </SendForm>
      <details><summary>As JSON</summary><pre tabIndex={0}>{shown(JSON.stringify({ assistant_id: graph, input, context }, null, 2), 20_000)}</pre></details>
      <details><summary>As a command</summary><pre tabIndex={0}>{shown(command(graph, input), 20_000)}</pre></details>
    </>
  );
}

const command = (graph: string, input: unknown): string => `fanloom run ${graph} --input '${JSON.stringify(input).replaceAll("'", "'\\''")}'`;

const PAGE = 100, MOST = 1000;

// Aegra gives no more than a hundred at a time.
async function graphsOf(client: Client, offset = 0): Promise<string[]> {
  const found = await client.post<{ graph_id: string }[]>("/assistants/search", { limit: PAGE, offset, sort_by: "assistant_id" });
  const others = found.length < PAGE || offset >= MOST - PAGE ? [] : await graphsOf(client, offset + PAGE);
  return [...new Set([...found.map((each) => each.graph_id), ...others])].sort();
}
