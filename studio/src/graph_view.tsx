// The graph once, with counters in its boxes; never a box a task.

import { useMemo } from "preact/hooks";
import { counted, inSigns } from "./listing.ts";
import { valueIn, type Row, type Run } from "./run.ts";
import { asList, asNumber, asObject, asText, shown, signOf, spaced, type Json, type State } from "./words.ts";

const WIDTH = 146;
const HEIGHT = 24;
const STEP = 30;
const MOST_BOXES = 120;
interface Box { name: string; x: number; y: number }
interface Arrow { source: Box; target: Box; conditional: boolean }

export function GraphView({ run, width, other }: { run: Run; width: number; other?: Run }) {
  const plan = useMemo(() => laidOut(run.started), [run.started]);
  if (!plan.boxes.length) return null;
  const total = Math.max(width, plan.columns * (WIDTH + 12));
  const height = plan.tallest * STEP + 16;
  const byWorker = rowsByWorker(run);
  const others = other && rowsByWorker(other);
  const place = (box: Box): [number, number] => [WIDTH / 2 + 8 + box.x * (total - WIDTH - 16), 8 + box.y * (height - 16)];
  return (
    <div class="graph" tabIndex={0} role="group" aria-label="graph">
      <svg width={total} height={height} role="img" aria-label={`graph with ${plan.boxes.length} nodes`}>
        {plan.arrows.map((arrow, key) => <path key={key} d={way(arrow, place, height)} class={arrow.conditional ? "edge may" : "edge"} />)}
        {plan.boxes.map((box) => {
          const [x, y] = place(box);
          const mark = marked(run, byWorker, box.name);
          const second = other && others ? ` | ${marked(other, others, box.name).text || "-"}` : "";
          return (
            <g key={box.name} class={`box ${mark.state ?? ""}`}>
              <rect x={x - WIDTH / 2} y={y - HEIGHT / 2} width={WIDTH} height={HEIGHT} rx={/^__/.test(box.name) ? 12 : 4} />
              <text x={x} y={y + 4}>{shown(spaced(box.name.replace(/^__|__$/g, "")), 21 - Math.min(9, mark.text.length + second.length))} {mark.text}{second}</text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

function rowsByWorker(run: Run): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of run.rows) if (row.id) valueIn(found, row.worker, () => []).push(row);
  return found;
}

function marked(run: Run, byWorker: Map<string, Row[]>, name: string): { text: string; state?: State } {
  const rows = byWorker.get(name);
  if (rows) { const counts = counted(run, rows); return { text: inSigns(counts), state: counts[0]?.[0] }; }
  const node = run.nodes.get(name);
  if (!node) return { text: "" };
  const text = [node.done && signOf("done") + (node.done > 1 ? node.done : ""), node.failed && signOf("failed") + node.failed, node.running && signOf("running")];
  return { text: text.filter(Boolean).join(" "), state: node.failed ? "failed" : node.running ? "running" : "done" };
}

function way(arrow: Arrow, place: (box: Box) => [number, number], height: number): string {
  const [x1, y1] = place(arrow.source);
  const [x2, y2] = place(arrow.target);
  if (x2 <= x1) return `M${x1},${y1 + HEIGHT / 2} C${x1},${height} ${x2},${height} ${x2},${y2 + HEIGHT / 2}`;
  const [from, to] = [x1 + WIDTH / 2, x2 - WIDTH / 2];
  const middle = (from + to) / 2;
  return `M${from},${y1} C${middle},${y1} ${middle},${y2} ${to},${y2}`;
}

// Boxes at 0 to 1 in both directions, with the most that stand in one column; a log that knows no places has a row of them.
export function laidOut(started: Json): { boxes: Box[]; arrows: Arrow[]; tallest: number; columns: number } {
  const nodes = asList(started.nodes).map(asObject).slice(0, MOST_BOXES);
  const boxes = nodes.map((node, place) => ({ name: asText(node.name), x: typeof node.x === "number" ? node.x : place, y: asNumber(node.y) }));
  const known = new Map(boxes.map((box) => [box.name, box]));
  const across = [...new Set(boxes.map((box) => box.x))].sort((a, b) => a - b);
  const columns = across.map((x) => boxes.filter((box) => box.x === x).sort((a, b) => a.y - b.y));
  columns.forEach((column, place) => column.forEach((box, row) => {
    Object.assign(box, { x: columns.length > 1 ? place / (columns.length - 1) : 0.5, y: (row + 0.5) / column.length });
  }));
  const arrows = asList(started.edges).map(asObject).slice(0, MOST_BOXES * 4).flatMap((edge) => {
    const [source, target] = [known.get(asText(edge.source)), known.get(asText(edge.target))];
    return source && target ? [{ source, target, conditional: edge.conditional === true }] : [];
  });
  return { boxes, arrows, tallest: Math.max(1, ...columns.map((column) => column.length)), columns: columns.length };
}
