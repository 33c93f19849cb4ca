// Which tasks of two runs belong together: those of one id, else of one title.

import type { Row, Run } from "./run.ts";

export function pairs(a: Run, b: Run): [Row | undefined, Row | undefined][] {
  const byId = new Map(b.rows.map((row) => [row.id || row.key, row]));
  const byTitle = new Map(b.rows.map((row) => [row.title, row]));
  const left = new Set(b.rows);
  const found: [Row | undefined, Row | undefined][] = [];
  for (const row of a.rows) {
    const same = [byId.get(row.id || row.key), byTitle.get(row.title)].find((each) => each && left.has(each) && (each.title === row.title || !byTitle.has(row.title)));
    if (same) left.delete(same);
    found.push([row, same]);
  }
  return [...found, ...[...left].map((row): [undefined, Row] => [undefined, row])];
}
