// The same as a plain table, a hundred rows a page.

import { useState } from "preact/hooks";
import { costOf, reasonOf, took, type Item } from "./listing.ts";
import { Columns, Pages } from "./parts.tsx";
import type { Run } from "./run.ts";
import { shown } from "./values.ts";
import { NOT_DONE, duration, money, wordOf } from "./words.ts";

const PAGE = 80;

export function TaskTable({ run, items, now }: { run: Run; items: Item[]; now: number }) {
  const [wanted, turn] = useState(0);
  const rows = items.flatMap(({ row }) => row ?? []);
  const first = wanted < rows.length ? wanted : 0;
  return (
    <section class="as-table" aria-label="tasks as a table" tabIndex={0}>
      <table>
        <Columns names={["task", "title", "worker", "state", "#attempts", "#time", "#cost", "why not"]} />
        <tbody>
          {rows.slice(first, first + PAGE).map((row) => (
            <tr key={row.key}>
              <th scope="row">{shown(row.id || row.title, 40)}</th><td>{shown(row.title, 200)}</td><td>{shown(row.worker, 60)}</td><td>{wordOf(run.state(row))}</td>
              <td class="n">{row.attempts.length}</td><td class="n">{row.began ? duration(took(row, now)) : ""}</td><td class="n">{money(costOf(row))}</td>
              <td>{NOT_DONE.has(run.state(row)) ? shown(reasonOf(run, row), 200) : ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Pages first={first} size={PAGE} of={rows.length} onTurn={turn} />
    </section>
  );
}
