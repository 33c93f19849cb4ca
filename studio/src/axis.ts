// Time on the page: as long as it took, but for where only a person was waited for, which is cut out.

import type { Idle } from "./run.ts";

const CUT_WIDTH = 14;
const MOST_CUTS = 12;
const LEAST_MS = 1500;

export class Axis {
  readonly cuts: Idle[];
  readonly atWork: number;
  private readonly scale: number;
  private readonly left: number;

  // `zoom` 1 shows all; `centre` is the time in the middle of what is shown.
  constructor(readonly from: number, readonly to: number, idle: Idle[], readonly width: number, zoom = 1, centre = 0) {
    const long = idle.filter((each) => each.person && each.to - each.from > LEAST_MS);
    this.cuts = long.sort((a, b) => b.to - b.from - (a.to - a.from)).slice(0, MOST_CUTS).sort((a, b) => a.from - b.from);
    this.atWork = Math.max(1, to - from - this.cuts.reduce((sum, cut) => sum + cut.to - cut.from, 0));
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
  ticks(): { x: number; at: number }[] {
    const least = 110 / this.scale;
    const step = least > 60_000 ? Math.ceil(least / 60_000) * 60_000 : rounded(Math.max(1, least));
    const steps = Array.from({ length: Math.min(4000, Math.floor((this.atWork + 1) / step) + 1) }, (_, number) => number * step);
    return steps.map((at) => ({ x: this.x(this.time(at)), at })).filter(({ x }) => x >= 0 && x <= this.width - 40);
  }

  private time(worked: number): number {
    return this.cuts.reduce((at, cut) => (at > cut.from ? at + cut.to - cut.from : at), this.from + worked);
  }
}

// The next round number: 1, 2 or 5 and noughts.
export function rounded(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((times) => times * power >= least) ?? 10);
}
