// What several pages are made of: problems, heads of tables, choices, pages of a long list, data that is asked for.

import { useEffect, useState } from "preact/hooks";
import { shown } from "./values.ts";
import { count } from "./words.ts";

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const Problem = ({ said }: { said: string }) => (said ? <p class="problem" role="alert">{shown(said, 600)}</p> : null);

// The heads of a table's columns; "#" before a name says that numbers stand below it.
export const Columns = ({ names }: { names: string[] }) => (
  <thead>
    <tr>
      {names.map((name, place) => {
        const word = name.replace("#", "");
        return word ? <th key={place} scope="col" class={word === name ? "" : "n"}>{shown(word, 60)}</th> : <td key={place} />;
      })}
    </tr>
  </thead>
);

interface Choices<T extends string> { label: string; value: T; among: readonly T[]; onChoose: (value: T) => void; word?: (value: T) => string }

export const Select = <T extends string>({ label, value, among, onChoose, word }: Choices<T>) => (
  <label>
    {label}{" "}
    <select value={value} onChange={(event) => onChoose(event.currentTarget.value as T)}>
      {among.map((each) => <option key={each} value={each}>{shown(word ? word(each) : each || "all", 60)}</option>)}
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

// What was asked for, once it has come, or what went wrong; asked for again where what it is about has changed, and every so often.
export function useAsked<T>(ask: () => Promise<T>, about: unknown[], everyMs = 0): { found?: T; problem: string } {
  const [state, setState] = useState<{ found?: T; problem: string }>({ problem: "" });
  useEffect(() => {
    let isHere = true;
    const again = (): void => void ask().then(
      (found) => isHere && setState({ found, problem: "" }),
      (error: unknown) => isHere && setState({ problem: messageOf(error) }),
    );
    again();
    const timer = everyMs ? setInterval(again, everyMs) : 0;
    return () => { isHere = false; clearInterval(timer); };
  }, about);
  return state;
}
