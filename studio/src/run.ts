// The model of a run: events go in one by one, in order; what the page shows is read from it. It knows no document.

import { asList, asNumber, asObject, asText, isState, type Json, type State } from "./words.ts";

export interface LogEvent extends Json { seq: number; t: number; type: string }
export type Attempt = ReturnType<typeof attemptOf>;
export interface Bar { kind: "attempt" | "wait" | "person"; reason: string; from: number; to: number | undefined; attempt?: Attempt; said: string }
interface Sums { cost: number; unknown: boolean; lost: number }

export interface Row extends Sums {
  key: string; id: string; title: string; worker: string; group: string; needs: string[];
  bars: Bar[]; attempts: Attempt[]; effects: string[];
  open: Record<Kind, number>; asking: number; ended: State | undefined; kept: boolean; error: Json; began: number; over: number | undefined;
}

export interface Question { id: string; row: Row; value: unknown; schema: Json; asked: number; answered: number | undefined; by: string; answer: unknown }
export interface CostRow extends Sums { step: string; model: string; calls: number; input: number; output: number }
export interface Idle { from: number; to: number; person: boolean }
export interface Group { key: string; title: string }

// What has begun and not ended; a node without a task has no row.
type Kind = "node" | "call" | "attempt" | "wait";
interface Part { name: string; row: Row | undefined; task?: string; bar?: Bar }

const SKIPPED_ERRORS = new Set(["", "GraphInterrupt", "ParentCommand", "GraphBubbleUp"]);
const noneOpen = (): Record<Kind, number> => ({ node: 0, call: 0, attempt: 0, wait: 0 });

export class Run implements Sums {
  started: Json = {};
  status = "running"; error = ""; result = "";
  start = 0; last = 0; dropped = 0; cut = 0;
  requests = 0; again = 0; input = 0; output = 0;
  cost = 0; unknown = false; lost = 0;
  // Done now, and found done before.
  effects: [number, number] = [0, 0];
  rows: Row[] = [];
  groups: Group[] = [];
  questions: Question[] = [];
  pauses: { from: number; to: number }[] = [];
  // The models that were left out for a while, once for each time.
  broken: string[] = [];
  idle: Idle[] = [];
  costs = new Map<string, CostRow>();
  spent = new Map<string, number>();
  // How many calls are in flight from each time on.
  flight: [number, number][] = [];
  nodes = new Map<string, { running: number; done: number; failed: number }>();
  private byKey = new Map<string, Row>();
  private byTask = new Map<string, Row>();
  private parts = new Map<string, Part>();
  private flying = 0;
  private quiet: number | undefined;
  private person = false;
  private offset: number | undefined;
  private plans = 0;

  get isOver(): boolean { return this.status !== "running" && this.status !== "waiting"; }

  take(event: LogEvent): void {
    // Each process has a clock of its own.
    if (event.type === "run.started" || event.type === "run.resumed") this.offset = undefined;
    const at = this.time(event);
    if (KNOWN.has(event.type)) (this as unknown as Record<string, (event: LogEvent, at: number) => void>)[event.type]?.call(this, event, at);
    this.last = Math.max(this.last, at);
  }

  state(row: Row): State {
    if (row.asking > 0) return "asking";
    if (row.ended) return row.ended;
    if (row.open.attempt) return "running";
    if (row.open.wait) return "waiting";
    if (row.open.node + row.open.call) return "running";
    return row.began ? (this.isOver ? "unfinished" : "waiting") : "planned";
  }

  // The monotonic clock orders what wall clocks cannot; it begins anew in each process.
  private time(event: LogEvent): number {
    const wall = asNumber(event.t);
    if (typeof event.mono !== "number") return wall;
    this.offset ??= wall - event.mono / 1000;
    return event.mono / 1000 + this.offset;
  }

  // Where the run stands still, the time up to now.
  idleNow(now: number): Idle[] {
    return this.quiet === undefined || now <= this.quiet ? this.idle : [...this.idle, { from: this.quiet, to: now, person: this.person }];
  }

  // The row of a planned task, else of a step that belongs to none.
  private rowOf(task: string, step: string): Row {
    const key = task ? `task:${task}` : `step:${step}`;
    const known = this.byTask.get(task) ?? this.byKey.get(key);
    if (known) return known;
    const group = this.plans ? (task ? "work0" : "reply") : "plan";
    if (!this.groups.some((each) => each.key === group)) this.groups.push({ key: group, title: group === "plan" ? "Plan" : "Reply" });
    const row = Object.assign(this.add(key, group), { id: task, title: task || step });
    if (task) this.byTask.set(task, row);
    return row;
  }

  private add(key: string, group: string): Row {
    const row: Row = {
      key, id: "", title: "", worker: "", group, needs: [], bars: [], attempts: [], effects: [], open: noneOpen(),
      asking: 0, ended: undefined, kept: false, error: {}, began: 0, over: undefined, cost: 0, unknown: false, lost: 0,
    };
    this.byKey.set(key, row);
    this.rows.push(row);
    return row;
  }

  private begin(kind: Kind, id: string, at: number, part: Part): void {
    this.parts.set(`${kind} ${id}`, part);
    if (part.row) {
      part.row.began ||= at;
      part.row.open[kind]++;
      if (part.bar) part.row.bars.push(part.bar);
      // What has ended and begins again is tried again.
      if (kind === "node" || kind === "call") Object.assign(part.row, { ended: undefined, over: undefined });
    }
    if (this.quiet === undefined) return;
    if (at > this.quiet) this.idle.push({ from: this.quiet, to: at, person: this.person });
    this.person = false;
    this.quiet = undefined;
  }

  private end(kind: Kind, id: string, at: number): Part | undefined {
    const part = this.parts.get(`${kind} ${id}`);
    if (!part) return undefined;
    this.parts.delete(`${kind} ${id}`);
    if (part.row) part.row.open[kind] = Math.max(0, part.row.open[kind] - 1);
    if (part.bar) part.bar.to = at;
    if (!this.parts.size) this.quiet = at;
    return part;
  }

  // Nothing goes on any more: at a pause, at the end, or where a process was killed.
  private settle(at: number): void {
    for (const { row, bar } of this.parts.values()) {
      if (bar) bar.to = at;
      if (bar?.attempt) Object.assign(bar.attempt, { to: at, outcome: bar.attempt.outcome || "cut off" });
      if (row) row.open = noneOpen();
    }
    for (const node of this.nodes.values()) node.running = 0;
    if (this.flying) this.flight.push([at, (this.flying = 0)]);
    if (this.parts.size) this.quiet = at;
    this.parts.clear();
  }

  private spend(what: string, ms: number): void { this.spent.set(what, (this.spent.get(what) ?? 0) + Math.max(0, ms)); }

  "run.started"(event: LogEvent, at: number): void {
    this.started = event;
    this.start = this.quiet = at;
  }

  "run.resumed"(): void {
    this.settle(this.last);
    this.quiet ??= this.last;
    Object.assign(this, { person: true, status: "running", error: "" });
  }

  "run.paused"(_: LogEvent, at: number): void {
    this.settle(at);
    Object.assign(this, { person: true, status: "waiting" });
  }

  "run.ended"(event: LogEvent, at: number): void {
    this.settle(at);
    Object.assign(this, { status: asText(event.status) || "done", error: asText(event.error), result: asText(event.result) });
  }

  "plan.made"(event: LogEvent): void {
    const group = `work${this.plans++}`;
    this.cut += asNumber(event.cut);
    this.groups.push({ key: group, title: this.plans > 1 ? `Work ${this.plans}` : "Work" });
    for (const task of asList(event.tasks).map(asObject)) {
      const id = asText(task.task_id);
      const known = this.byTask.get(id);
      const row = known && !known.ended ? known : this.add(`task:${id}${known ? `#${this.plans}` : ""}`, group);
      Object.assign(row, { id, title: asText(task.title) || id, worker: asText(task.worker), needs: asList(task.depends_on).map(asText), group });
      this.byTask.set(id, row);
    }
  }

  private node(name: string): { running: number; done: number; failed: number } { return valueIn(this.nodes, name, () => ({ running: 0, done: 0, failed: 0 })); }

  "node.started"(event: LogEvent, at: number): void {
    const [name, task] = [asText(event.node), asText(event.task)];
    const row = task ? this.rowOf(task, name) : undefined;
    if (row) row.worker ||= name;
    this.node(name).running++;
    this.begin("node", asText(event.id), at, { name, task, row });
  }

  "node.ended"(event: LogEvent, at: number): void {
    const part = this.end("node", asText(event.id), at);
    if (!part) return;
    const [counted, error] = [this.node(part.name), asText(event.error)];
    counted.running = Math.max(0, counted.running - 1);
    if (!error) counted.done++;
    else if (!SKIPPED_ERRORS.has(error)) counted.failed++;
  }

  "call.started"(event: LogEvent, at: number): void {
    const [step, node] = [asText(event.step), this.parts.get(`node ${asText(event.node)}`)];
    const row = this.rowOf(asText(event.task) || (node?.task ?? ""), step);
    row.worker ||= node?.name ?? "";
    this.begin("call", asText(event.id), at, { name: step, row });
  }

  "call.ended"(event: LogEvent, at: number): void {
    const row = this.end("call", asText(event.id), at)?.row;
    if (row && !row.id && !row.open.call) Object.assign(row, { ended: row.attempts.at(-1)?.outcome === "ok" && !event.error ? "done" : "failed", over: at });
  }

  "attempt.started"(event: LogEvent, at: number): void {
    const call = this.parts.get(`call ${asText(event.call)}`);
    const row = call?.row ?? this.rowOf("", "?");
    const attempt = attemptOf(event, call?.name ?? "?", at);
    row.attempts.push(attempt);
    this.requests++;
    if (attempt.why !== "first") this.again++;
    this.costRow(attempt).calls++;
    this.flight.push([at, ++this.flying]);
    const bar: Bar = { kind: "attempt", reason: attempt.why, from: at, to: undefined, attempt, said: "" };
    this.begin("attempt", `${asText(event.call)}/${attempt.n}`, at, { name: attempt.step, row, bar });
  }

  "attempt.ended"(event: LogEvent, at: number): void {
    const { row, bar } = this.end("attempt", `${asText(event.call)}/${asNumber(event.n)}`, at) ?? {};
    if (!row || !bar?.attempt) return;
    Object.assign(bar.attempt, endOf(event), { to: at });
    this.count(row, bar.attempt);
    this.spend("model", at - bar.from);
    this.flight.push([at, --this.flying]);
  }

  // With a fallback one step has two models, and each its own line.
  private costRow({ step, model }: Attempt): CostRow {
    return valueIn(this.costs, JSON.stringify([step, model]), () => ({ step, model, calls: 0, input: 0, output: 0, cost: 0, unknown: false, lost: 0 }));
  }

  private count(row: Row, attempt: Attempt): void {
    const line = this.costRow(attempt);
    for (const sum of [row, this, line]) {
      sum.cost += attempt.cost ?? 0;
      sum.lost += attempt.outcome === "ok" ? 0 : (attempt.cost ?? 0);
      sum.unknown ||= attempt.cost === null;
    }
    for (const sum of [this, line]) { sum.input += attempt.input; sum.output += attempt.output; }
  }

  "wait.started"(event: LogEvent, at: number): void {
    const [task, reason] = [asText(event.task), asText(event.reason)];
    const row = this.parts.get(`call ${asText(event.call)}`)?.row ?? (task ? this.rowOf(task, "") : undefined);
    this.begin("wait", asText(event.id), at, { name: reason, row, bar: { kind: "wait", reason, from: at, to: undefined, said: asText(event.on) } });
  }

  "wait.ended"(event: LogEvent, at: number): void {
    const bar = this.end("wait", asText(event.id), at)?.bar;
    if (bar) this.spend(bar.reason, at - bar.from);
  }

  "question.asked"(event: LogEvent, at: number): void {
    const id = asText(event.id);
    if (this.questions.some((each) => each.id === id)) return;
    const row = this.rowOf(asText(event.task), "question");
    row.began ||= at;
    row.asking++;
    row.bars.push({ kind: "person", reason: "person", from: at, to: undefined, said: "waits for a person" });
    this.person = true;
    this.questions.push({ id, row, value: event.value, schema: asObject(event.response_schema), asked: at, answered: undefined, by: "", answer: undefined });
  }

  "question.answered"(event: LogEvent, at: number): void {
    const question = this.questions.find((each) => each.id === asText(event.id));
    if (!question || question.answered !== undefined) return;
    Object.assign(question, { answered: at, by: asText(event.by), answer: event.answer });
    const { row } = question;
    row.asking = Math.max(0, row.asking - 1);
    if (!row.id) row.ended = "done";
    const bar = row.bars.findLast((each) => each.kind === "person" && each.to === undefined);
    if (bar) Object.assign(bar, { to: at, said: answerWord(question.answer) });
    this.spend("person", at - question.asked);
  }

  "outcome"(event: LogEvent, at: number): void {
    const row = this.rowOf(asText(event.task_id), "");
    const status = asText(event.status);
    Object.assign(row, { ended: isState(status) ? status : "failed", kept: event.is_kept === true, error: asObject(event.error), over: at, open: noneOpen() });
    row.worker ||= asText(event.worker);
    row.began ||= at;
  }

  "effect"(event: LogEvent): void {
    const isOld = event.once === "found";
    this.effects[isOld ? 1 : 0]++;
    this.byTask.get(asText(event.task))?.effects.push(`${asText(event.name)} ${asText(event.key)}: ${isOld ? "found done before" : "done now"}`);
  }

  "limiter.cool_down"(event: LogEvent, at: number): void {
    const [until, hint] = [asNumber(event.until), asNumber(event.hint_s) * 1000];
    const to = hint > 0 ? at + hint : until > 1e11 ? until : at;
    const last = this.pauses.at(-1);
    if (last && at <= last.to) last.to = Math.max(last.to, to);
    else this.pauses.push({ from: at, to });
  }

  "breaker.opened"(event: LogEvent): void { this.broken.push(asText(event.model)); }
  "log.gap"(event: LogEvent): void { this.dropped += asNumber(event.dropped); }
}

function attemptOf(event: Json, step: string, from: number) {
  const prompt = asList(event.prompt).map(asObject).map((part) => ({ role: asText(part.role), text: asText(part.text) }));
  return {
    n: asNumber(event.n), step, why: asText(event.why) || "first", after: asText(event.after), model: asText(event["gen_ai.request.model"]),
    prompt, from, to: undefined as number | undefined, ...endOf({}), outcome: "",
  };
}

function endOf(event: Json) {
  const output = asNumber(event["gen_ai.usage.output_tokens"]);
  const isUnpriced = event.cost_usd === null || (event.cost_usd === undefined && (event.answered === true || output > 0));
  return {
    outcome: asText(event.outcome) || "ok", status: asNumber(event["http.response.status_code"]), message: asText(event.message), answer: asText(event.answer),
    input: asNumber(event["gen_ai.usage.input_tokens"]), output, cached: asNumber(event["gen_ai.usage.cache_read.input_tokens"]),
    // Null: an answer whose price nobody knows.
    cost: isUnpriced ? null : asNumber(event.cost_usd), hint: asNumber(event.hint_s), finish: asList(event["gen_ai.response.finish_reasons"]).map(asText).join(", "),
  };
}

// What an answer decided, in a word or two.
const answerWord = (answer: unknown): string => (typeof answer === "string" ? answer : asText(Object.values(asObject(answer))[0] ?? answer));

// What a map holds for a key; where it holds nothing, it is made.
export function valueIn<T>(map: Map<string, T>, key: string, make: () => T): T {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}

// What a log may say; readers skip what they do not know.
const KNOWN = new Set(Object.getOwnPropertyNames(Run.prototype).filter((name) => name.includes(".") || name === "outcome" || name === "effect"));

export function runOf(events: Iterable<LogEvent>, until = Infinity): Run {
  const run = new Run();
  for (const event of events) {
    if (event.t > until) break;
    run.take(event);
  }
  return run;
}
