// What the first screen answers: what was not done and why, what it cost, where the time went.

import { Content, type Contents } from "./content.tsx";
import { reasonOf } from "./listing.ts";
import { Columns } from "./parts.tsx";
import type { Row, Run } from "./run.ts";
import { asText, shown } from "./values.ts";
import { NOT_DONE, count, duration, money, plural, waitWord, wordOf } from "./words.ts";

const MOST = 25;

export function Overview({ run, contents, onSelect }: { run: Run; contents: Contents; onSelect: (row: Row) => void }) {
  return (
    <>
      <Costs run={run} />
      <NotDone run={run} onSelect={onSelect} />
      <Times run={run} />
      <Answered run={run} />
      {asText(run.started.input) && <><h2>Input</h2><Content contents={contents} hash={asText(run.started.input)} label="input" /></>}
      {run.result && <><h2>Result</h2><Content contents={contents} hash={run.result} label="result" /></>}
      {run.error && <><h2>How it ended</h2><p class="why bad">{shown(run.error, 2000)}</p></>}
    </>
  );
}

function Costs({ run }: { run: Run }) {
  const lines = [...run.costs.values()];
  if (!lines.length) return null;
  return (
    <>
      <h2>What did it cost</h2>
      <table>
        <Columns names={["step", "model", "#calls", "#in", "#out", "#cost", "#lost"]} />
        <tbody>
          {lines.slice(0, MOST).map((line) => (
            <tr key={`${line.step} ${line.model}`}>
              <td>{shown(line.step, 40)}</td><td class="quiet">{shown(line.model, 40)}</td><td class="n">{count(line.calls)}</td>
              <td class="n">{count(line.input)}</td><td class="n">{count(line.output)}</td>
              <td class="n">{line.unknown ? (line.cost ? `${money(line.cost)} + unknown` : "unknown") : money(line.cost)}</td><td class="n">{line.lost ? money(line.lost) : ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {lines.length > MOST && <p class="quiet">and {count(lines.length - MOST)} more</p>}
    </>
  );
}

function NotDone({ run, onSelect }: { run: Run; onSelect: (row: Row) => void }) {
  const rows = run.rows.filter((row) => NOT_DONE.has(run.state(row)));
  if (!rows.length && !run.cut) return null;
  return (
    <>
      <h2>What was not done, and why</h2>
      {rows.slice(0, MOST).map((row) => (
        <p key={row.key} class="why bad">
          <button type="button" class="link" onClick={() => onSelect(row)}>{shown(row.id, 40)} {shown(row.title, 120)}</button>: {wordOf(run.state(row))}. {shown(reasonOf(run, row), 400)}
        </p>
      ))}
      {rows.length > MOST && <p class="quiet">and {plural(rows.length - MOST, "more task")}: choose Show "not done"</p>}
      {run.cut > 0 && <p class="why bad">{plural(run.cut, "task")} of the plan {run.cut === 1 ? "was" : "were"} cut: the plan was longer than the run may be.</p>}
    </>
  );
}

function Times({ run }: { run: Run }) {
  const sums = new Map<string, number>();
  for (const [what, ms] of run.spent) { const word = what === "model" ? "model calls" : waitWord(what); sums.set(word, (sums.get(word) ?? 0) + ms); }
  if (!sums.size) return null;
  return (
    <>
      <h2>Where the time went</h2>
      <table><tbody>{[...sums].slice(0, MOST).map(([word, ms]) => <tr key={word}><th scope="row">{shown(word, 60)}</th><td class="n">{duration(ms)}</td></tr>)}</tbody></table>
      {run.pauses.length > 0 && <p class="quiet">The provider asked for {plural(run.pauses.length, "pause")}.</p>}
      {run.effects[0] + run.effects[1] > 0 && <p class="quiet">{plural(run.effects[0], "effect")} done, {count(run.effects[1])} found done before.</p>}
      {run.broken.length > 0 && <p class="quiet">Calls to a model that kept failing were stopped {plural(run.broken.length, "time")}: {shown([...new Set(run.broken.map((each) => each.model))].join(", "), 120)}.</p>}
    </>
  );
}

function Answered({ run }: { run: Run }) {
  const answered = run.questions.filter((each) => each.answered !== undefined);
  if (!answered.length) return null;
  return (
    <>
      <h2>What people answered</h2>
      <table><tbody>{answered.slice(0, MOST).map((each) => (
        <tr key={each.id}><th scope="row">{shown(each.row.id || each.row.title, 40)}</th><td>{shown(each.answer, 200)}{each.by ? ` by ${shown(each.by, 40)}` : ""} after {duration((each.answered ?? 0) - each.asked)}</td></tr>
      ))}</tbody></table>
    </>
  );
}
