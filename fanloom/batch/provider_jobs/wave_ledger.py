"""What a job has asked of providers' batch modes, in one SQLite file: calls, their answers, and the jobs they are in.

A call is written down before it is sent, and so is the name of the provider's job that it is sent in: after a kill the
job is looked for by its name, and never made twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple
from uuid import uuid4

from fanloom.batch.provider_jobs.calls_file import FOLDER, CallsFile, has_waves
from fanloom.errors import UserError
from fanloom.gateway.bounds.budget import Amount
from fanloom.models.deferred.call_wire import WireAnswer
from fanloom.runs.usage import ModelUsage

JobState = Literal["planned", "sent", "read"]


class AskedCall(NamedTuple):
    """A call that waits for a provider's job: of which item, of which model by our name and by its provider's."""

    key: str
    item: str
    model: str
    called: str
    body: bytes
    expected: Amount


@dataclass(frozen=True)
class ProviderJob:
    """A job of a provider's: its own name for it is `provider_id`, once it is known, and ours is `name`."""

    name: str
    wave: int
    model: str
    called: str
    state: JobState
    provider_id: str | None
    calls: int
    note: str


class WaveLedger(CallsFile):
    """One job's calls. `spent` is what they have used and, while they have no answer, are expected to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.spent = Amount(*self._one("SELECT COUNT(*), TOTAL(tokens), TOTAL(cost) FROM calls"))

    def find(self, key: str) -> tuple[str, WireAnswer | None, bool]:
        """Return the state of a call, empty if it is unknown, its answer, and whether that was counted."""
        found = self._rows("SELECT state, status, answer, counted FROM calls WHERE key = ?", key)
        if not found:
            return "", None, False
        state, status, answer, counted = found[0]
        return state, None if status is None else WireAnswer(status, answer), bool(counted)

    def ask(self, calls: Sequence[AskedCall], counted: Iterable[str]) -> None:
        """Write down what an item asks, all of it or nothing, and of which of its answers the use is counted."""
        insert = (
            "INSERT OR IGNORE INTO calls (key, item, model, called, state, body, tokens, cost)"
            " VALUES (?, ?, ?, ?, 'asked', ?, ?, ?)"
        )
        rows = [(insert, (*call[:5], call.expected.max_total_tokens, call.expected.max_cost_usd)) for call in calls]
        self._write([*rows, *(("UPDATE calls SET counted = 1 WHERE key = ?", (key,)) for key in counted)])

    def used(self, key: str, used: ModelUsage) -> None:
        """Put what an answer used in the place of what was expected."""
        before = self._one("SELECT tokens, cost FROM calls WHERE key = ?", key)
        tokens, cost = used["input_tokens"] + used["output_tokens"], used["cost_usd"]
        now = (tokens, before[1] if cost is None else cost)
        self._write([("UPDATE calls SET tokens = ?, cost = ? WHERE key = ?", (*now, key))])
        self.spent = self.spent.plus(Amount(0, now[0] - before[0], now[1] - before[1]))

    def answered_online(self, call: AskedCall, message: bytes) -> None:
        """Keep an answer that was got at once."""
        insert = "INSERT OR REPLACE INTO calls VALUES (?, ?, ?, ?, 'online', NULL, NULL, 200, ?, 0, ?, ?)"
        kept = (*call[:4], message, call.expected.max_total_tokens, call.expected.max_cost_usd)
        self._write([(insert, kept)])

    def waits(self, item: str) -> bool:
        """Say whether an item has calls without an answer that a provider's job is to give."""
        return bool(self._rows("SELECT 1 FROM calls WHERE item = ? AND state IN ('asked', 'sent') LIMIT 1", item))

    def has_begun(self, item: str) -> bool:
        """Say whether an item has asked anything."""
        return bool(self._rows("SELECT 1 FROM calls WHERE item = ? LIMIT 1", item))

    def forget(self, item: str) -> None:
        """Forget what an item that is to run anew has asked, but not that it was paid for."""
        self._write(
            [
                (
                    "UPDATE calls SET key = key || '-' || ?, item = '', body = NULL, answer = NULL WHERE item = ?",
                    (uuid4().hex[:8], item),
                )
            ]
        )

    def ended(self, item: str) -> None:
        """Let go of the requests and answers of an item that has ended."""
        self._write([("UPDATE calls SET item = '', body = NULL, answer = NULL WHERE item = ?", (item,))])

    def unsent(self) -> list[tuple[str, str, int, int]]:
        """Return the models whose calls wait to be sent: our name, the provider's, how many, and how many bytes."""
        return self._rows(
            "SELECT model, called, COUNT(*), SUM(LENGTH(body)) FROM calls WHERE state = 'asked' GROUP BY model, called"
        )

    def plan(self, wave: int, parts: Sequence[tuple[str, str, int, str]]) -> None:
        """Write down jobs that are about to be sent: of each the model's two names, how many calls, and its name."""
        statements: list[tuple[str, tuple[Any, ...]]] = []
        chosen = "SELECT key FROM calls WHERE state = 'asked' AND model = ? AND called = ? ORDER BY rowid LIMIT ?"
        for model, called, count, name in parts:
            job = "INSERT INTO jobs (name, wave, model, called, state, calls) VALUES (?, ?, ?, ?, 'planned', ?)"
            statements += [
                (job, (name, wave, model, called, count)),
                (f"UPDATE calls SET state = 'sent', job = ? WHERE key IN ({chosen})", (name, model, called, count)),
            ]
        self._write(statements)
        # On the disk before anything is sent: what a machine that goes down forgets would be sent again.
        self._rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def to_online(self, model: str, called: str) -> None:
        """Let the calls of a model that wait be asked at once."""
        change = "UPDATE calls SET state = 'at_once' WHERE state = 'asked' AND model = ? AND called = ?"
        self._write([(change, (model, called))])

    def waves(self) -> int:
        """Return how many waves there were."""
        return int(self._one("SELECT COALESCE(MAX(wave), 0) FROM jobs")[0])

    def open_jobs(self) -> list[ProviderJob]:
        """Return the jobs whose answers have not been read."""
        columns = "name, wave, model, called, state, provider_id, calls, note"
        return [
            ProviderJob(*row) for row in self._rows(f"SELECT {columns} FROM jobs WHERE state != 'read' ORDER BY name")
        ]

    def sent(self, name: str, provider_id: str) -> None:
        """Write down a provider's own name for a job."""
        self._write([("UPDATE jobs SET state = 'sent', provider_id = ? WHERE name = ?", (provider_id, name))])

    def note(self, name: str, said: str) -> None:
        """Write down what a provider says of a job."""
        self._write([("UPDATE jobs SET note = ? WHERE name = ?", (said, name))])

    def requests(self, job: str) -> Iterator[tuple[str, bytes]]:
        """Yield the calls of a job: the key and the body of each."""
        after = 0
        while rows := self._rows(
            "SELECT rowid, key, body FROM calls WHERE job = ? AND rowid > ? ORDER BY rowid LIMIT 500", job, after
        ):
            yield from ((key, body) for _, key, body in rows)
            after = rows[-1][0]

    def read(self, job: ProviderJob, answers: Iterable[tuple[str, WireAnswer]], missing: WireAnswer) -> int:
        """Keep the answers of a job, all or none, with `missing` where there is none; return how many those are."""
        change = (
            "UPDATE calls SET state = 'answered', status = ?, answer = ? WHERE key = ? AND job = ? AND state = 'sent'"
        )
        with self._change() as connection:
            for key, answer in answers:
                connection.execute(change, (answer.status, answer.body, key, job.name))
            left = connection.execute(
                "UPDATE calls SET state = 'answered', status = ?, answer = ? WHERE job = ? AND state = 'sent'",
                (missing.status, missing.body, job.name),
            ).rowcount
            connection.execute("UPDATE jobs SET state = 'read' WHERE name = ?", (job.name,))
        # What no one has answered is not charged; that it was asked counts.
        self._drop_failed(job.name)
        return left

    def _drop_failed(self, job: str) -> None:
        (tokens, cost) = self._one("SELECT TOTAL(tokens), TOTAL(cost) FROM calls WHERE job = ? AND status >= 400", job)
        self._write([("UPDATE calls SET tokens = 0, cost = 0 WHERE job = ? AND status >= 400", (job,))])
        self.spent = self.spent.plus(Amount(0, tokens, cost), -1)

    def expect(self, call: Amount) -> None:
        """Count a call that is about to be asked."""
        self.spent = self.spent.plus(call)

    def give_back(self, calls: Iterable[AskedCall]) -> None:
        """Count calls no longer that are not asked after all."""
        for call in calls:
            self.spent = self.spent.plus(call.expected, -1)


def waiting_for(folder: Path) -> list[ProviderJob]:
    """Return the providers' jobs that the job in a folder waits for. Raises UserError if it cannot be read."""
    if not has_waves(folder):
        return []
    try:
        with closing(WaveLedger(folder)) as ledger:
            return ledger.open_jobs()
    except sqlite3.Error as error:
        raise UserError(f"{str(folder / FOLDER)!r} cannot be read: {error}") from None
