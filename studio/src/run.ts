// The model of a run: events go in one by one, in order; what the page shows is read from it. It knows no document.

import { costRow, type CostRow } from "./costs.ts";
import { asList, asNumber, asObject, asText, type Json } from "./values.ts";
import { isState, type State } from "./words.ts";

export interface LogEvent extends Json {
  seq: number;
  t: number;
  type: string;
}

export interface Part { role: string; text: string }

export interface Attempt {
  n: number; step: string; why: string; after: string; model: string; prompt: Part[];
  from: number; to: number | undefined;
  outcome: string; status: number; input: number; output: number; cached: number;
  // Null: an answer whose price nobody knows.
  cost: number | null;
  answer: string; message: string; finish: string; hint: number;
}

export interface Bar { kind: "attempt" | "wait" | "person"; reason: string; from: number; to: number | undefined; attempt?: Attempt; said: string }

export interface Row {
  key: string; id: string; title: string; worker: string; group: string; needs: string[];
  bars: Bar[]; attempts: Attempt[]; effects: string[]; roles: string[];
  open: number; calling: number; waiting: number; asking: number; ended: State | undefined; error: Json; began: number; over: number | undefined;
  cost: number; unknown: boolean; lost: number;
}

export interface Question {
  id: string; row: Row; value: unknown; schema: Json; asked: number;
  answered: number | undefined; by: string; answer: unknown;
}

export interface Idle { from: number; to: number; person: boolean }
export interface Group { key: string; title: string }
interface Call { row: Row; step: string; role: string; open: boolean }
interface NodeSpan { name: string; task: string; row: Row | undefined }

const SKIPPED_ERRORS = new Set(["", "GraphInterrupt", "ParentCommand", "GraphBubbleUp"]);

export class Run {
  started: Json = {};
  status = "running"; error = ""; result = "";
  start = 0; last = 0; seq = 0; dropped = 0; cut = 0;
  requests = 0; again = 0; input = 0; output = 0;
  cost = 0; unknown = false; lost = 0;
  // Done now, and found done before.
  effects: [number, number] = [0, 0];
  rows: Row[] = [];
  groups: Group[] = [];
  questions: Question[] = [];
  pauses: { from: number; to: number; model: string }[] = [];
  broken: { model: string; from: number; to: number | undefined }[] = [];
  idle: Idle[] = [];
  costs = new Map<string, CostRow>();
  spent = new Map<string, number>();
  // How many calls are in flight from each time on.
  flight: [number, number][] = [];
  nodes = new Map<string, { running: number; done: number; failed: number }>();
  private byKey = new Map<string, Row>();
  private byTask = new Map<string, Row>();
  private calls = new Map<string, Call>();
  private attempts = new Map<string, { attempt: Attempt; bar: Bar; row: Row }>();
  private waits = new Map<string, { bar: Bar; row: Row | undefined }>();
  private spans = new Map<string, NodeSpan>();
  private busy = 0;
  private quiet: number | undefined;
  private person = false;
  private offset: number | undefined;
  private plans = 0;

  get isOver(): boolean { return this.status !== "running" && this.status !== "waiting"; }

  take(event: LogEvent): void {
    // Each process has a clock of its own.
    if (event.type === "run.started" || event.type === "run.resumed") this.offset = undefined;
    const at = this.time(event);
    this.seq = Math.max(this.seq, asNumber(event.seq));
    if (KNOWN.has(event.type)) (this as unknown as Record<string, Handler>)[event.type]?.call(this, event, at);
    this.last = Math.max(this.last, at);
  }

  state(row: Row): State {
    if (row.asking > 0) return "asking";
    if (row.ended) return row.ended;
    if (row.calling > 0) return "running";
    if (row.waiting > 0) return "waiting";
    if (row.open > 0) return "running";
    return row.began ? (this.isOver ? "unfinished" : "waiting") : "planned";
  }

  // The monotonic clock orders what wall clocks cannot; it begins anew in each process.
  private time(event: LogEvent): number {
    const wall = asNumber(event.t);
    if (typeof event.mono !== "number") return wall;
    this.offset ??= wall - event.mono / 1000;
    return event.mono / 1000 + this.offset;
  }

  "run.started"(event: LogEvent, at: number): void {
    this.started = event;
    this.start = at;
    this.quiet = at;
  }

  "plan.made"(event: LogEvent): void {
    const group = `work${this.plans++}`;
    const tasks = asList(event.tasks).map(asObject);
    this.cut += asNumber(event.cut);
    this.groups.push({ key: group, title: this.plans > 1 ? `Work ${this.plans}` : "Work" });
    for (const task of tasks) this.plan(group, task);
  }

  private plan(group: string, task: Json): void {
    const id = asText(task.task_id);
    const known = this.byTask.get(id);
    const row = known && !known.ended ? known : this.add(`task:${id}${known ? `#${this.plans}` : ""}`, group);
    Object.assign(row, { id, title: asText(task.title) || id, worker: asText(task.worker), needs: asList(task.depends_on).map(asText), group });
    this.byTask.set(id, row);
  }

  private add(key: string, group: string): Row {
    const row: Row = {
      key, id: "", title: "", worker: "", group, needs: [], bars: [], attempts: [], effects: [], roles: [],
      open: 0, calling: 0, waiting: 0, asking: 0, ended: undefined, error: {}, began: 0, over: undefined, cost: 0, unknown: false, lost: 0,
    };
    this.byKey.set(key, row);
    this.rows.push(row);
    return row;
  }

  // The row of a planned task, else of a step that belongs to none.
  private rowOf(task: string, step: string): Row {
    const planned = this.byTask.get(task);
    if (planned) return planned;
    const key = task ? `task:${task}` : `step:${step}`;
    const known = this.byKey.get(key);
    if (known) return known;
    const group = this.plans ? (task ? "work0" : "reply") : "plan";
    if (!this.groups.some((each) => each.key === group)) this.groups.push({ key: group, title: group === "plan" ? "Plan" : "Reply" });
    const row = this.add(key, group);
    row.id = task;
    row.title = task || step;
    if (task) this.byTask.set(task, row);
    return row;
  }

  private begin(at: number): void {
    if (this.busy++ === 0 && this.quiet !== undefined && at > this.quiet) this.idle.push({ from: this.quiet, to: at, person: this.person });
    if (this.busy === 1) this.person = false;
    this.quiet = undefined;
  }

  private end(at: number): void { if (this.busy > 0 && --this.busy === 0) this.quiet = at; }

  // Nothing goes on any more: at a pause, at the end, or where a process was killed.
  private settle(at: number): void {
    for (const open of this.attempts.values()) {
      open.bar.to = open.attempt.to = at;
      open.attempt.outcome ||= "cut off";
      this.flight.push([at, 0]);
      open.row.calling = 0;
    }
    for (const { bar, row } of this.waits.values()) { bar.to = at; if (row) row.waiting = 0; }
    for (const { name, row } of this.spans.values()) { this.node(name).running = 0; if (row) row.open = 0; }
    for (const call of this.calls.values()) if (call.open) call.row.open = 0;
    this.attempts.clear();
    this.waits.clear();
    this.spans.clear();
    if (this.busy > 0) this.quiet = at;
    this.busy = 0;
  }

  "run.resumed"(): void {
    this.settle(this.last);
    this.quiet ??= this.last;
    this.person = true;
    this.status = "running";
    this.error = "";
  }

  "run.paused"(_: LogEvent, at: number): void {
    this.settle(at);
    this.person = true;
    this.status = "waiting";
  }

  "run.ended"(event: LogEvent, at: number): void {
    this.settle(at);
    this.status = asText(event.status) || "done";
    this.error = asText(event.error);
    this.result = asText(event.result);
  }

  // Where the run stands still, the time up to now.
  idleNow(now: number): Idle[] {
    return this.quiet === undefined || now <= this.quiet ? this.idle : [...this.idle, { from: this.quiet, to: now, person: this.person }];
  }

  private node(name: string): { running: number; done: number; failed: number } {
    let found = this.nodes.get(name);
    if (!found) this.nodes.set(name, (found = { running: 0, done: 0, failed: 0 }));
    return found;
  }

  "node.started"(event: LogEvent, at: number): void {
    const name = asText(event.node);
    const task = asText(event.task);
    const row = task ? this.rowOf(task, name) : undefined;
    if (row) this.open(row, at);
    if (row && !row.worker) row.worker = name;
    this.spans.set(asText(event.id), { name, task, row });
    this.node(name).running++;
    this.begin(at);
  }

  "node.ended"(event: LogEvent, at: number): void {
    const span = this.spans.get(asText(event.id));
    if (!span) return;
    this.spans.delete(asText(event.id));
    const counted = this.node(span.name);
    const error = asText(event.error);
    counted.running = Math.max(0, counted.running - 1);
    if (!error) counted.done++;
    else if (!SKIPPED_ERRORS.has(error)) counted.failed++;
    if (span.row) span.row.open = Math.max(0, span.row.open - 1);
    this.end(at);
  }

  private open(row: Row, at: number): void {
    row.began ||= at;
    row.open++;
    // What has ended and begins again is tried again.
    row.ended = undefined;
    row.over = undefined;
  }

  "call.started"(event: LogEvent, at: number): void {
    const step = asText(event.step);
    const span = this.spans.get(asText(event.node));
    const row = this.rowOf(asText(event.task) || (span?.task ?? ""), step);
    const role = asText(event.role);
    if (!row.worker && span) row.worker = span.name;
    if (role && !row.roles.includes(role)) row.roles.push(role);
    this.open(row, at);
    this.calls.set(asText(event.id), { row, step, role, open: true });
    this.begin(at);
  }

  "call.ended"(event: LogEvent, at: number): void {
    const call = this.calls.get(asText(event.id));
    if (!call?.open) return;
    call.open = false;
    call.row.open = Math.max(0, call.row.open - 1);
    if (!call.row.id && call.row.open === 0) { call.row.ended = call.row.attempts.at(-1)?.outcome === "ok" && !event.error ? "done" : "failed"; call.row.over = at; }
    this.end(at);
  }

  private callOf(id: string): Call {
    const known = this.calls.get(id);
    if (known) return known;
    const made: Call = { row: this.rowOf("", "?"), step: "?", role: "", open: false };
    this.calls.set(id, made);
    return made;
  }

  "attempt.started"(event: LogEvent, at: number): void {
    const call = this.callOf(asText(event.call));
    const why = asText(event.why) || "first";
    const attempt: Attempt = {
      n: asNumber(event.n), step: call.step, why, after: asText(event.after), model: asText(event["gen_ai.request.model"]),
      prompt: asList(event.prompt).map(asObject).map((part) => ({ role: asText(part.role), text: asText(part.text) })),
      from: at, to: undefined, outcome: "", status: 0, input: 0, output: 0, cached: 0, cost: 0,
      answer: "", message: "", finish: "", hint: 0,
    };
    const bar: Bar = { kind: "attempt", reason: why, from: at, to: undefined, attempt, said: "" };
    call.row.bars.push(bar);
    call.row.attempts.push(attempt);
    call.row.calling++;
    this.attempts.set(`${asText(event.call)}/${attempt.n}`, { attempt, bar, row: call.row });
    this.requests++;
    if (why !== "first") this.again++;
    costRow(this.costs, call.step, attempt.model).calls++;
    this.flight.push([at, this.attempts.size]);
    this.begin(at);
  }

  "attempt.ended"(event: LogEvent, at: number): void {
    const key = `${asText(event.call)}/${asNumber(event.n)}`;
    const found = this.attempts.get(key);
    if (!found) return;
    this.attempts.delete(key);
    const { attempt, bar, row } = found;
    row.calling = Math.max(0, row.calling - 1);
    attempt.to = bar.to = at;
    attempt.outcome = asText(event.outcome) || "ok";
    attempt.status = asNumber(event["http.response.status_code"]);
    attempt.input = asNumber(event["gen_ai.usage.input_tokens"]);
    attempt.output = asNumber(event["gen_ai.usage.output_tokens"]);
    attempt.cached = asNumber(event["gen_ai.usage.cache_read.input_tokens"]);
    attempt.answer = asText(event.answer);
    attempt.message = asText(event.message);
    attempt.finish = asList(event["gen_ai.response.finish_reasons"]).map(asText).join(", ");
    attempt.hint = asNumber(event.hint_s);
    const isUnpriced = event.cost_usd === null || (event.cost_usd === undefined && (event.answered === true || attempt.output > 0));
    attempt.cost = isUnpriced ? null : asNumber(event.cost_usd);
    this.count(row, attempt);
    this.spend("model", at - attempt.from);
    this.flight.push([at, this.attempts.size]);
    this.end(at);
  }

  private count(row: Row, attempt: Attempt): void {
    const cost = attempt.cost ?? 0;
    const lost = attempt.outcome === "ok" ? 0 : cost;
    const line = costRow(this.costs, attempt.step, attempt.model);
    for (const sum of [row, this, line]) {
      sum.cost += cost;
      sum.lost += lost;
      sum.unknown ||= attempt.cost === null;
    }
    for (const sum of [this, line]) { sum.input += attempt.input; sum.output += attempt.output; }
  }

  private spend(what: string, ms: number): void { this.spent.set(what, (this.spent.get(what) ?? 0) + Math.max(0, ms)); }

  "wait.started"(event: LogEvent, at: number): void {
    const call = this.calls.get(asText(event.call));
    const task = asText(event.task);
    const row = call?.row ?? (task ? this.rowOf(task, "") : undefined);
    const bar: Bar = { kind: "wait", reason: asText(event.reason), from: at, to: undefined, said: asText(event.on) };
    if (row) {
      row.began ||= at;
      row.bars.push(bar);
      row.waiting++;
    }
    this.waits.set(asText(event.id), { bar, row });
    this.begin(at);
  }

  "wait.ended"(event: LogEvent, at: number): void {
    const found = this.waits.get(asText(event.id));
    if (!found) return;
    this.waits.delete(asText(event.id));
    found.bar.to = at;
    if (found.row) found.row.waiting = Math.max(0, found.row.waiting - 1);
    this.spend(found.bar.reason, at - found.bar.from);
    this.end(at);
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
    question.row.asking = Math.max(0, question.row.asking - 1);
    if (!question.row.id) question.row.ended = "done";
    const bar = question.row.bars.findLast((each) => each.kind === "person" && each.to === undefined);
    if (bar) { bar.to = at; bar.said = answerWord(question.answer); }
    this.spend("person", at - question.asked);
  }

  "outcome"(event: LogEvent, at: number): void {
    const row = this.rowOf(asText(event.task_id), "");
    const status = asText(event.status);
    row.ended = isState(status) ? status : "failed";
    row.error = asObject(event.error);
    row.worker ||= asText(event.worker);
    row.over = at;
    row.began ||= at;
    row.open = row.calling = row.waiting = 0;
  }

  "effect"(event: LogEvent): void {
    const isOld = event.once === "found";
    this.effects[isOld ? 1 : 0]++;
    const row = this.byTask.get(asText(event.task));
    row?.effects.push(`${asText(event.name)} ${asText(event.key)}: ${isOld ? "found done before" : "done now"}`);
  }

  "limiter.cool_down"(event: LogEvent, at: number): void {
    const until = asNumber(event.until);
    const hint = asNumber(event.hint_s) * 1000;
    const to = hint > 0 ? at + hint : until > 1e11 ? until : at;
    this.pauses.push({ from: at, to, model: asText(event.model) });
  }

  "breaker.opened"(event: LogEvent, at: number): void { this.broken.push({ model: asText(event.model), from: at, to: undefined }); }
  "breaker.closed"(event: LogEvent, at: number): void { for (const each of this.broken) if (each.model === asText(event.model)) each.to ??= at; }
  "log.gap"(event: LogEvent): void { this.dropped += asNumber(event.dropped); }
}

// What an answer decided, in a word or two.
function answerWord(answer: unknown): string {
  if (typeof answer === "string") return answer;
  const first = Object.values(asObject(answer))[0];
  return asText(first ?? answer);
}

type Handler = (this: Run, event: LogEvent, at: number) => void;

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
