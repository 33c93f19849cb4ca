// Quality against what it takes: a point a candidate, with both intervals. The table beside it says the same in figures.

import { rounded } from "./axis.ts";
import { interval, told, type Candidate, type Figure } from "./evaluation.ts";
import { shown } from "./words.ts";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [520, 300, 56, 40, 14, 20];
const LINE = 15;
// A shape of its own for each, so that no colour is needed to tell them apart.
const SHAPES = ["M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0", "M-5,-5h10v10h-10z", "M0,-6l6,11h-12z", "M0,-7l7,7l-7,7l-7,-7z", "M-5,-5h10l-5,10z", "M-6,-2h4v-4h4v4h4v4h-4v4h-4v-4h-4z"];

const shapeOf = (place: number): string => SHAPES[place % SHAPES.length] ?? "";

export const Shape = ({ place }: { place: number }) => (
  <svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true" class={`mark m${place % SHAPES.length}`}><path class="shape" d={shapeOf(place)} /></svg>
);

interface Point { name: string; place: number; x: Figure; y: Figure }
type Scale = (value: number) => number;

export function Plot({ candidates, quality, price }: { candidates: Candidate[]; quality: string; price: string }) {
  const points = candidates.flatMap((each, place): Point[] => {
    const [x, y] = [each.figures.get(price), each.figures.get(quality)];
    return x && y ? [{ name: each.name, place, x, y }] : [];
  });
  const title = `${quality} against ${price}`;
  if (!points.length) return <figure><figcaption>{shown(title, 120)}</figcaption><p class="quiet">Nobody knows {price === "seconds" ? "how long these runs took" : "what these runs cost"}.</p></figure>;
  const words = points.map(({ name, x, y }) => `${name}: ${told(quality, y.value)} at ${told(price, x.value)}`);
  const [across, up] = [ends(points.map(({ x }) => x), true), ends(points.map(({ y }) => y), false)];
  const toX: Scale = (value) => LEFT + ((value - across[0]) / (across[1] - across[0])) * (WIDTH - LEFT - RIGHT);
  const toY: Scale = (value) => HEIGHT - BOTTOM - ((value - up[0]) / (up[1] - up[0])) * (HEIGHT - BOTTOM - TOP);
  return (
    <figure>
      <figcaption>{shown(title, 120)}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={shown(`${title}. ${words.join("; ")}`, 1000)}>
        {ticks(up).map((value) => <g key={`y${value}`}><path class="grid" d={`M${LEFT},${toY(value)}H${WIDTH - RIGHT}`} /><text x={LEFT - 6} y={toY(value) + 4} text-anchor="end">{told(quality, value)}</text></g>)}
        {ticks(across).map((value) => <g key={`x${value}`}><path class="grid" d={`M${toX(value)},${TOP}V${HEIGHT - BOTTOM}`} /><text x={toX(value)} y={HEIGHT - BOTTOM + 16} text-anchor="middle">{told(price, value)}</text></g>)}
        <text x={WIDTH - RIGHT} y={HEIGHT - 6} text-anchor="end">{price === "seconds" ? "time a run" : "cost a run"}</text>
        {points.map((point) => <Mark key={point.place} point={point} toX={toX} toY={toY} />)}
        {labelled(points, toX, toY).map(({ point, x, y, isLeft }) => <text key={point.place} class="named" x={x} y={y} text-anchor={isLeft ? "end" : "start"}>{shown(point.name, 34)}</text>)}
      </svg>
    </figure>
  );
}

const Mark = ({ point: { place, x, y }, toX, toY }: { point: Point; toX: Scale; toY: Scale }) => (
  <g class={`mark m${place % SHAPES.length}`}>
    <path class="whisker" d={`M${toX(x.low)},${toY(y.value)}H${toX(x.high)}M${toX(x.value)},${toY(y.low)}V${toY(y.high)}`} />
    <path class="shape" d={shapeOf(place)} transform={`translate(${toX(x.value)},${toY(y.value)})`} />
  </g>
);

// Names stand beside their points, towards the middle, and never on one another.
function labelled(points: Point[], toX: Scale, toY: Scale): { point: Point; x: number; y: number; isLeft: boolean }[] {
  let last = -Infinity;
  return [...points].sort((a, b) => b.y.value - a.y.value).map((point) => {
    const at = toX(point.x.value);
    const isLeft = at > WIDTH / 2;
    last = Math.max(last + LINE, toY(point.y.value) - 8, TOP + LINE);
    return { point, x: at + (isLeft ? -10 : 10), y: last, isLeft };
  });
}

function ends(figures: Figure[], fromNought: boolean): [number, number] {
  const high = Math.max(...figures.map((each) => each.high));
  const low = fromNought ? 0 : Math.min(...figures.map((each) => each.low));
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [fromNought ? 0 : Math.max(0, low - room), fromNought ? high + room : Math.min(Math.max(1, high), high + room)];
}

// Three to six round values between two ends.
function ticks([from, to]: [number, number]): number[] {
  const step = rounded((to - from) / 4);
  const first = Math.ceil(from / step - 1e-9);
  return Array.from({ length: Math.floor(to / step + 1e-9) - first + 1 }, (_, number) => (first + number) * step);
}

// A figure with its interval on a line that all figures of its measure share.
export function Interval({ figure, among, measure }: { figure: Figure; among: Figure[]; measure: string }) {
  const [from, to] = [Math.min(0, ...among.map((each) => each.low)), Math.max(...among.map((each) => each.high))];
  const at = (value: number): number => 4 + ((value - from) / (to - from || 1)) * 142;
  const words = `${told(measure, figure.value)}, ${interval(measure, figure)}`;
  return (
    <svg class="interval" width="150" height="16" role="img" aria-label={words}>
      <path class="grid" d="M4,8H146" />
      {figure.hasInterval && <path class="whisker" d={`M${at(figure.low)},8H${at(figure.high)}M${at(figure.low)},4V12M${at(figure.high)},4V12`} />}
      <circle class="shape" cx={at(figure.value)} cy="8" r="4" />
    </svg>
  );
}
