// Time on the page: as long as it took, but for where only a person was waited for, which is cut out.

import type { Idle } from "./run.ts";

export const CUT_WIDTH = 14;
const MOST_CUTS = 12;
const LEAST_MS = 1500;
export interface Tick { x: number; at: number }

export class Axis {
  readonly cuts: Idle[];
  readonly atWork: number;
  private readonly scale: number;
  private readonly left: number;

  // `zoom` 1 shows all; `centre` is the time in the middle of what is shown.
  constructor(readonly from: number, readonly to: number, idle: Idle[], readonly width: number, zoom = 1, centre = 0) {
    const whole = Math.max(1, to - from);
    const long = idle.filter((each) => each.person && each.to - each.from > LEAST_MS);
    const chosen = long.sort((a, b) => b.to - b.from - (a.to - a.from)).slice(0, MOST_CUTS);
    this.cuts = chosen.sort((a, b) => a.from - b.from);
    this.atWork = Math.max(1, whole - this.cuts.reduce((sum, cut) => sum + cut.to - cut.from, 0));
    this.scale = (Math.max(50, width - CUT_WIDTH * this.cuts.length) / this.atWork) * zoom;
    this.left = 0;
    if (zoom > 1) { const end = this.x(to); this.left = Math.max(0, Math.min(end - width, this.x(centre) - width / 2)); }
  }

  x(at: number): number {
    let worked = at - this.from;
    let cutting = 0;
    for (const cut of this.cuts) {
      if (at <= cut.from) break;
      const past = Math.min(at, cut.to) - cut.from;
      worked -= past;
      cutting += (past / (cut.to - cut.from)) * CUT_WIDTH;
    }
    return worked * this.scale + cutting - this.left;
  }

  // Round steps of time at work, a hundred pixels or more apart.
  ticks(): Tick[] {
    const step = roundStep(110 / this.scale);
    const found: Tick[] = [];
    for (let worked = 0; worked <= this.atWork + 1 && found.length < 4000; worked += step) {
      const at = this.time(worked);
      const x = this.x(at);
      if (x > this.width - 40) break;
      if (x >= 0) found.push({ x, at: worked });
    }
    return found;
  }

  private time(worked: number): number {
    let at = this.from + worked;
    for (const cut of this.cuts) if (at > cut.from) at += cut.to - cut.from;
    return at;
  }
}

function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  if (least > 60_000) return Math.ceil(least / 60_000) * 60_000;
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= least) ?? power * 10;
}
