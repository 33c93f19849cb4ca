// Calls in flight over time: a gap under the limit is time for sale. And, for long lists, a small map of the rows.

import { useEffect, useRef } from "preact/hooks";
import type { Axis } from "./axis.ts";
import type { Item } from "./listing.ts";
import type { Run } from "./run.ts";
import { asNumber, asObject } from "./values.ts";

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

export function mostInFlight(run: Run): number {
  let most = 0;
  for (const [, number] of run.flight) if (number > most) most = number;
  return most;
}

export function Strip({ run, axis, now, height = 32 }: { run: Run; axis: Axis; now: number; height?: number }) {
  const limit = asNumber(asObject(run.started.context).max_concurrency);
  const most = mostInFlight(run);
  const canvas = useCanvas(axis.width, height, (on, colour) => {
    const top = Math.max(1, most, limit <= most * 4 ? limit : 0);
    const unit = (height - 4) / top;
    on.fillStyle = colour("flight");
    for (let place = 0; place < run.flight.length; place++) {
      const [at, number] = run.flight[place] ?? [0, 0];
      const left = axis.x(at);
      const right = axis.x(run.flight[place + 1]?.[0] ?? now);
      if (number && right > 0 && left < axis.width) on.fillRect(left, height - number * unit, Math.max(0.5, right - left), number * unit);
    }
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
