// What a run asks a person: facts, a form, and who answered what.

import { useState } from "preact/hooks";
import { Field, startOf } from "./form.tsx";
import { Problem, messageOf } from "./parts.tsx";
import type { Question, Run } from "./run.ts";
import { asObject, asText, shown } from "./values.ts";
import { duration, spaced } from "./words.ts";

export type Answer = (question: Question, value: unknown) => Promise<void>;
const MOST = 10;

export function Questions({ run, now, onAnswer }: { run: Run; now: number; onAnswer?: Answer }) {
  const open = run.questions.filter((each) => each.answered === undefined);
  return (
    <>
      {open.slice(0, MOST).map((each) => <Ask key={each.id} question={each} run={run} now={now} onAnswer={onAnswer} />)}
      {open.length > MOST && <p class="quiet">and {open.length - MOST} more questions</p>}
    </>
  );
}

function Ask({ question, run, now, onAnswer }: { question: Question; run: Run; now: number; onAnswer?: Answer }) {
  const [value, setValue] = useState<unknown>(startOf(question.schema));
  const [state, setState] = useState<"open" | "sending" | "sent">("open");
  const [problem, setProblem] = useState("");
  const asked = asObject(question.value);
  const title = asText(asked.question) || (typeof question.value === "string" ? question.value : question.row.title);
  const send = (event: Event): void => {
    event.preventDefault();
    if (!onAnswer || state !== "open") return;
    setState("sending");
    setProblem("");
    onAnswer(question, value).then(() => setState("sent"), (error: unknown) => {
      setState("open");
      setProblem(messageOf(error));
    });
  };
  return (
    <form class="question" onSubmit={send} aria-label="question" data-question={question.row.key}>
      <h2>? {shown(title, 400)}</h2>
      <table><tbody>{factsOf(asked).map(([name, fact]) => <tr key={name}><th scope="row">{shown(spaced(name), 60)}</th><td>{shown(fact, 600)}</td></tr>)}</tbody></table>
      {onAnswer ? <Field schema={question.schema} root={question.schema} name="" needed value={value} problem="" deep={0} onChange={setValue} />
        : <p>Answer it with: <code>fanloom resume {shown(run.started.thread, 100)}</code></p>}
      <Problem said={problem} />
      <p class="quiet">
        {onAnswer && <button type="submit" class="main" disabled={state !== "open"}>{state === "open" ? "Answer and go on" : state === "sending" ? "sending..." : "sent"}</button>}
        {" "}asked {duration(Math.max(0, now - question.asked))} ago; the first answer counts
      </p>
    </form>
  );
}

// The facts beside the question; those that are objects one by one.
function factsOf(asked: Record<string, unknown>): [string, unknown][] {
  const found = Object.entries(asked).flatMap(([name, value]): [string, unknown][] => {
    if (name === "question" || name === "response_schema") return [];
    const inner = Object.entries(asObject(value));
    return inner.length ? inner : [[name, value]];
  });
  return found.slice(0, 40);
}
