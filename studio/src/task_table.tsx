// The same as a plain table, a hundred rows a page.

import { useState } from "preact/hooks";
import { reasonOf, took, type Item } from "./listing.ts";
import type { Run } from "./run.ts";
import { shown } from "./values.ts";
import { NOT_DONE, count, duration, money, wordOf } from "./words.ts";

const PAGE = 80;

export function TaskTable({ run, items, now }: { run: Run; items: Item[]; now: number }) {
  const [page, setPage] = useState(0);
  const rows = items.flatMap(({ row }) => row ?? []);
  const first = Math.min(page * PAGE, Math.max(0, rows.length - 1));
  return (
    <section class="as-table" aria-label="tasks as a table" tabIndex={0}>
      <table>
        <thead><tr><th scope="col">task</th><th scope="col">title</th><th scope="col">worker</th><th scope="col">state</th><th scope="col" class="n">attempts</th><th scope="col" class="n">time</th><th scope="col" class="n">cost</th><th scope="col">why not</th></tr></thead>
        <tbody>
          {rows.slice(first, first + PAGE).map((row) => (
            <tr key={row.key}>
              <th scope="row">{shown(row.id || row.title, 40)}</th><td>{shown(row.title, 200)}</td><td>{shown(row.worker, 60)}</td><td>{wordOf(run.state(row))}</td>
              <td class="n">{row.attempts.length}</td><td class="n">{row.began ? duration(took(row, now)) : ""}</td><td class="n">{money(row.unknown && !row.cost ? null : row.cost)}</td>
              <td>{NOT_DONE.has(run.state(row)) ? shown(reasonOf(run, row), 200) : ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        <button type="button" disabled={first === 0} onClick={() => setPage(page - 1)}>Before</button>{" "}
        {count(first + 1)} to {count(Math.min(rows.length, first + PAGE))} of {count(rows.length)}{" "}
        <button type="button" disabled={first + PAGE >= rows.length} onClick={() => setPage(page + 1)}>After</button>
      </p>
    </section>
  );
}
