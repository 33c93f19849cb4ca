// An evaluation: what it shows in words, quality against cost and time, each measure with its interval, and the items.

import { useMemo, useState } from "preact/hooks";
import type { Client } from "./client.ts";
import { evaluationOf, interval, isShare, isSure, ofItem, told, type Candidate, type Evaluation } from "./evaluation.ts";
import { Asked, LongText, messageOf, Pages, Problem, Select, Table } from "./parts.tsx";
import { Interval, Plot, Shape } from "./plot.tsx";
import { asList, asNumber, count, duration, plural, shown, type Json } from "./words.ts";

const MOST = 100;

export function EvaluationPage({ data, onRun }: { data: Json; onRun?: OnRun }) {
  const evaluation = useMemo(() => evaluationOf(data), [data]);
  const [chosen, choose] = useState("");
  const { candidates, measures, qualities, rounds, dataset, items } = evaluation;
  const shares = measures.filter(isShare);
  const quality = shares.includes(chosen) ? chosen : (qualities[0] ?? shares[0] ?? "");
  return (
    <>
      <h1>{shown(dataset, 80) || "An evaluation"}: {plural(items, "item")}{rounds > 1 ? `, each run ${rounds} times` : ""}</h1>
      <Verdict evaluation={evaluation} />
      {quality && (
        <>
          <p class="bar-of-filters"><Select label="Quality is" value={quality} among={shares.slice(0, MOST)} onChoose={choose} /></p>
          <div class="plots">{["cost, US$", "seconds"].map((price) => <Plot key={price} candidates={candidates} quality={quality} price={price} />)}</div>
        </>
      )}
      <h2>Measures</h2>
      <Measures evaluation={evaluation} />
      <p class="quiet">95 % intervals over the items; means are per item.{candidates.length > 1 ? " Differences are from the first, on the same items." : ""}</p>
      <Groups candidates={candidates} measure={quality} />
      <Runs candidates={candidates} />
      <ItemTable evaluation={evaluation} measure={quality} onRun={onRun} />
    </>
  );
}

const Verdict = ({ evaluation: { candidates, verdicts } }: { evaluation: Evaluation }) => (
  <>
    <ul class="candidates">
      {candidates.slice(0, MOST).map(({ name, graph, models, failed }, place) => (
        <li key={place}>
          <Shape place={place} /> <b>{shown(name, 60)}</b> <span class="quiet">{shown([graph !== name && graph, ...models].filter(Boolean).join(", "), 120)}</span>
          {failed > 0 && <span class="badge bad">{plural(failed, "run")} failed</span>}
        </li>
      ))}
    </ul>
    {verdicts.length > 0 && <h2>What is shown</h2>}
    {verdicts.slice(0, MOST).map((line, key) => <p key={key} class={/^\s/.test(line) ? "quiet" : "why"}>{shown(line.trim(), 2000)}</p>)}
  </>
);

function Measures({ evaluation: { candidates, measures } }: { evaluation: Evaluation }) {
  const gaps = candidates.length > 1 ? ["#difference", "95 % interval", "is"] : [];
  const lines = measures.slice(0, MOST).flatMap((measure) => candidates.map((each, place) => {
    const [figure, gap, times] = [each.figures.get(measure), each.differences.get(measure), each.times.get(measure)];
    const among = candidates.flatMap((other) => other.figures.get(measure) ?? []);
    return [
      place === 0 ? <b>{shown(measure, 60)}</b> : <span class="spoken">{shown(measure, 60)}</span>, each.name,
      ...(figure ? [<b>{told(measure, figure.value)}</b>, interval(measure, figure), <Interval figure={figure} among={among} measure={measure} />, figure.n] : ["unknown", "", "", ""]),
      ...(gap ? [told(measure, gap.value, "+") + (times ? `, \u00d7 ${times.value.toFixed(2)}` : ""), interval(measure, gap, "+"), isSure(gap) ? (gap.value > 0 ? "higher" : "lower") : <span class="quiet">not told apart</span>] : gaps.map(() => "")),
    ];
  }));
  return <div class="measures"><Table columns={["!measure", "candidate", "#figure", "95 % interval", "", "#items", ...gaps]} lines={lines} /></div>;
}

// The figure of each part of the items, where a field divides them.
function Groups({ candidates, measure }: { candidates: Candidate[]; measure: string }) {
  const names = [...new Set(candidates.flatMap((each) => [...each.groups.keys()]))].slice(0, MOST);
  if (!names.length) return null;
  const cell = (candidate: Candidate, name: string): string => {
    const figure = candidate.groups.get(name)?.get(measure);
    return figure ? `${told(measure, figure.value)} (${interval(measure, figure)}; ${plural(figure.n, "item")})` : "";
  };
  return <><h2>{shown(measure, 60)} by group</h2><Table columns={["!group", ...candidates.map((each) => each.name)]} lines={names.map((name) => [name, ...candidates.map((each) => cell(each, name))])} /></>;
}

// What several runs of one item say: how long they take, and how much of what varies is between runs.
function Runs({ candidates }: { candidates: Candidate[] }) {
  const times = candidates.filter((each) => each.latency.length);
  const spreads = candidates.flatMap(({ name, spreads: found }) => found.filter(([measure, each]) => isShare(measure) && (each.between_items || each.between_runs)).map(([measure, { between_items, between_runs }]) => [
    name, measure, told(measure, asNumber(between_items)), told(measure, asNumber(between_runs)),
  ]));
  return (
    <>
      {times.length > 0 && <><h2>Time a run</h2><Table columns={["!candidate", ...(times[0]?.latency ?? []).map(([name]) => `#${name}`)]} lines={times.map(({ name, latency }) => [name, ...latency.map(([, seconds]) => duration(seconds * 1000))])} /></>}
      {spreads.length > 0 && <><h2>What varies, as standard deviations</h2><Table columns={["!candidate", "measure", "#between items", "#between runs of one item"]} lines={spreads} /></>}
    </>
  );
}

// The items of an evaluation by its candidates: what each is worth, what was said, and the run that said it.
const PAGE = 50;
const CHOICES = ["all", "not alike", "not all right", "failed"] as const;
type OnRun = ((thread: string) => Promise<void>) | undefined;

export function ItemTable({ evaluation: { candidates, lines: all }, measure, onRun }: { evaluation: Evaluation; measure: string; onRun: OnRun }) {
  const [choice, choose] = useState<(typeof CHOICES)[number]>("all");
  const [first, turn] = useState(0);
  const found = all.filter((line) => isChosen(candidates, line, measure, choice));
  const lines = found.slice(first, first + PAGE);
  const said = (place: number) => <div class="beside">{candidates.map((each, key) => <Said key={key} candidate={each} line={lines[place] ?? 0} onRun={onRun} />)}</div>;
  return (
    <>
      <h2>Items</h2>
      <p class="bar-of-filters"><Select label="Show" value={choice} among={CHOICES} onChoose={(each) => { choose(each); turn(0); }} /><span class="quiet">{shown(measure, 60)} of each item; its line leads to what was said</span></p>
      <Table key={`${choice} ${first}`} columns={["!line", ...candidates.map((each) => each.name)]} below={said} lines={lines.map((line) => [`line ${line}`, ...candidates.map((each) => worth(each, line, measure))])} />
      <Pages first={first} size={PAGE} of={found.length} onTurn={turn} />
    </>
  );
}

const failures = (candidate: Candidate, line: number): number => candidate.rounds.filter((round) => round.get(line)?.error).length;

function isChosen(candidates: Candidate[], line: number, measure: string, choice: (typeof CHOICES)[number]): boolean {
  if (choice === "all") return true;
  if (choice === "failed") return candidates.some((each) => failures(each, line));
  const values = candidates.map((each) => ofItem(each, line, measure));
  if (choice === "not all right") return values.some((value) => value && value[0] < value[1]);
  return new Set(values.map((value) => (value ? value[0] / value[1] : -1))).size > 1;
}

function worth(candidate: Candidate, line: number, measure: string): string {
  const failed = failures(candidate, line);
  const [hits, of] = ofItem(candidate, line, measure) ?? [0, 0];
  const sign = hits === of ? "\u2713" : hits ? "\u25d0" : "\u2715";
  const word = of ? `${sign} ${isShare(measure) && Number.isInteger(hits) ? `${hits} of ${of}` : told(measure, hits / of)}` : "";
  return word + (failed ? ` (${failed} failed)` : "");
}

function Said({ candidate, line, onRun }: { candidate: Candidate; line: number; onRun: OnRun }) {
  const [round, setRound] = useState("1");
  const [problem, setProblem] = useState("");
  const { error = "", notes = [], output, thread = "" } = candidate.rounds[Number(round) - 1]?.get(line) ?? {};
  const rounds = candidate.rounds.map((_, place) => String(place + 1));
  return (
    <div>
      <b>{shown(candidate.name, 60)}</b> {rounds.length > 1 && <Select label="run" value={round} among={rounds} onChoose={setRound} />}
      {error && <p class="why bad">{shown(error, 2000)}</p>}
      {notes.slice(0, 50).map((note, key) => <p key={key} class="why">{shown(note, 1000)}</p>)}
      {!error && output !== undefined && <LongText text={JSON.stringify(output, null, 2)} label={`output of ${shown(candidate.name, 60)}, line ${line}`} />}
      {thread && onRun && <p><button type="button" onClick={() => void onRun(thread).catch((wrong: unknown) => setProblem(messageOf(wrong)))}>See its run</button></p>}
      <Problem said={problem} />
    </div>
  );
}

// The evaluations that were made in this project, newest first, and one of them.
interface Kept { id: string; dataset: string; items: number; rounds: number; candidates: string[]; failed: number; made: number; verdict: string }

export const EvaluationList = ({ client }: { client: Client }) => (
  <>
    <h1>Evaluations</h1>
    <Asked ask={() => client.get<Kept[]>("/studio/api/evals")} about={[client]}>
      {(found) => (found.length ? <Table columns={["data set", "candidates", "#items", "#runs of each", "#failed", "what is shown", "made"]} lines={found.map((each) => [
        <a href={`/studio/evals/${encodeURIComponent(each.id)}`}>{shown(each.dataset, 60) || "an evaluation"}</a>, asList(each.candidates).join(", "),
        count(each.items), count(each.rounds), each.failed ? count(each.failed) : "", shown(each.verdict, 160), new Date(each.made).toLocaleString(),
      ])} /> : <p>None yet: <code>fanloom eval DATASET</code> keeps what it finds here.</p>)}
    </Asked>
  </>
);

export const KeptEvaluation = ({ client, id }: { client: Client; id: string }) => (
  <Asked ask={() => client.get<Json>(`/studio/api/evals/${encodeURIComponent(id)}`)} about={[client, id]}>{(found) => <EvaluationPage data={found} onRun={(thread) => client.lead(thread, "", 1)} />}</Asked>
);
