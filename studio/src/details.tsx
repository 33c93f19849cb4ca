// One task: why it failed, each attempt, the prompt in its parts, the answer, and what was wrong with it.

import { useEffect, useState } from "preact/hooks";
import { Content, type Contents } from "./content.tsx";
import { chainOf, costOf, helps, reasonOf, took } from "./listing.ts";
import { Columns } from "./parts.tsx";
import type { Attempt, Row, Run } from "./run.ts";
import { shown } from "./values.ts";
import { NOT_DONE, count, duration, money, spaced, waitWord, wordOf } from "./words.ts";

const MOST = 60;

export function Details({ run, row, contents, now, onClose }: { run: Run; row: Row; contents: Contents; now: number; onClose: () => void }) {
  const [chosen, choose] = useState(row.attempts.length - 1);
  useEffect(() => choose(row.attempts.length - 1), [row.key, row.attempts.length]);
  const state = run.state(row);
  const attempt = row.attempts[chosen];
  return (
    <>
      <div class="titled"><h2>{shown(row.id, 40)} {shown(row.title, 300)}</h2><button type="button" onClick={onClose} title="close the details">Esc</button></div>
      <p class="quiet">{[shown(spaced(row.worker), 60), wordOf(state), row.attempts.length ? money(costOf(row)) : "", row.began ? duration(took(row, now)) : "", row.needs.length ? `needs ${shown(row.needs.join(", "), 100)}` : ""].filter(Boolean).join(", ")}</p>
      {NOT_DONE.has(state) && (
        <div class="why bad">
          <p><b>Why it is {wordOf(state)}:</b> {shown(reasonOf(run, row), 2000)}</p>
          {row.attempts.length > 0 && <p class="quiet">{shown(chainOf(row), 2000)}.</p>}
          <p>{helps(row)}</p>
        </div>
      )}
      <Attempts row={row} chosen={chosen} choose={choose} now={now} />
      <Waits row={row} now={now} />
      {row.effects.length > 0 && <><h3>Effects</h3><ul>{row.effects.slice(0, MOST).map((said, key) => <li key={key}>{shown(said, 200)}</li>)}</ul></>}
      {attempt && <Exchange key={`${row.key} ${chosen}`} attempt={attempt} before={row.attempts[chosen - 1]} contents={contents} />}
    </>
  );
}

function Attempts({ row, chosen, choose, now }: { row: Row; chosen: number; choose: (place: number) => void; now: number }) {
  if (!row.attempts.length) return null;
  return (
    <table>
      <Columns names={["no", "why", "model", "result", "#time", "#in", "#out", "#cost"]} />
      <tbody>
        {row.attempts.slice(0, MOST).map((each, place) => (
          <tr key={place} class={place === chosen ? "chosen" : ""}>
            <td><button type="button" class="link" aria-pressed={place === chosen} aria-label={`show attempt ${place + 1}`} onClick={() => choose(place)}>{each.n}</button></td>
            <td>{shown(each.why, 20)}{each.after ? ` after ${shown(spaced(each.after), 30)}` : ""}</td>
            <td class="quiet">{shown(each.model, 40)}</td>
            <td>{each.to === undefined ? "running" : shown(spaced(each.outcome), 40)}{each.status ? ` (${each.status})` : ""}</td>
            <td class="n">{duration((each.to ?? now) - each.from)}</td><td class="n">{count(each.input)}</td><td class="n">{count(each.output)}</td><td class="n">{money(each.cost)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Waits({ row, now }: { row: Row; now: number }) {
  const sums = new Map<string, number>();
  for (const bar of row.bars) if (bar.kind !== "attempt") sums.set(waitWord(bar.reason), (sums.get(waitWord(bar.reason)) ?? 0) + (bar.to ?? now) - bar.from);
  if (!sums.size) return null;
  return <p class="quiet">{[...sums].slice(0, 10).map(([word, ms]) => `${shown(word, 60)} ${duration(ms)}`).join(", ")}</p>;
}

function Exchange({ attempt, before, contents }: { attempt: Attempt; before: Attempt | undefined; contents: Contents }) {
  const known = new Set(before?.prompt.map((part) => part.text));
  return (
    <>
      <h3>Prompt of attempt {attempt.n}</h3>
      {!attempt.prompt.length && <p class="quiet">not kept in this log</p>}
      {attempt.prompt.slice(0, MOST).map((part, place) => <PromptPart key={place} role={part.role} hash={part.text} contents={contents} isSame={known.has(part.text)} isChanged={before !== undefined && !known.has(part.text)} />)}
      {attempt.answer && <><h3>Answer</h3><Content contents={contents} hash={attempt.answer} label="answer" /></>}
      {attempt.message && <><h3>What was wrong with it</h3><p class="why bad">{shown(attempt.message, 4000)}</p></>}
      {(attempt.finish || attempt.hint > 0 || attempt.cached > 0) && (
        <p class="quiet">{[attempt.finish && `ended because: ${shown(attempt.finish, 60)}`, attempt.hint > 0 && `the provider asked for ${duration(attempt.hint * 1000)}`, attempt.cached > 0 && `${count(attempt.cached)} tokens read from the cache`].filter(Boolean).join("; ")}</p>
      )}
    </>
  );
}

// What is as it was before is folded, what is new is marked.
function PromptPart({ role, hash, contents, isSame, isChanged }: { role: string; hash: string; contents: Contents; isSame: boolean; isChanged: boolean }) {
  const [isOpen, setOpen] = useState(!isSame);
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)} class={isChanged ? "changed" : ""}>
      <summary>{shown(role, 30) || "part"}{isSame ? ", as before" : isChanged ? ", new" : ""}</summary>
      {isOpen && <Content contents={contents} hash={hash} label={`prompt, ${shown(role, 30)}`} />}
    </details>
  );
}
