// An evaluation: what it shows in words, quality against cost and time, each measure with its interval, and the items.

import { useMemo, useState } from "preact/hooks";
import { evaluationOf, isShare, isSure, signed, told, type Candidate, type Evaluation, type Figure } from "./evaluation.ts";
import { ItemTable } from "./item_table.tsx";
import { Columns, Select } from "./parts.tsx";
import { Interval, Plot, shapeOf } from "./plot.tsx";
import { asNumber, shown, type Json } from "./values.ts";
import { duration, plural } from "./words.ts";

const MOST = 100;
// How a run came about, and not how good it is.
const RELIABILITY = new Set(["agreement", "repaired", "salvaged", "fallen back", "truncated", "delivered", "delivered of asked"]);

export function EvaluationPage({ data, findRun }: { data: Json; findRun?: (thread: string) => Promise<string> }) {
  const evaluation = useMemo(() => evaluationOf(data), [data]);
  const [chosen, choose] = useState("");
  const { candidates, shares, rounds } = evaluation;
  const quality = shares.includes(chosen) ? chosen : (shares.find((name) => !RELIABILITY.has(name)) ?? shares[0] ?? "");
  return (
    <>
      <h1>{shown(evaluation.dataset, 80)}: {plural(evaluation.items, "item")}{rounds > 1 ? `, each run ${rounds} times` : ""}</h1>
      <Verdict evaluation={evaluation} />
      {quality && <p class="bar-of-filters"><Select label="Quality is" value={quality} among={shares.slice(0, MOST)} onChoose={choose} /></p>}
      {quality && <div class="plots">{["cost, US$", "seconds"].map((price) => <Plot key={price} candidates={candidates} quality={quality} price={price} />)}</div>}
      <h2>Measures</h2>
      <Measures evaluation={evaluation} />
      <p class="quiet">95 % intervals over the items; means are per item.{candidates.length > 1 ? " Differences are from the first, on the same items." : ""}</p>
      <Groups candidates={candidates} measure={quality} />
      <Runs candidates={candidates} />
      <ItemTable evaluation={evaluation} measure={quality} findRun={findRun} />
    </>
  );
}

function Verdict({ evaluation: { candidates, verdicts } }: { evaluation: Evaluation }) {
  return (
    <>
      <ul class="candidates">
        {candidates.slice(0, MOST).map((each, place) => (
          <li key={place}>
            <svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true" class={`mark m${place % 6}`}><path class="shape" d={shapeOf(place)} /></svg>
            <b>{shown(each.name, 60)}</b> <span class="quiet">{shown([each.graph !== each.name && each.graph, ...each.models].filter(Boolean).join(", "), 120)}</span>
            {each.failed > 0 && <span class="badge bad">{plural(each.failed, "run")} failed</span>}
          </li>
        ))}
      </ul>
      {verdicts.length > 0 && <h2>What is shown</h2>}
      {verdicts.slice(0, MOST).map((line, key) => <p key={key} class={/^\s/.test(line) ? "quiet" : "why"}>{shown(line.trim(), 2000)}</p>)}
    </>
  );
}

function Measures({ evaluation: { candidates, measures } }: { evaluation: Evaluation }) {
  const gaps = candidates.length > 1 ? ["#difference", "95 % interval", "is"] : [];
  return (
    <table class="measures">
      <Columns names={["measure", "candidate", "#figure", "95 % interval", "", "#items", ...gaps]} />
      {measures.slice(0, MOST).map((measure) => (
        <tbody key={measure}>
          {candidates.map((each, place) => (
            <tr key={place}>
              {place === 0 && <th scope="rowgroup" rowSpan={candidates.length}><b>{shown(measure, 60)}</b></th>}
              <td>{shown(each.name, 60)}</td>
              <FigureCells measure={measure} figure={each.figures.get(measure)} among={candidates.flatMap((other) => other.figures.get(measure) ?? [])} />
              {gaps.length > 0 && <GapCells measure={measure} gap={each.differences.get(measure)} />}
            </tr>
          ))}
        </tbody>
      ))}
    </table>
  );
}

function FigureCells({ measure, figure, among }: { measure: string; figure: Figure | undefined; among: Figure[] }) {
  if (!figure) return <td colSpan={4} class="quiet">unknown</td>;
  return (
    <>
      <td class="n"><b>{told(measure, figure.value)}</b></td>
      <td>{figure.hasInterval ? `${told(measure, figure.low)} to ${told(measure, figure.high)}` : "one item"}</td>
      <td><Interval figure={figure} among={among} measure={measure} /></td>
      <td class="n">{figure.n}</td>
    </>
  );
}

function GapCells({ measure, gap }: { measure: string; gap: Figure | undefined }) {
  if (!gap) return <td colSpan={3} />;
  return (
    <>
      <td class="n">{signed(measure, gap.value)}</td>
      <td>{gap.hasInterval ? `${signed(measure, gap.low)} to ${signed(measure, gap.high)}` : "one item"}</td>
      <td class={isSure(gap) ? "" : "quiet"}>{isSure(gap) ? (gap.value > 0 ? "higher" : "lower") : "not told apart"}</td>
    </>
  );
}

// The figure of each part of the items, where a field divides them.
function Groups({ candidates, measure }: { candidates: Candidate[]; measure: string }) {
  const names = [...new Set(candidates.flatMap((each) => [...each.groups.keys()]))];
  if (!names.length) return null;
  return (
    <>
      <h2>{shown(measure, 60)} by group</h2>
      <table>
        <Columns names={["group", ...candidates.map((each) => each.name)]} />
        <tbody>{names.slice(0, MOST).map((name) => (
          <tr key={name}><th scope="row">{shown(name, 60)}</th>{candidates.map((each, place) => {
            const figure = each.groups.get(name)?.get(measure);
            return <td key={place}>{figure ? `${told(measure, figure.value)} (${told(measure, figure.low)} to ${told(measure, figure.high)}; ${plural(figure.n, "item")})` : ""}</td>;
          })}</tr>
        ))}</tbody>
      </table>
    </>
  );
}

// What several runs of one item say: how long they take, and how much of what varies is between runs.
function Runs({ candidates }: { candidates: Candidate[] }) {
  const [times, spreads] = [candidates.filter((each) => each.latency.length), candidates.filter((each) => each.spreads.length)];
  return (
    <>
      {times.length > 0 && <><h2>Time a run</h2><table><Columns names={["candidate", ...(times[0]?.latency ?? []).map(([name]) => `#${name}`)]} /><tbody>{times.map((each, key) => (
        <tr key={key}><th scope="row">{shown(each.name, 60)}</th>{each.latency.map(([name, seconds]) => <td key={name} class="n">{duration(seconds * 1000)}</td>)}</tr>
      ))}</tbody></table></>}
      {spreads.length > 0 && <><h2>What varies, as standard deviations</h2><table><Columns names={["candidate", "measure", "#between items", "#between runs of one item"]} /><tbody>{spreads.flatMap((each, key) => each.spreads.filter(([name]) => isShare(name)).map(([name, { between_items, between_runs }]) => (
        <tr key={`${key} ${name}`}><th scope="row">{shown(each.name, 60)}</th><td>{shown(name, 60)}</td><td class="n">{told(name, asNumber(between_items))}</td><td class="n">{told(name, asNumber(between_runs))}</td></tr>
      )))}</tbody></table></>}
    </>
  );
}
