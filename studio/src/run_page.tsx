// A run on the page, live or from a file: what is chosen, and which view shows it.

import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Axis } from "./axis.ts";
import { type Contents, Select, useSize } from "./parts.tsx";
import { Details, Overview } from "./side_panel.tsx";
import { GraphView } from "./graph_view.tsx";
import { LEFT, Legend, TaskTable, Timeline } from "./timeline.tsx";
import { FILTERS, ORDERS, counted, inWords, listed, verdict, type Filter, type Order } from "./listing.ts";
import { Questions, type Answer } from "./question.tsx";
import { runOf, type LogEvent, type Row, type Run } from "./run.ts";
import { NOT_DONE, asNumber, asObject, count, duration, money, shown } from "./words.ts";

export interface Shown { events: LogEvent[]; run: Run; contents: Contents; now: number; onAnswer?: Answer; who?: string; onSave?: () => void; saves?: string; forks?: ComponentChildren }

const ZOOMS = [1, 2, 4, 8, 16, 32, 64];
const SPOKEN_MS = 2000;

export function RunPage(props: Shown) {
  const { events, contents } = props;
  const link = useMemo(() => new URLSearchParams(location.hash.slice(1)), []);
  const [selected, select] = useState(link.get("sel") ?? "");
  const [isOpen, setOpen] = useState(Boolean(selected));
  const [filter, setFilter] = useState<Filter>(FILTERS.find((each) => each === link.get("filter")) ?? "all");
  const [order, setOrder] = useState<Order>("plan");
  const [search, setSearch] = useState("");
  const [at, setAt] = useState(Number(link.get("at")) || 0);
  const [zoom, setZoom] = useState(0);
  const [isTable, setTable] = useState(false);
  const [keysOn, setKeysOn] = useState(true);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const box = useRef<HTMLDivElement>(null);
  const width = useSize(box, (element) => element.clientWidth, 900);
  const searchBox = useRef<HTMLInputElement>(null);
  const run = useMemo(() => (at ? runOf(events, at) : props.run), [at, at ? events : props.run]);
  const now = at || Math.max(run.last, run.isOver ? 0 : props.now);
  const row = run.rows.find((each) => each.key === selected || (selected !== "" && each.id === selected));
  const axis = new Axis(run.start, now, run.idleNow(now), Math.max(200, width - LEFT - 24), ZOOMS[zoom], row?.began || now);
  const items = listed(run, filter, order, search, folded, now);
  useEffect(() => keepLink({ sel: row?.key ?? "", at, filter: filter === "all" ? "" : filter }), [row?.key, at, filter]);

  const rows = items.flatMap((item) => item.row ?? []);
  const place = rows.findIndex((each) => each.key === row?.key);
  const go = (by: number): void => select((place < 0 && by < 0 ? rows.at(-1) : rows[Math.max(0, Math.min(rows.length - 1, place + by))])?.key ?? selected);
  const next = (wanted: (each: Row) => boolean): void => {
    const found = [...rows.slice(place + 1), ...rows.slice(0, place + 1)].find(wanted);
    if (!found) return;
    select(found.key);
    setOpen(true);
  };
  const step = (by: number): void => setAt(Math.round(Math.min(props.run.last, Math.max(run.start + 1, now + (by * Math.max(1, props.run.last - run.start)) / 50))));
  useKeys(keysOn, new Map([
    ["j", () => go(1)], ["k", () => go(-1)], ["ArrowDown", () => go(1)], ["ArrowUp", () => go(-1)],
    ["f", () => next((each) => NOT_DONE.has(run.state(each)))],
    ["?", () => { next((each) => each.asking > 0); setOpen(false); document.querySelector<HTMLElement>(".question :is(input, textarea, select)")?.focus(); }],
    ["/", () => searchBox.current?.focus()],
    ["Escape", () => { setOpen(false); setAt(0); (document.activeElement as HTMLElement | null)?.blur(); }],
    ["[", () => step(-1)], ["]", () => step(1)],
    ["+", () => setZoom(Math.min(ZOOMS.length - 1, zoom + 1))], ["-", () => setZoom(Math.max(0, zoom - 1))],
    ...(document.activeElement?.matches("button, summary, a") ? [] : [["Enter", () => setOpen(true)] as [string, () => void]]),
  ]));

  return (
    <div class="page">
      <header>
        <Head run={run} />
        <Spoken text={verdict(run).word} />
        <label>Replay <input type="range" min={Math.floor(run.start)} max={Math.ceil(props.run.last)} value={now} onInput={(event) => { const chosen = Number(event.currentTarget.value); setAt(chosen >= Math.floor(props.run.last) ? 0 : chosen); }} /></label>
        <Select label="Show" value={filter} among={FILTERS} onChoose={setFilter} />
        <Select label="Order" value={order} among={ORDERS} onChoose={setOrder} />
        <label>Search <input type="search" size={9} ref={searchBox} value={search} onInput={(event) => setSearch(event.currentTarget.value)} /></label>
        <span class="zoom" role="group" aria-label="zoom"><button type="button" aria-label="zoom out" onClick={() => setZoom(Math.max(0, zoom - 1))}>{"\u2212"}</button><button type="button" aria-label="zoom in" onClick={() => setZoom(Math.min(ZOOMS.length - 1, zoom + 1))}>+</button></span>
        <label title="the same as a table"><input type="checkbox" checked={isTable} onChange={() => setTable(!isTable)} /> Table</label>
        <label title="single keys: j k rows, f failure, ? question, / search, Enter details, Esc back, [ ] replay, + - zoom"><input type="checkbox" checked={keysOn} onChange={() => setKeysOn(!keysOn)} /> Keys</label>
        {props.onSave && <button type="button" onClick={props.onSave}>{props.saves ?? "Save .fanrun"}</button>}
      </header>
      <section aria-label="figures"><Facts run={run} axis={axis} now={now} /></section>
      <main>
        <div class="left" ref={box}>
          <GraphView run={run} width={width} />
          {isTable ? <TaskTable run={run} items={items} now={now} /> : (
            <Timeline run={run} axis={axis} now={now} items={items} selected={row?.key ?? ""} folded={folded} onSelect={select} onOpen={() => setOpen(true)}
              onFold={(group) => setFolded(new Set(folded.has(group) ? [...folded].filter((each) => each !== group) : [...folded, group]))} />
          )}
          <Legend />
        </div>
        <aside aria-label="details" tabIndex={0}>
          <Questions run={run} now={now} who={props.who} onAnswer={at ? undefined : props.onAnswer} />
          {isOpen && row ? <Details run={run} row={row} contents={contents} now={now} onClose={() => setOpen(false)} />
            : <><Overview run={run} contents={contents} onSelect={(each) => { select(each.key); setOpen(true); }} />{props.forks}</>}
        </aside>
      </main>
    </div>
  );
}

function keepLink(parts: Record<string, string | number>): void {
  const text = new URLSearchParams(Object.entries(parts).flatMap(([name, value]) => (value ? [[name, String(value)]] : []))).toString();
  if (text !== location.hash.slice(1)) history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
}

// Changes of state are spoken, at most every two seconds; events are not.
function Spoken({ text }: { text: string }) {
  const [said, say] = useState("");
  useEffect(() => { const timer = setTimeout(() => say(text), SPOKEN_MS); return () => clearTimeout(timer); }, [text]);
  return <div class="spoken" role="status" aria-live="polite">{said}</div>;
}

// Single keys act for as long as they are switched on and nobody types.
function useKeys(isOn: boolean, actions: Map<string, () => void>): void {
  useEffect(() => {
    if (!isOn) return;
    const press = (event: KeyboardEvent): void => {
      const isTyping = (event.target as HTMLElement).matches("input:not([type=range]), textarea, select");
      if (event.ctrlKey || event.metaKey || event.altKey || (isTyping && event.key !== "Escape")) return;
      if (actions.has(event.key)) event.preventDefault();
      actions.get(event.key)?.();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  });
}

// The head of a run: what it is, how it stands, what it took.
function Facts({ run, axis, now }: { run: Run; axis: Axis; now: number }) {
  const tasks = run.rows.filter((row) => row.id);
  const most = asNumber(asObject(run.started.context).max_cost_usd);
  const cost = run.unknown ? (run.cost ? `${money(run.cost)} and an unknown part` : "unknown") : money(run.cost);
  const facts = [
    [tasks.length ? "Tasks" : "Steps", inWords(counted(run, tasks.length ? tasks : run.rows))],
    ["Wall", duration(now - run.start)], ["of it at work", duration(axis.atWork)],
    ["Requests", `${count(run.requests)}${run.again ? ` (${count(run.again)} again)` : ""}`],
    ["Tokens", `${count(run.input)} in, ${count(run.output)} out`], ["Cost", cost + (most ? ` of ${money(most)}` : "")],
    ["of it for answers nobody could use", money(run.lost) + (run.cost ? ` (${Math.round((run.lost / run.cost) * 100)} %)` : "")],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => <div key={name} class="fact"><dt>{name}</dt><dd>{value}</dd></div>)}
      {most > 0 && <meter aria-label="budget" min={0} max={most} high={most * 0.8} value={run.cost} />}
    </dl>
  );
}

function Head({ run }: { run: Run }) {
  const { word, tone } = verdict(run);
  const { graph, thread, run: id, owner } = run.started;
  return (
    <>
      <h1>{shown(graph, 60) || "a run"}</h1>
      <span class="quiet">{thread ? `thread ${shown(thread, 60)}, ` : ""}run {shown(id, 12)}{owner ? `, by ${shown(owner, 40)}` : ""}</span>
      <span class={`badge ${tone}`}>{shown(word, 60)}</span>
      {run.dropped > 0 && <span class="badge bad">{count(run.dropped)} events are missing from this log</span>}
    </>
  );
}
