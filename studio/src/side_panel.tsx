// Beside the timeline: what was not done and why, what it cost, where the time went; and of one task, why it failed.

import { useEffect, useState } from "preact/hooks";
import { Content, type Contents, Fold, Table } from "./parts.tsx";
import { chainOf, costOf, helps, reasonOf, took } from "./listing.ts";
import type { Attempt, Row, Run } from "./run.ts";
import { asText, count, duration, modelName, money, NOT_DONE, plural, shown, spaced, waitWord, wordOf } from "./words.ts";

const MOST = 40;

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
      <Table columns={["step", "model", "#calls", "#in", "#out", "#cost", "#lost"]} lines={lines.slice(0, MOST).map((line) => [
        spaced(line.step), modelName(line.model), count(line.calls), count(line.input), count(line.output),
        line.unknown ? (line.cost ? `${money(line.cost)} + unknown` : "unknown") : money(line.cost), line.lost ? money(line.lost) : "",
      ])} />
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

// How long each thing took that is said by one word.
function inWords(times: Iterable<[string, number]>): [string, string][] {
  const sums = new Map<string, number>();
  for (const [what, ms] of times) sums.set(waitWord(what), (sums.get(waitWord(what)) ?? 0) + ms);
  return [...sums].slice(0, MOST).map(([word, ms]) => [word, duration(ms)]);
}

function Times({ run }: { run: Run }) {
  if (!run.spent.size) return null;
  return (
    <>
      <h2>Where the time went</h2>
      <Table columns={["!", "#"]} lines={inWords(run.spent)} />
      {run.pauses.length > 0 && <p class="quiet">The provider asked for {plural(run.pauses.length, "pause")}.</p>}
      {run.effects[0] + run.effects[1] > 0 && <p class="quiet">{plural(run.effects[0], "effect")} done, {count(run.effects[1])} found done before.</p>}
      {run.broken.length > 0 && <p class="quiet">Calls to a model that kept failing were stopped {plural(run.broken.length, "time")}: {shown([...new Set(run.broken)].join(", "), 120)}.</p>}
    </>
  );
}

function Answered({ run }: { run: Run }) {
  const answered = run.questions.filter((each) => each.answered !== undefined);
  if (!answered.length) return null;
  const told = answered.slice(0, MOST).map(({ row, answer, by, asked, answered: at }) => [
    row.id || row.title, `${shown(answer, 200)}${by ? ` by ${shown(by, 40)}` : ""} after ${duration((at ?? 0) - asked)}`,
  ]);
  return <><h2>What people answered</h2><Table columns={["!", ""]} lines={told} /></>;
}

// One task: why it failed, each attempt, the prompt in its parts, the answer, and what was wrong with it.

export function Details({ run, row, contents, now, onClose }: { run: Run; row: Row; contents: Contents; now: number; onClose: () => void }) {
  const [chosen, choose] = useState(row.attempts.length - 1);
  useEffect(() => choose(row.attempts.length - 1), [row.key, row.attempts.length]);
  const [state, attempt] = [run.state(row), row.attempts[chosen]];
  const waits = inWords(row.bars.filter((bar) => bar.kind !== "attempt").map((bar) => [bar.reason, (bar.to ?? now) - bar.from]));
  return (
    <>
      <div class="titled"><h2>{shown(row.id, 40)} {shown(row.title, 300)}</h2><button type="button" onClick={onClose} title="close the details">Esc</button></div>
      <p class="quiet">{[shown(spaced(row.worker), 60), wordOf(state), row.kept ? "kept from the run that this one forks" : "", row.attempts.length ? money(costOf(row)) : "", row.began ? duration(took(row, now)) : "", row.needs.length ? `needs ${shown(row.needs.join(", "), 100)}` : ""].filter(Boolean).join(", ")}</p>
      {NOT_DONE.has(state) && (
        <div class="why bad">
          <p><b>Why it is {wordOf(state)}:</b> {shown(reasonOf(run, row), 2000)}</p>
          {row.attempts.length > 0 && <p class="quiet">{shown(chainOf(row), 2000)}.</p>}
          <p>{helps(row)}</p>
        </div>
      )}
      <Attempts row={row} chosen={chosen} choose={choose} now={now} />
      <p class="quiet">{shown(waits.map((each) => each.join(" ")).join(", "), 400)}</p>
      {row.effects.length > 0 && <><h3>Effects</h3><ul>{row.effects.slice(0, MOST).map((said, key) => <li key={key}>{shown(said, 200)}</li>)}</ul></>}
      {attempt && <Exchange key={`${row.key} ${chosen}`} attempt={attempt} before={row.attempts[chosen - 1]} contents={contents} />}
    </>
  );
}

function Attempts({ row, chosen, choose, now }: { row: Row; chosen: number; choose: (place: number) => void; now: number }) {
  if (!row.attempts.length) return null;
  const lines = row.attempts.slice(0, MOST).map((each, place) => [
    <button type="button" class="link" aria-pressed={place === chosen} aria-label={`show attempt ${place + 1}`} onClick={() => choose(place)}>{each.n}</button>,
    each.why + (each.after && ` after ${spaced(each.after)}`), modelName(each.model),
    (each.to === undefined ? "running" : spaced(each.outcome)) + (each.status ? ` (${each.status})` : ""),
    duration((each.to ?? now) - each.from), count(each.input), count(each.output), money(each.cost),
  ]);
  return <Table columns={["no", "why", "model", "result", "#time", "#in", "#out", "#cost"]} lines={lines} isChosen={(place) => place === chosen} />;
}

function Exchange({ attempt, before, contents }: { attempt: Attempt; before: Attempt | undefined; contents: Contents }) {
  const known = new Set(before?.prompt.map((part) => part.text));
  return (
    <>
      <h3>Prompt of attempt {attempt.n}</h3>
      {!attempt.prompt.length && <p class="quiet">not kept in this log</p>}
      {attempt.prompt.slice(0, MOST).map(({ role, text }, place) => {
        const name = shown(role, 30) || "part";
        // What is as it was before is folded, what is new is marked.
        const [isSame, isNew] = [known.has(text), before !== undefined && !known.has(text)];
        return <Fold key={place} summary={name + (isSame ? ", as before" : isNew ? ", new" : "")} isOpen={!isSame} look={isNew ? "changed" : ""}>{() => <Content contents={contents} hash={text} label={`prompt, ${name}`} />}</Fold>;
      })}
      {attempt.answer && <><h3>Answer</h3><Content contents={contents} hash={attempt.answer} label="answer" /></>}
      {attempt.message && <><h3>What was wrong with it</h3><p class="why bad">{shown(attempt.message, 4000)}</p></>}
      {(attempt.finish || attempt.hint > 0 || attempt.cached > 0) && (
        <p class="quiet">{[attempt.finish && `ended because: ${shown(attempt.finish, 60)}`, attempt.hint > 0 && `the provider asked for ${duration(attempt.hint * 1000)}`, attempt.cached > 0 && `${count(attempt.cached)} tokens read from the cache`].filter(Boolean).join("; ")}</p>
      )}
    </>
  );
}
