// What one task did over time: its attempts, its waits, and the person it waited for.

import type { Axis } from "./axis.ts";
import { reasonOf } from "./listing.ts";
import type { Bar, Row, Run } from "./run.ts";
import { shown } from "./values.ts";
import { duration, signOf, spaced, waitWord, whySign, wordOf } from "./words.ts";

const MOST_BARS = 40;
const ROOM_FOR_WORDS = 40;
const ROOM_FOR_SIGN = 14;

export function Lane({ run, row, axis, now }: { run: Run; row: Row; axis: Axis; now: number }) {
  const seen = row.bars.filter((bar) => axis.x(bar.to ?? now) >= 0 && axis.x(bar.from) <= axis.width);
  const state = run.state(row);
  const last = Math.max(0, axis.x(row.over ?? row.began ?? run.start));
  return (
    <>
      {seen.slice(0, MOST_BARS).map((bar, key) => <Piece key={key} bar={bar} axis={axis} now={now} />)}
      {seen.length > MOST_BARS && <span class="note" style={{ right: "0" }}>and {seen.length - MOST_BARS} more</span>}
      {state === "skipped" && (
        <span class="note" style={{ left: `${Math.max(0, Math.min(last + 6, axis.width - 330))}px` }}>{signOf("skipped")} skipped: {shown(reasonOf(run, row), 120)}</span>
      )}
    </>
  );
}

function Piece({ bar, axis, now }: { bar: Bar; axis: Axis; now: number }) {
  const left = Math.max(-2, axis.x(bar.from));
  const width = Math.max(2, Math.min(axis.width + 2, axis.x(bar.to ?? now)) - left);
  const long = duration((bar.to ?? now) - bar.from);
  const place = { left: `${left}px`, width: `${width}px` };
  if (bar.kind === "wait") return <span class={`wait ${waitClass(bar.reason)}`} style={place} title={`${waitWord(bar.reason)} ${shown(bar.said, 60)} ${long}`} />;
  if (bar.kind === "person") return <span class="bar person" style={place} title={long}>{fitting(width, "?", bar.to ? ` ${shown(bar.said, 60)} after ${long}` : " waits for a person")}</span>;
  const attempt = bar.attempt;
  const isOpen = bar.to === undefined;
  const isGood = attempt?.outcome === "ok";
  const sign = `${whySign(bar.reason)}${isOpen || isGood ? "" : ` ${signOf("failed")}`}`.trim();
  const word = isOpen || isGood ? ` ${long}` : ` ${shown(spaced(attempt?.outcome ?? ""), 40)}`;
  const kind = isOpen ? "open" : isGood ? "good" : "bad";
  const tip = `attempt ${attempt?.n ?? ""}, ${bar.reason}, ${shown(attempt?.model, 80)}: ${isOpen ? "running" : spaced(attempt?.outcome ?? "")}, ${long}`;
  return <span class={`bar ${kind} ${whyClass(bar.reason)}`} style={place} title={tip}>{fitting(width, sign, word)}</span>;
}

// Where there is no room for words there is for the sign.
const fitting = (width: number, sign: string, word: string): string =>
  width >= ROOM_FOR_WORDS ? (sign + word).trim() : width >= ROOM_FOR_SIGN ? sign : "";

const whyClass = (why: string): string => (why === "repair" || why === "fallback" || why === "longer" ? why : "");
function waitClass(reason: string): string { if (reason === "back_off") return "dots"; return reason === "needs" || reason === "alone_first" ? "dashes" : "hatch"; }
export const stateSign = (run: Run, row: Row) => <span class={`sign ${run.state(row)}`} title={wordOf(run.state(row))}>{signOf(run.state(row))}</span>;
