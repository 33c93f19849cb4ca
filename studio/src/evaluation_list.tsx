// The evaluations that were made in this project, newest first, and one of them.

import type { Client, Summary } from "./client.ts";
import { EvaluationPage } from "./evaluation_page.tsx";
import { Columns, Problem, useAsked } from "./parts.tsx";
import { asList, shown, type Json } from "./values.ts";
import { count } from "./words.ts";

interface Kept { id: string; dataset: string; items: number; rounds: number; candidates: string[]; failed: number; made: number; verdict: string }

export function EvaluationList({ client }: { client: Client }) {
  const { found, problem } = useAsked(() => client.get<Kept[]>("/studio/api/evals"), [client]);
  if (!found) return problem ? <Problem said={problem} /> : <p>Reading the evaluations ...</p>;
  return (
    <>
      <h1>Evaluations</h1>
      {!found.length && <p>None yet: <code>fanloom eval DATASET</code> keeps what it finds here.</p>}
      {found.length > 0 && (
        <table>
          <Columns names={["data set", "candidates", "#items", "#runs of each", "#failed", "what is shown", "made"]} />
          <tbody>{found.map((each) => (
            <tr key={each.id}>
              <td><a href={`/studio/evals/${encodeURIComponent(each.id)}`}>{shown(each.dataset, 60) || "an evaluation"}</a></td>
              <td>{shown(asList(each.candidates).join(", "), 160)}</td><td class="n">{count(each.items)}</td><td class="n">{count(each.rounds)}</td>
              <td class="n">{each.failed ? count(each.failed) : ""}</td><td>{shown(each.verdict, 160)}</td><td>{new Date(each.made).toLocaleString()}</td>
            </tr>
          ))}</tbody>
        </table>
      )}
    </>
  );
}

export function KeptEvaluation({ client, id }: { client: Client; id: string }) {
  const { found, problem } = useAsked(() => client.get<Json>(`/studio/api/evals/${encodeURIComponent(id)}`), [client, id]);
  const findRun = async (thread: string): Promise<string> => {
    const [run] = await client.get<Summary[]>(`/studio/api/runs?thread=${encodeURIComponent(thread)}&limit=1`);
    if (!run) throw new Error("this run was not logged: set FANLOOM_RUN_LOG=all for the evaluation");
    return run.run;
  };
  return found ? <EvaluationPage data={found} findRun={findRun} /> : problem ? <Problem said={problem} /> : <p>Reading the evaluation ...</p>;
}
