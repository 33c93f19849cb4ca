// What several pages are made of: problems, tables, choices, pages of a long list, data that is asked for.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { count, shown } from "./words.ts";

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const Problem = ({ said }: { said: string }) => (said ? <p class="problem" role="alert">{shown(said, 600)}</p> : null);

interface Cells { columns: string[]; lines: ComponentChildren[][]; isChosen?: (line: number) => boolean; below?: (line: number) => ComponentChildren }

// "#" before a column's name says that numbers stand in it, "!" that its cells name their lines. Where something is below a
// line, its first cell shows it and hides it.
export function Table({ columns, lines, isChosen, below }: Cells) {
  const [open, setOpen] = useState(-1);
  const names = columns.map((name) => name.replace(/^[#!]/, ""));
  const look = (place: number) => (columns[place]?.startsWith("#") ? "n" : undefined);
  const toggle = (line: number, inside: ComponentChildren) => <button type="button" class="link" aria-expanded={open === line} onClick={() => setOpen(open === line ? -1 : line)}>{inside}</button>;
  return (
    <table>
      {names.some(Boolean) && <thead><tr>{names.map((name, place) => (name ? <th key={place} scope="col" class={look(place)}>{shown(name, 60)}</th> : <td key={place} />))}</tr></thead>}
      <tbody>
        {lines.flatMap((cells, line) => [
          <tr key={line} class={isChosen?.(line) ? "chosen" : undefined}>
            {cells.map((cell, place) => {
              const inside = typeof cell === "string" ? shown(cell, 400) : cell;
              if (!columns[place]?.startsWith("!")) return <td key={place} class={look(place)}>{inside}</td>;
              return <th key={place} scope="row">{below ? toggle(line, inside) : inside}</th>;
            })}
          </tr>,
          below && open === line && <tr key={`${line} below`}><td colSpan={columns.length}>{below(line)}</td></tr>,
        ])}
      </tbody>
    </table>
  );
}

interface Choices<T extends string> { label: string; value: T; among: readonly T[]; onChoose: (value: T) => void }

export const Select = <T extends string>({ label, value, among, onChoose }: Choices<T>) => (
  <label>
    {label}{" "}
    <select value={value} onChange={(event) => onChoose(event.currentTarget.value as T)}>
      {among.map((each) => <option key={each} value={each}>{shown(each, 60) || "all"}</option>)}
    </select>
  </label>
);

export function Pages({ first, size, of, onTurn }: { first: number; size: number; of: number; onTurn: (first: number) => void }) {
  if (of <= size) return null;
  return (
    <p>
      <button type="button" disabled={first === 0} onClick={() => onTurn(Math.max(0, first - size))}>Before</button>{" "}
      {count(first + 1)} to {count(Math.min(of, first + size))} of {count(of)}{" "}
      <button type="button" disabled={first + size >= of} onClick={() => onTurn(first + size)}>After</button>
    </p>
  );
}

// What is asked for, as soon as it has come, or what went wrong; asked for again where what it is about has changed, and every so often.
export function Asked<T>({ ask, about, everyMs = 0, children }: { ask: () => Promise<T>; about: unknown[]; everyMs?: number; children: (found: T) => ComponentChildren }) {
  const [state, setState] = useState<{ found?: T; problem: string }>({ problem: "" });
  useEffect(() => {
    let isHere = true;
    const again = (): void => void ask().then((found) => isHere && setState({ found, problem: "" }), (error: unknown) => isHere && setState({ problem: messageOf(error) }));
    again();
    const timer = everyMs ? setInterval(again, everyMs) : 0;
    return () => { isHere = false; clearInterval(timer); };
  }, about);
  if (state.problem) return <Problem said={state.problem} />;
  return state.found === undefined ? <p class="quiet">Reading ...</p> : <>{children(state.found)}</>;
}

// What is folded is not made, and so asked for, before it is opened.
export function Fold({ summary, isOpen = false, look, children }: { summary: string; isOpen?: boolean; look?: string; children: () => ComponentChildren }) {
  const [open, setOpen] = useState(isOpen);
  return <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)} class={look}><summary>{summary}</summary>{open && children()}</details>;
}

// The size of an element, as it changes.
export function useSize<E extends HTMLElement>(element: { current: E | null }, sizeOf: (element: E) => number, first: number): number {
  const [size, setSize] = useState(first);
  useEffect(() => {
    const found = element.current;
    if (!found) return;
    const watcher = new ResizeObserver(() => setSize(sizeOf(found)));
    watcher.observe(found);
    return () => watcher.disconnect();
  }, []);
  return size;
}

interface Sent { label: string; word: string; send: () => Promise<void>; look?: string; beside?: ComponentChildren; children: (problem: string) => ComponentChildren }

// A form that does something on a server, once at a time; what the server refuses stands beside it, and beside the field that it names.
export function SendForm({ label, word, send, look, beside, children }: Sent) {
  const [state, setState] = useState<"open" | "sending" | "sent">("open");
  const [problem, setProblem] = useState("");
  const submit = (event: Event): void => {
    event.preventDefault();
    if (state !== "open") return;
    setState("sending");
    setProblem("");
    send().then(() => setState("sent"), (error: unknown) => {
      setState("open");
      setProblem(messageOf(error));
    });
  };
  return (
    <form onSubmit={submit} aria-label={label} class={look}>
      {children(problem)}
      <Problem said={problem} />
      <p class="quiet"><button type="submit" class="main" disabled={state !== "open"}>{state === "open" ? word : state === "sending" ? "sending..." : "sent"}</button>{" "}{beside}</p>
    </form>
  );
}

// Contents of a log: a text by its hash, read when it is opened, and shown as text alone.
export interface Contents { get(hash: string): Promise<string | undefined> }

const SHORT = 8000;

export const Content = ({ contents, hash, label }: { contents: Contents; hash: string; label: string }) => (
  <Asked ask={async () => (await contents.get(hash).catch(() => undefined)) ?? null} about={[contents, hash]}>
    {(text) => (text === null ? <p class="quiet">not kept in this log</p> : <LongText text={text} label={label} />)}
  </Asked>
);

export function LongText({ text, label }: { text: string; label: string }) {
  const [isWhole, setWhole] = useState(false);
  const pre = <pre tabIndex={0} role="region" aria-label={label}>{shown(text, isWhole ? Infinity : SHORT)}</pre>;
  if (text.length <= SHORT || isWhole) return pre;
  return <>{pre}<button type="button" onClick={() => setWhole(true)}>Show all {count(text.length)} characters</button></>;
}
