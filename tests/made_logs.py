"""Logs of runs that never were: events as the run log writes them, of any width, with contents by their hashes."""

from __future__ import annotations

from hashlib import sha256
from itertools import count
from typing import Any

from fanloom.runlog.fanrun import LoggedRun

START = 1_796_000_000_000
NODES = ["__start__", "plan_tasks", "billing", "orders", "returns", "write_reply", "__end__"]
EDGES = [
    ("__start__", "plan_tasks"),
    *(("plan_tasks", worker) for worker in ("billing", "orders", "returns")),
    *((worker, "write_reply") for worker in ("billing", "orders", "returns")),
    ("write_reply", "__end__"),
]
SCHEMA = {
    "type": "object",
    "properties": {
        "decision": {"enum": ["approve", "decline"], "description": "Whether the product may come back."},
        "reason": {"type": "string", "description": "Why not; the customer reads it."},
    },
    "required": ["decision"],
}


class MadeLog:
    """Writes down events at given times, in milliseconds from the start."""

    def __init__(self, run: str = "01a2249b", **started: Any) -> None:
        self.events: list[dict[str, Any]] = []
        self.contents: dict[str, str] = {}
        self._ids = count(1)
        nodes = [{"name": name, "x": x, "y": 0} for x, name in enumerate(NODES)]
        for node in nodes:
            if node["name"] in ("billing", "orders", "returns"):
                node |= {"x": 2, "y": NODES.index(str(node["name"]))}
        edges = [{"source": a, "target": b, "conditional": a == "plan_tasks"} for a, b in EDGES]
        facts = {"run": run, "graph": "support_desk", "thread": "return-17", "owner": "desk", "nodes": nodes}
        self.add(0, "run.started", **(facts | {"edges": edges, "context": {"max_concurrency": 4}} | started))

    def text(self, text: str) -> str:
        name = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self.contents[name] = text
        return name

    def add(self, at: float, type: str, **fields: Any) -> None:
        head = {"v": 1, "seq": 0, "t": START + int(at), "mono": int(at * 1000) + 5_000_000, "type": type}
        self.events.append(head | fields)

    def wait(self, task: str, since: float, until: float, reason: str, call: str = "") -> None:
        key = f"w{next(self._ids)}"
        self.add(since, "wait.started", id=key, task=task, call=call, reason=reason)
        self.add(until, "wait.ended", id=key)

    def call(
        self, task: str, step: str, *attempts: tuple[float, float, str, str, str, float | None], **more: Any
    ) -> None:
        """Write down a call; an attempt is (start, end, why, outcome, model, cost)."""
        key = f"c{next(self._ids)}"
        node = f"n{next(self._ids)}"
        began = attempts[0][0]
        name = more.get("node", step)
        self.add(began, "node.started", id=node, node=name, task=task)
        self.add(began, "call.started", id=key, node=node, task=task, step=step, role="worker", output="Answer")
        system = self.text("You do one task of a customer's message. Use only the records below.")
        records = self.text(more.get("records", "INV-7800: invoice of 2026-10-01, 19.90 EUR, paid\n" * 12))
        for n, (start, end, why, outcome, model, cost) in enumerate(attempts, 1):
            last = self.text(f"<task>{more.get('title', task or step)}</task>{'' if n == 1 else f' try {n}'}")
            prompt = [{"role": "system", "text": system}, {"role": "human", "text": records}]
            self.add(
                start, "attempt.started", call=key, n=n, why=why, prompt=[*prompt, {"role": "human", "text": last}],
                **{"gen_ai.request.model": model, "gen_ai.provider.name": "loopback"},
            )  # fmt: skip
            answered = cost is not None
            self.add(
                end, "attempt.ended", call=key, n=n, outcome=outcome,
                message="" if outcome == "ok" else f"field 'amounts': {outcome}",
                **{"gen_ai.usage.input_tokens": 1480 * answered, "gen_ai.usage.output_tokens": 94 * answered},
                **({"cost_usd": cost, "answer": self.text(f'{{"answer": "{task} {n} {step}"}}')} if answered else {}),
            )  # fmt: skip
        end = attempts[-1][1]
        self.add(end, "call.ended", id=key)
        self.add(end, "node.ended", id=node)

    def outcome(self, at: float, task: str, worker: str, status: str = "done", message: str = "", **more: Any) -> None:
        error = {"kind": "bad_model_output", "message": message, "retryable": True} if message else None
        self.add(at, "outcome", task_id=task, worker=worker, status=status, error=error, **more)

    def run(self) -> LoggedRun:
        ordered = sorted(self.events, key=lambda event: event["mono"])
        return LoggedRun([{**event, "seq": seq} for seq, event in enumerate(ordered, 1)], self.contents)


def support_run(*, answered: bool = True) -> LoggedRun:
    """Return a run of nine tasks: retries, a repair, a fallback, a failure, a pause of the provider, an approval."""
    log = MadeLog(input="")
    log.events[0]["input"] = log.text("Hello, nine things at once: why was I charged twice; where is my order; ...")
    fast, strong, other = "made-fast", "made-strong", "made-other"
    log.call("", "plan_tasks", (0, 2100, "first", "ok", strong, 0.00916))
    tasks = [
        ("t1", "billing", "Why was INV-7812 charged twice?"),
        ("t2", "orders", "Where is order ORD-4410?"),
        ("t3", "billing", "Invoice INV-7815 in the company's name"),
        ("t4", "returns", "Return the espresso machine (249.00 EUR)"),
        ("t5", "billing", "Split INV-7820 by cost centre"),
        ("t6", "billing", "Send the split of INV-7820 to the tax adviser"),
        ("t7", "orders", "Is ORD-4420 delayed?"),
        ("t8", "billing", "Which VAT rate was used for INV-7803?"),
        ("t9", "orders", "Does the <b>3-year</b> warranty cover scale?"),
    ]
    plan = [
        {"task_id": key, "worker": worker, "title": title, "depends_on": ["t5"] * (key == "t6")}
        for key, worker, title in tasks
    ]
    log.add(2110, "plan.made", over="tasks", tasks=plan, cut=0)
    log.add(2500, "limiter.cool_down", model=fast, hint_s=1.6, until=START + 4100)
    log.call("t1", "billing", (2120, 3400, "first", "ok", fast, 0.00068), title=tasks[0][2])
    log.call("t2", "orders", (2120, 3000, "first", "ok", fast, 0.00068), title=tasks[1][2])
    log.call(
        "t3", "billing", (2120, 2500, "first", "rate_limit", fast, None), (5400, 6600, "retry", "ok", fast, 0.00069)
    )
    log.wait("t3", 2500, 5400, "cool_down")
    log.wait("t4", 2120, 4100, "run_slot")
    log.call("t4", "returns", (4100, 4900, "first", "ok", fast, 0.00068), title=tasks[3][2])
    facts = {
        "customer_id": "C-1001",
        "order_id": "ORD-4402",
        "price": 249,
        "reason": "it leaks <script>alert(2)</script>",
    }
    question = {"question": "May C-1001 return the espresso machine (249.00 EUR)?", "facts": facts}
    log.add(4900, "question.asked", id="q1", task="t4", value=question, response_schema=SCHEMA)
    log.wait("t5", 2120, 4100, "run_slot")
    log.call(
        "t5", "billing",
        (4100, 5700, "first", "wrong_shape", fast, 0.00068),
        (5700, 7200, "repair", "wrong_shape", fast, 0.00069),
        (7200, 9100, "fallback", "wrong_shape", other, 0.00153),
        title=tasks[4][2],
    )  # fmt: skip
    log.outcome(9100, "t5", "billing", "failed", "field 'amounts': each amount must be a number of EUR")
    log.wait("t6", 2120, 9100, "needs")
    log.outcome(9101, "t6", "billing", "skipped", "it needs the result of t5, which was not done")
    log.wait("t7", 2120, 4800, "concurrency")
    log.call("t7", "orders", (4800, 5900, "first", "ok", fast, 0.0007), title=tasks[6][2])
    log.wait("t8", 2120, 4900, "rpm")
    log.call(
        "t8", "billing", (4900, 5400, "first", "server_error", fast, None),
        (6000, 6600, "retry", "server_error", fast, None), (7200, 8600, "fallback", "ok", other, 0.00156),
    )  # fmt: skip
    log.wait("t8", 5400, 6000, "back_off")
    log.wait("t8", 6600, 7200, "back_off")
    log.call(
        "t9", "orders", (5000, 6400, "first", "wrong_shape", fast, 0.0007), (6400, 7500, "repair", "ok", fast, 0.0007)
    )
    ends = {"t1": 3400, "t2": 3000, "t3": 6600, "t7": 5900, "t8": 8600, "t9": 7500}
    for task, worker, _ in tasks:
        if task in ends:
            log.outcome(ends[task], task, worker)
    log.add(9200, "run.paused", questions=["q1"])
    if answered:
        later = 9200 + 8_040_000
        log.add(later, "question.answered", id="q1", by="sue", answer={"decision": "approve"})
        log.add(later, "run.resumed", by="sue")
        log.add(later + 5, "effect", task="t4", name="book_return", key="ORD-4402", once="new")
        log.outcome(later + 10, "t4", "returns")
        log.call("", "write_reply", (later + 100, later + 2500, "first", "ok", fast, 0.00219))
        log.add(later + 2600, "run.ended", status="done", result=log.text("Dear customer, nine answers: ..."))
    return log.run()


def wide_run(tasks: int, *, calls: int = 1, document: str = "") -> LoggedRun:
    """Return a run of many tasks, some of which are tried again or fail."""
    log = MadeLog(f"wide{tasks}")
    names = ("billing", "orders", "returns")
    log.call("", "plan_tasks", (0, 900, "first", "ok", "made-strong", 0.004))
    plan = [
        {"task_id": f"t{n}", "worker": names[n % 3], "title": f"Task {n} of many", "depends_on": []}
        for n in range(1, tasks + 1)
    ]
    more = {"records": document} if document else {}
    log.add(910, "plan.made", over="tasks", tasks=plan, cut=0)
    for n in range(1, tasks + 1):
        at = 920 + n * 7.0
        task, worker = f"t{n}", names[n % 3]
        log.wait(task, 915, at, "run_slot")
        for number in range(calls):
            start, is_bad = at + 320 * number, n % 97 == 0
            first = (start, start + 200, "first", "wrong_shape" if n % 11 == 0 or is_bad else "ok", "made-fast", 0.0007)
            again = (start + 210, start + 300, "repair", "wrong_shape" if is_bad else "ok", "made-fast", 0.0007)
            attempts = [first, again] if first[3] != "ok" else [first]
            log.call(task, worker, *attempts, title=f"Task {n} of many", **more)
        log.outcome(at + 320 * calls, task, worker, *(("failed", "no amounts") if n % 97 == 0 else ("done",)))
    log.add(920 + tasks * 7 + 400 * calls, "run.ended", status="done")
    return log.run()
