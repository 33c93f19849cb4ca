// The tasks as rows over time; only the rows in sight are in the document.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Axis } from "./axis.ts";
import { Lane, stateSign } from "./lane.tsx";
import { costOf, counted, inWords, labelOf, type Item } from "./listing.ts";
import type { Group, Row, Run } from "./run.ts";
import { Minimap, Strip } from "./strip.tsx";
import { shown } from "./values.ts";
import { duration, money, plural } from "./words.ts";

export const LEFT = 330;
const HEIGHT = 26;
const AROUND = 6;
const MAPPED = 300;
const MOST_BANDS = 60;

interface Props {
  run: Run; axis: Axis; now: number; items: Item[]; selected: string; folded: ReadonlySet<string>;
  onSelect: (key: string) => void; onOpen: () => void; onFold: (group: string) => void;
}

export function Timeline(props: Props) {
  const { run, axis, now, items, selected } = props;
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const watcher = new ResizeObserver(() => setHeight(element.clientHeight));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
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
        {axis.ticks().map((tick) => <span key={tick.at} style={{ left: `${tick.x}px` }}>{tickWord(tick.at)}</span>)}
        {axis.cuts.map((cut) => (
          <span key={cut.from} class="left-out" style={{ left: `${Math.max(0, Math.min(axis.width - 150, axis.x(cut.from) - 60))}px` }}>// {duration(cut.to - cut.from)} left out</span>
        ))}
      </div>
      <div class="flight" style={{ left: `${LEFT}px` }}><Strip run={run} axis={axis} now={now} /></div>
      <span class="caption">calls in flight</span>
    </div>
  );
}

const tickWord = (ms: number): string => (ms === 0 ? "0" : duration(ms).replace(".0 s", " s"));

// The provider's pauses and the time that is left out stand behind all rows: one cause, seen once.
function Bands({ run, axis, now }: { run: Run; axis: Axis; now: number }) {
  const pauses = merged(run.pauses.map(({ from, to }) => [from, Math.min(to, Math.max(now, from))]));
  return (
    <div class="bands" aria-hidden="true" style={{ left: `${LEFT}px`, width: `${axis.width}px` }}>
      {pauses.slice(0, MOST_BANDS).map(([from, to]) => <i key={from} class="pause" style={{ left: `${axis.x(from)}px`, width: `${Math.max(2, axis.x(to) - axis.x(from))}px` }} />)}
      {axis.cuts.map((cut) => <i key={cut.from} class="cut" style={{ left: `${axis.x(cut.from)}px`, width: `${axis.x(cut.to) - axis.x(cut.from)}px` }} />)}
    </div>
  );
}

function merged(spans: [number, number][]): [number, number][] {
  const found: [number, number][] = [];
  for (const [from, to] of spans.sort((a, b) => a[0] - b[0])) {
    const before = found.at(-1);
    if (before && from <= before[1]) before[1] = Math.max(before[1], to);
    else found.push([from, to]);
  }
  return found;
}

function Line(props: Props & { item: Item; place: number }) {
  const { item, place } = props;
  const shared = { id: `row-${place}`, role: "row", "aria-rowindex": place + 1, style: { top: `${place * HEIGHT}px` } } as const;
  if (item.group) return <GroupLine {...props} group={item.group} size={item.size} shared={shared} />;
  const row = item.row;
  if (!row) return null;
  const isChosen = row.key === props.selected;
  const label = labelOf(props.run, row, props.now);
  return (
    <div {...shared} class={`row${isChosen ? " chosen" : ""}`} aria-selected={isChosen} aria-label={shown(label, 500)} onClick={() => { props.onSelect(row.key); props.onOpen(); }}>
      <RowName run={props.run} row={row} />
      <div role="gridcell" class="lane" style={{ width: `${props.axis.width}px` }}><Lane run={props.run} row={row} axis={props.axis} now={props.now} /></div>
    </div>
  );
}

const RowName = ({ run, row }: { run: Run; row: Row }) => (
  <div role="gridcell" class="name" style={{ width: `${LEFT}px` }}>
    {stateSign(run, row)}
    {row.id && <span class="id">{shown(row.id, 12)}</span>}
    <span class="title">{shown(row.title, 120)}</span>
    {row.attempts.length > 1 && <span class="tries">{plural(row.attempts.length, "try", "tries")}</span>}
    {row.attempts.length > 0 && <span class="cost">{money(costOf(row))}</span>}
  </div>
);

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
