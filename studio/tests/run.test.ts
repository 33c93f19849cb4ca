import assert from "node:assert/strict";
import { test } from "node:test";
import { Axis } from "../src/axis.ts";
import { counted, inWords, listed, reasonOf } from "../src/listing.ts";
import { runOf, type LogEvent } from "../src/run.ts";
import { laidOut } from "../src/graph_view.tsx";
import { resolved } from "../src/form.tsx";
import { asObject, duration, money, shown } from "../src/words.ts";

let seq = 0;
const event = (at: number, type: string, fields: object = {}): LogEvent => ({ v: 1, seq: ++seq, t: 1e12 + at, mono: at * 1000, type, ...fields });

const begun = (): LogEvent[] => [
  event(0, "run.started", { run: "r", graph: "g" }),
  event(1, "plan.made", { tasks: [{ task_id: "a", worker: "w", title: "A" }, { task_id: "b", worker: "w", title: "B" }], cut: 2 }),
];

const attempt = (from: number, to: number, call: string, n: number, outcome: string, cost?: number | null, model = "m"): LogEvent[] => [
  event(from, "attempt.started", { call, n, why: n > 1 ? "retry" : "first", "gen_ai.request.model": model }),
  event(to, "attempt.ended", { call, n, outcome, "gen_ai.usage.output_tokens": 10, ...(cost === undefined ? {} : { cost_usd: cost }) }),
];

test("a task is what its newest events say", () => {
  const run = runOf([...begun(), event(2, "call.started", { id: "c", task: "a", step: "s" })]);
  const states = () => run.rows.map((row) => run.state(row));
  assert.deepEqual(states(), ["running", "planned"]);
  for (const each of [...attempt(3, 9, "c", 1, "timeout", 0.25), ...attempt(10, 20, "c", 2, "ok", 0.5)]) run.take(each);
  run.take(event(20, "call.ended", { id: "c" }));
  run.take(event(21, "outcome", { task_id: "a", status: "done" }));
  run.take(event(22, "question.asked", { id: "q", task: "b", value: "?" }));
  assert.deepEqual(states(), ["done", "asking"]);
  assert.deepEqual([run.cost, run.lost, run.requests, run.again, run.cut], [0.75, 0.25, 2, 1, 2]);
  assert.equal(inWords(counted(run, run.rows)), "1 done, 1 asking");
});

test("a fork says which tasks it keeps", () => {
  const run = runOf([...begun(), event(2, "node.started", { id: "n", node: "w", task: "a" }), event(3, "outcome", { task_id: "a", status: "done", is_kept: true })]);
  assert.deepEqual(run.rows.map((row) => [row.title, run.state(row), row.kept]), [["A", "done", true], ["B", "planned", false]]);
});

test("money of a fallback stands with its model, and an unknown price is never nought", () => {
  const run = runOf([...begun(), event(2, "call.started", { id: "c", task: "a", step: "s" }), ...attempt(3, 4, "c", 1, "bad", 1, "m"), ...attempt(5, 6, "c", 2, "ok", null, "n")]);
  const lines = [...run.costs.values()].map(({ model, cost, lost, unknown }) => ({ model, cost, lost, unknown }));
  assert.deepEqual(lines, [{ model: "m", cost: 1, lost: 1, unknown: false }, { model: "n", cost: 0, lost: 0, unknown: true }]);
  assert.ok(run.unknown);
  assert.equal(money(null), "unknown");
});

test("a run that was killed and goes on closes what was open, and its clock begins anew", () => {
  const events = [...begun(), event(2, "call.started", { id: "c", task: "a", step: "s" }), event(3, "attempt.started", { call: "c", n: 1 })];
  const later: LogEvent = { ...event(0, "run.resumed"), t: 1e12 + 60_000 };
  const run = runOf([...events, later, { ...event(5, "outcome", { task_id: "a", status: "done" }), t: 1e12 + 60_005 }]);
  assert.equal(run.rows[0]?.attempts[0]?.outcome, "cut off");
  assert.equal(run.rows[0]?.attempts[0]?.to, 1e12 + 3);
  assert.equal(run.last, 1e12 + 60_005);
});

test("only time in which a person alone was waited for is cut out of the axis", () => {
  const node = (from: number, to: number, id: string) => [event(from, "node.started", { id, node: "n" }), event(to, "node.ended", { id })];
  const run = runOf([event(0, "run.started"), ...node(0, 4000, "1"), ...node(9000, 10_000, "2"), event(10_000, "question.asked", { id: "q", value: 1 }), event(10_001, "run.paused"),
    event(900_000, "question.answered", { id: "q" }), event(900_000, "run.resumed"), ...node(900_001, 901_000, "3"), event(901_000, "run.ended", { status: "done" })]);
  const axis = new Axis(run.start, run.last, run.idle, 600);
  assert.equal(axis.cuts.length, 1);
  assert.ok(Math.abs(axis.atWork - 11_000) < 5);
  assert.equal(Math.round(axis.x(run.last)), 600);
  let before = -1;
  for (let at = run.start; at <= run.last; at += 997) {
    assert.ok(axis.x(at) >= before);
    before = axis.x(at);
  }
});

test("whatever stands in a log, the model takes it", () => {
  const odd = [null, 1, "x", [], {}, [null], true, JSON.parse('{"__proto__": {"polluted": 1}, "toString": 2}')];
  const types = ["run.started", "plan.made", "node.started", "node.ended", "call.started", "call.ended", "attempt.started", "attempt.ended", "wait.started", "wait.ended",
    "question.asked", "question.answered", "outcome", "effect", "limiter.cool_down", "breaker.opened", "breaker.closed", "log.gap", "run.paused", "run.resumed", "run.ended", "never.heard"];
  const names = ["id", "task", "tasks", "node", "nodes", "edges", "call", "n", "prompt", "status", "error", "value", "response_schema", "cost_usd", "depends_on", "until", "title"];
  const run = runOf(types.flatMap((type) => odd.map((value, at) => event(at, type, Object.fromEntries(names.map((name) => [name, value]))))));
  laidOut(run.started);
  for (const row of run.rows) assert.equal(typeof reasonOf(run, row), "string");
  listed(run, "all", "longest", "", new Set(), run.last);
  assert.equal(asObject({}).polluted, undefined);
});

test("rows are filtered, ordered and folded", () => {
  const run = runOf([...begun(), event(2, "outcome", { task_id: "a", status: "failed", error: { message: "no" } }), event(9, "outcome", { task_id: "b", status: "done" })]);
  const keys = (filter: "all" | "not done", search: string, folded: string[] = []) => listed(run, filter, "plan", search, new Set(folded), run.last).flatMap((item) => item.row?.id ?? []);
  assert.deepEqual(keys("not done", ""), ["a"]);
  assert.deepEqual(keys("all", "b"), ["b"]);
  assert.deepEqual(keys("all", "", ["work0"]), []);
});

test("marks that turn a text round are shown as signs, and long texts are cut", () => {
  assert.equal(shown("a\u202eb\u0000"), "a[U+202E]b[U+0000]");
  assert.equal(shown("x".repeat(1e6), 5), "xxxxx\u2026");
  assert.equal(shown("a\nb\tc"), "a\nb\tc");
});

test("boxes stand in the columns that the log says, and in a row where it says none", () => {
  const { boxes, tallest } = laidOut({ nodes: [{ name: "c", x: 0.7, y: 0 }, { name: "a", x: 0, y: 0 }, { name: "e", x: 0.7, y: -1 }, { name: "d", x: 1, y: 0 }] });
  assert.deepEqual(boxes.map((box) => [box.name, box.x, box.y]), [["c", 0.5, 0.75], ["a", 0, 0.5], ["e", 0.5, 0.25], ["d", 1, 0.5]]);
  assert.equal(tallest, 2);
  assert.deepEqual(laidOut({ nodes: [{ name: "a" }, { name: "b" }, { name: "c" }] }).boxes.map((box) => box.x), [0, 0.5, 1]);
});

test("a schema's references and optional choices are looked up", () => {
  const root = { $defs: { Day: { type: "string", enum: ["mo"] } } };
  assert.deepEqual(resolved({ anyOf: [{ $ref: "#/$defs/Day" }, { type: "null" }] }, root), { type: "string", enum: ["mo"] });
});

test("times are said as people say them", () => {
  assert.deepEqual([40, 1300, 125_000, 8_040_000].map(duration), ["40 ms", "1.3 s", "2 min 5 s", "2 h 14 min"]);
});
