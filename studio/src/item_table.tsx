// The items of an evaluation by its candidates: what each is worth, what was said, and the run that said it.

import { useState } from "preact/hooks";
import { LongText } from "./content.tsx";
import { isShare, ofItem, told, type Candidate, type Evaluation } from "./evaluation.ts";
import { Columns, Pages, Problem, Select, messageOf } from "./parts.tsx";
import { shown } from "./values.ts";

const PAGE = 50;
const MOST_ROUNDS = 20;
const CHOICES = ["all", "not alike", "not all right", "failed"] as const;
type Choice = (typeof CHOICES)[number];
type FindRun = ((thread: string) => Promise<string>) | undefined;

export function ItemTable({ evaluation, measure, findRun }: { evaluation: Evaluation; measure: string; findRun: FindRun }) {
  const [choice, choose] = useState<Choice>("all");
  const [first, turn] = useState(0);
  const [open, setOpen] = useState(0);
  const { candidates } = evaluation;
  const lines = evaluation.lines.filter((line) => isChosen(candidates, line, measure, choice));
  return (
    <>
      <h2>Items</h2>
      <p class="bar-of-filters"><Select label="Show" value={choice} among={CHOICES} onChoose={(each) => { choose(each); turn(0); }} /><span class="quiet">{shown(measure, 60)} of each item; its line leads to what was said</span></p>
      <table>
        <Columns names={["line", ...candidates.map((each) => each.name)]} />
        <tbody>
          {lines.slice(first, first + PAGE).flatMap((line) => [
            <tr key={line}>
              <th scope="row"><button type="button" class="link" aria-expanded={open === line} onClick={() => setOpen(open === line ? 0 : line)}>line {line}</button></th>
              {candidates.map((each, place) => <td key={place}>{worth(each, line, measure)}</td>)}
            </tr>,
            open === line && <tr key={`${line} open`}><td />{candidates.map((each, place) => <td key={place}><Said candidate={each} line={line} findRun={findRun} /></td>)}</tr>,
          ])}
        </tbody>
      </table>
      <Pages first={first} size={PAGE} of={lines.length} onTurn={turn} />
    </>
  );
}

function isChosen(candidates: Candidate[], line: number, measure: string, choice: Choice): boolean {
  const values = candidates.map((each) => ofItem(each, line, measure));
  if (choice === "failed") return candidates.some((each) => each.rounds.some((round) => round.get(line)?.error));
  if (choice === "not all right") return values.some((value) => value && value[0] < value[1]);
  return choice === "all" || new Set(values.map((value) => (value ? value[0] / value[1] : -1))).size > 1;
}

function worth(candidate: Candidate, line: number, measure: string): string {
  const value = ofItem(candidate, line, measure);
  const failed = candidate.rounds.filter((round) => round.get(line)?.error).length;
  const sign = !value ? "" : value[0] === value[1] ? "\u2713 " : value[0] ? "\u25d0 " : "\u2715 ";
  const word = value ? sign + (isShare(measure) && Number.isInteger(value[0]) ? `${value[0]} of ${value[1]}` : told(measure, value[0] / value[1])) : "";
  return `${word}${failed ? ` (${failed} failed)` : ""}`;
}

function Said({ candidate, line, findRun }: { candidate: Candidate; line: number; findRun: FindRun }) {
  const [round, setRound] = useState(0);
  const [problem, setProblem] = useState("");
  const result = candidate.rounds[round]?.get(line);
  const rounds = candidate.rounds.slice(0, MOST_ROUNDS).map((_, place) => String(place + 1));
  const lead = (thread: string): void => void findRun?.(thread).then((run) => location.assign(`/studio/runs/${encodeURIComponent(run)}`), (error: unknown) => setProblem(messageOf(error)));
  return (
    <>
      {rounds.length > 1 && <Select label="Run" value={String(round + 1)} among={rounds} onChoose={(each) => setRound(Number(each) - 1)} />}
      {result?.error && <p class="why bad">{shown(result.error, 2000)}</p>}
      {result?.notes.slice(0, 50).map((note, key) => <p key={key} class="why">{shown(note, 1000)}</p>)}
      {result && !result.error && result.output !== undefined && <LongText text={JSON.stringify(result.output, null, 2)} label={`output of ${shown(candidate.name, 60)}, line ${line}`} />}
      {result?.thread && findRun && <p><button type="button" onClick={() => lead(result.thread)}>See its run</button></p>}
      <Problem said={problem} />
    </>
  );
}
