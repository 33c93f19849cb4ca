// What a run asks a person: facts, a form, and who answered what.

import { useState } from "preact/hooks";
import { Form, startOf } from "./form.tsx";
import { SendForm, Table } from "./parts.tsx";
import type { Question, Run } from "./run.ts";
import { asObject, asText, duration, shown, spaced } from "./words.ts";

export type Answer = (question: Question, value: unknown) => Promise<void>;
const MOST = 10;

export function Questions({ run, now, who, onAnswer }: { run: Run; now: number; who?: string; onAnswer?: Answer }) {
  const open = run.questions.filter((each) => each.answered === undefined);
  return (
    <>
      {open.slice(0, MOST).map((each) => (onAnswer ? <Ask key={each.id} question={each} since={since(each, now, who)} onAnswer={onAnswer} /> : (
        <div key={each.id} class="question"><Told question={each} />{!who && <p>Answer it with: <code>fanloom resume {shown(run.started.thread, 100)}</code></p>}<p>{since(each, now, who)}</p></div>
      )))}
      {open.length > MOST && <p class="quiet">and {open.length - MOST} more questions</p>}
    </>
  );
}

const since = (question: Question, now: number, who = ""): string => `asked ${duration(Math.max(0, now - question.asked))} ago; ${who && `${who}, and `}the first answer counts`;

function Ask({ question, since, onAnswer }: { question: Question; since: string; onAnswer: Answer }) {
  const [value, setValue] = useState<unknown>(startOf(question.schema));
  return (
    <SendForm label="question" look="question" word="Answer and go on" send={() => onAnswer(question, value)} beside={since}>
      {(problem) => <><Told question={question} /><Form schema={question.schema} value={value} problem={problem} onChange={setValue} /></>}
    </SendForm>
  );
}

function Told({ question: { value, row } }: { question: Question }) {
  const asked = asObject(value);
  const title = asText(asked.question) || (typeof value === "string" ? value : row.title);
  // The facts beside the question; those that are objects one by one.
  const facts = Object.entries(asked).filter(([name]) => name !== "question" && name !== "response_schema").flatMap(([name, fact]): [string, unknown][] => {
    const inner = Object.entries(asObject(fact));
    return inner.length ? inner : [[name, fact]];
  });
  return <><h2>? {shown(title, 400)}</h2><Table columns={["!", ""]} lines={facts.slice(0, 40).map(([name, fact]) => [spaced(name), shown(fact, 600)])} /></>;
}
