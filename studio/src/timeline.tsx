// The tasks as rows over time, with the calls in flight above them; only the rows in sight are in the document.

import grammar from "./grammar.json";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Axis } from "./axis.ts";
import { costOf, counted, inWords, labelOf, reasonOf, took, type Item } from "./listing.ts";
import { Pages, Table, useSize } from "./parts.tsx";
import type { Bar, Group, Row, Run } from "./run.ts";
import { NOT_DONE, asNumber, asObject, duration, money, plural, shown, signOf, spaced, waitWord, whySign, wordOf } from "./words.ts";

export const LEFT = 330;
const HEIGHT = 26;
const AROUND = 6;
const MAPPED = 300;
const MOST_MARKS = 60;

interface Props {
  run: Run; axis: Axis; now: number; items: Item[]; selected: string; folded: ReadonlySet<string>;
  onSelect: (key: string) => void; onOpen: () => void; onFold: (group: string) => void;
}

export function Timeline(props: Props) {
  const { run, axis, now, items, selected } = props;
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const height = useSize(list, (element) => element.clientHeight, 600);
  const place = items.findIndex((item) => item.row?.key === selected);
  useEffect(() => {
    const element = list.current;
    if (!element || place < 0) return;
    const at = place * HEIGHT;
    if (at < element.scrollTop) element.scrollTop = at - HEIGHT;
    else if (at + HEIGHT > element.scrollTop + element.clientHeight) element.scrollTop = at + 2 * HEIGHT - element.clientHeight;
  }, [selected, place]);
  const first = Math.max(0, Math.floor(top / HEIGHT) - AROUND);
  const last = Math.min(items.length, Math.ceil((top + height) / HEIGHT) + AROUND);
  const whole = items.length * HEIGHT;
  return (
    <section class="timeline" aria-label="timeline">
      <Ruler run={run} axis={axis} now={now} />
      <div class="body">
        <div class="rows" ref={list} onScroll={(event) => setTop(event.currentTarget.scrollTop)} role="grid" aria-label="tasks over time"
          aria-rowcount={items.length} aria-colcount={2} tabIndex={0} aria-activedescendant={place >= first && place < last ? `row-${place}` : undefined}
          onKeyDown={(event) => event.key === "Enter" && props.onOpen()}>
          <div class="tall" role="presentation" style={{ height: `${whole}px` }}>
            <Bands run={run} axis={axis} now={now} />
            {items.slice(first, last).map((item, number) => (
              <Line key={item.row?.key ?? `group:${item.group?.key}`} {...props} item={item} place={first + number} />
            ))}
          </div>
        </div>
        {items.length > MAPPED && (
          <Minimap run={run} items={items} height={height} top={top / whole} seen={height / whole}
            onJump={(share) => { if (list.current) list.current.scrollTop = share * whole - height / 2; }} />
        )}
      </div>
    </section>
  );
}

function Ruler({ run, axis, now }: { run: Run; axis: Axis; now: number }) {
  return (
    <div class="ruler">
      <div class="axis" style={{ left: `${LEFT}px`, width: `${axis.width}px` }}>
        {axis.ticks().map((tick) => <span key={tick.at} style={{ left: `${tick.x}px` }}>{tick.at ? duration(tick.at).replace(".0 s", " s") : "0"}</span>)}
        {axis.cuts.map((cut) => (
          <span key={cut.from} class="left-out" style={{ left: `${Math.max(0, Math.min(axis.width - 150, axis.x(cut.from) - 60))}px` }}>// {duration(cut.to - cut.from)} left out</span>
        ))}
      </div>
      <div class="flight" style={{ left: `${LEFT}px` }}><Strip run={run} axis={axis} now={now} /></div>
      <span class="caption">calls in flight</span>
    </div>
  );
}

const spanOf = (axis: Axis, from: number, to: number) => ({ left: `${axis.x(from)}px`, width: `${Math.max(2, axis.x(to) - axis.x(from))}px` });

// The provider's pauses and the time that is left out stand behind all rows: one cause, seen once.
const Bands = ({ run, axis, now }: { run: Run; axis: Axis; now: number }) => (
  <div class="bands" aria-hidden="true" style={{ left: `${LEFT}px`, width: `${axis.width}px` }}>
    {run.pauses.slice(0, MOST_MARKS).map(({ from, to }) => <i key={from} class="pause" style={spanOf(axis, from, Math.min(to, now))} />)}
    {axis.cuts.map(({ from, to }) => <i key={from} class="cut" style={spanOf(axis, from, to)} />)}
  </div>
);

function Line(props: Props & { item: Item; place: number }) {
  const { item: { row, group, size }, place, run, axis, now } = props;
  const shared = { id: `row-${place}`, role: "row", "aria-rowindex": place + 1, style: { top: `${place * HEIGHT}px` } } as const;
  if (group) return <GroupLine {...props} group={group} size={size} shared={shared} />;
  if (!row) return null;
  const isChosen = row.key === props.selected;
  return (
    <div {...shared} class={`row${isChosen ? " chosen" : ""}`} aria-selected={isChosen} aria-label={shown(labelOf(run, row, now), 500)} onClick={() => { props.onSelect(row.key); props.onOpen(); }}>
      <div role="gridcell" class="name" style={{ width: `${LEFT}px` }}>
        <span class={`sign ${run.state(row)}`} title={wordOf(run.state(row))}>{signOf(run.state(row))}</span>
        {row.id && <span class="id">{shown(row.id, 12)}</span>}
        <span class="title">{shown(row.title, 120)}</span>
        {row.attempts.length > 1 && <span class="tries">{plural(row.attempts.length, "try", "tries")}</span>}
        {row.attempts.length > 0 && <span class="cost">{money(costOf(row))}</span>}
      </div>
      <div role="gridcell" class="lane" style={{ width: `${axis.width}px` }}><Lane run={run} row={row} axis={axis} now={now} /></div>
    </div>
  );
}

function GroupLine({ run, group, size, shared, folded, onFold }: Props & { group: Group; size: number; shared: object }) {
  const isWork = group.key.startsWith("work");
  const title = isWork ? `${group.title}: ${plural(size, "task")}` : group.title;
  const isFolded = folded.has(group.key);
  return (
    <div {...shared} class="row group" aria-label={title}>
      <div role="gridcell" class="name">
        <button type="button" tabIndex={-1} aria-expanded={!isFolded} onClick={() => onFold(group.key)}>{isFolded ? "\u25b8" : "\u25be"} {title}</button>
        {isWork && <span class="quiet">{inWords(counted(run, run.rows.filter((row) => row.group === group.key)))}</span>}
      </div>
    </div>
  );
}

// What one task did over time: its attempts, its waits, and the person it waited for.
const [ROOM_FOR_WORDS, ROOM_FOR_SIGN] = [40, 14];

export function Lane({ run, row, axis, now }: { run: Run; row: Row; axis: Axis; now: number }) {
  const seen = row.bars.filter((bar) => axis.x(bar.to ?? now) >= 0 && axis.x(bar.from) <= axis.width);
  const state = run.state(row);
  const last = Math.max(0, axis.x(row.over ?? row.began ?? run.start));
  return (
    <>
      {seen.slice(0, MOST_MARKS).map((bar, key) => <Piece key={key} bar={bar} axis={axis} now={now} />)}
      {seen.length > MOST_MARKS && <span class="note" style={{ right: "0" }}>and {seen.length - MOST_MARKS} more</span>}
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
  if (bar.kind === "wait") return <span class={`wait ${WAIT_LOOKS.get(bar.reason) ?? "hatch"}`} style={place} title={`${waitWord(bar.reason)} ${shown(bar.said, 60)} ${long}`} />;
  if (bar.kind === "person") return <span class="bar person" style={place} title={long}>{fitting(width, "?", bar.to ? ` ${shown(bar.said, 60)} after ${long}` : " waits for a person")}</span>;
  const attempt = bar.attempt;
  const isOpen = bar.to === undefined;
  const isGood = attempt?.outcome === "ok";
  const sign = `${whySign(bar.reason)}${isOpen || isGood ? "" : ` ${signOf("failed")}`}`.trim();
  const word = isOpen || isGood ? ` ${long}` : ` ${shown(spaced(attempt?.outcome ?? ""), 40)}`;
  const kind = isOpen ? "open" : isGood ? "good" : "bad";
  const tip = `attempt ${attempt?.n ?? ""}, ${bar.reason}, ${shown(attempt?.model, 80)}: ${isOpen ? "running" : spaced(attempt?.outcome ?? "")}, ${long}`;
  return <span class={`bar ${kind} ${whySign(bar.reason) && bar.reason}`} style={place} title={tip}>{fitting(width, sign, word)}</span>;
}

// Where there is no room for words there is for the sign.
const fitting = (width: number, sign: string, word: string): string =>
  width >= ROOM_FOR_WORDS ? (sign + word).trim() : width >= ROOM_FOR_SIGN ? sign : "";

const WAIT_LOOKS = new Map([["back_off", "dots"], ["needs", "dashes"], ["alone_first", "dashes"]]);

// Calls in flight over time: a gap under the limit is time for sale. And, for long lists, a small map of the rows.
function useCanvas(width: number, height: number, draw: (on: CanvasRenderingContext2D, colour: (name: string) => string) => void) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    const on = element?.getContext("2d");
    if (!element || !on) return;
    const ratio = Math.min(3, window.devicePixelRatio || 1);
    element.width = width * ratio;
    element.height = height * ratio;
    on.scale(ratio, ratio);
    const style = getComputedStyle(element);
    draw(on, (name) => style.getPropertyValue(`--${name}`));
  });
  return canvas;
}

export function Strip({ run, axis, now }: { run: Run; axis: Axis; now: number }) {
  const height = 32;
  const limit = asNumber(asObject(run.started.context).max_concurrency);
  const most = run.flight.reduce((found, [, number]) => Math.max(found, number), 0);
  const canvas = useCanvas(axis.width, height, (on, colour) => {
    const top = Math.max(1, most, limit <= most * 4 ? limit : 0);
    const unit = (height - 4) / top;
    on.fillStyle = colour("flight");
    run.flight.forEach(([at, number], place) => {
      const [left, right] = [axis.x(at), axis.x(run.flight[place + 1]?.[0] ?? now)];
      if (number && right > 0 && left < axis.width) on.fillRect(left, height - number * unit, Math.max(0.5, right - left), number * unit);
    });
    if (!limit || limit > top) return;
    on.strokeStyle = colour("quiet");
    on.setLineDash([4, 3]);
    on.strokeRect(-1, height - limit * unit, axis.width + 2, height);
  });
  return <canvas ref={canvas} class="strip" role="img" aria-label={`calls in flight, ${most} at most${limit ? `, the limit is ${limit}` : ""}`} style={{ width: `${axis.width}px`, height: `${height}px` }} />;
}

export function Minimap({ run, items, height, top, seen, onJump }: { run: Run; items: Item[]; height: number; top: number; seen: number; onJump: (share: number) => void }) {
  const canvas = useCanvas(14, height, (on, colour) => {
    const unit = height / Math.max(1, items.length);
    items.forEach(({ row }, place) => {
      const state = row && run.state(row);
      if (!state || state === "done" || state === "planned") return;
      on.fillStyle = colour(state === "running" || state === "waiting" ? "run" : state === "asking" ? "ask" : "bad");
      on.fillRect(2, place * unit, 10, Math.max(1, unit));
    });
    on.strokeStyle = colour("quiet");
    on.strokeRect(0.5, top * height, 13, Math.max(3, seen * height));
  });
  return <canvas ref={canvas} class="minimap" aria-hidden="true" style={{ width: "14px", height: `${height}px` }} onClick={(event) => onJump(event.offsetY / height)} />;
}

// What the signs mean.
export const Legend = () => (
  <ul class="legend" aria-label="legend">
    {grammar.legend.map(({ look, sign, word }) => <li key={word}>{look ? <span class={look} aria-hidden="true">{sign}</span> : sign} {word}</li>)}
  </ul>
);

// The same as a plain table, a page at a time.
const PAGE = 80;

export function TaskTable({ run, items, now }: { run: Run; items: Item[]; now: number }) {
  const [wanted, turn] = useState(0);
  const rows = items.flatMap(({ row }) => row ?? []);
  const first = wanted < rows.length ? wanted : 0;
  return (
    <section class="as-table" aria-label="tasks as a table" tabIndex={0}>
      <Table columns={["!task", "title", "worker", "state", "#attempts", "#time", "#cost", "why not"]} lines={rows.slice(first, first + PAGE).map((row) => [
        row.id || row.title, row.title, row.worker, wordOf(run.state(row)), row.attempts.length, row.began ? duration(took(row, now)) : "", money(costOf(row)),
        NOT_DONE.has(run.state(row)) ? reasonOf(run, row) : "",
      ])} />
      <Pages first={first} size={PAGE} of={rows.length} onTurn={turn} />
    </section>
  );
}
