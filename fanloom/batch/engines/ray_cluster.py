"""A Ray cluster: one on this machine, begun for the job and ended with it, or one that is there."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fanloom.batch.engines.graph_worker import GraphWorker
from fanloom.batch.engines.limits_ledger import LimitsLedger
from fanloom.errors import MissingPackage, UserError
from fanloom.redaction import redact

_CALLS = 10_000
_CONNECT_S = 5.0
# How a client of HTTP/2 begins, with settings of its own that are empty; their type of frame is the fourth byte.
_SETTINGS = 4
_HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, _SETTINGS, 0, 0, 0, 0, 0])
# Beside what .gitignore and Ray itself leave out.
_NOT_SENT = [".git", ".env", ".env.*", ".fanloom", ".langgraph_api", "*.db", "*.sqlite*"]
_BY_RAY_CLIENT = (
    "ray:// is Ray's client, which this does not speak; run the command on a machine of the cluster with --address "
    "auto, or by `ray job submit`"
)
_TOKEN = "If it asks for a token, set RAY_AUTH_MODE=token, and give it in ~/.ray/auth_token or RAY_AUTH_TOKEN"


class RayCluster:
    """Where the workers of a job run: at `address`, which may be `auto`, or without one on this machine.

    At an address the files of `project` are sent to the workers, unless they run from a `ray job submit`, which has
    sent them. `workers` is how many there are at most; by default one a CPU.
    """

    def __init__(self, address: str | None = None, workers: int | None = None, project: Path | None = None) -> None:
        """Raises MissingPackage without Ray, and UserError for an address that cannot be one."""
        if find_spec("ray") is None:
            raise MissingPackage('the engine needs Ray; run: pip install "fanloom[ray]"')
        self.address, self.workers, self._project = address, workers, project
        self._ray: Any = None
        self._is_ours = False
        self._check_address()

    @property
    def lost(self) -> type[Exception]:
        """What a call to a worker that is gone raises."""
        # Also of an object that is gone with its machine, and of files that could not be sent.
        lost: type[Exception] = self._ray.exceptions.RayError
        return lost

    @property
    def paths(self) -> tuple[str, ...]:
        """Where the workers look for modules too; on other machines these folders may not be there."""
        return () if self.address else tuple(sys.path)

    def connect(self) -> int:
        """Return how many workers there may be. Raises UserError where nothing answers."""
        # What Ray reads when it is imported.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        if self.address:
            # Else it tries twenty times, for a quarter of an hour.
            os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "2")
        import ray

        self._ray = ray
        if not ray.is_initialized():
            self._begin()
            self._is_ours = True
        return self.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))

    def pickled(self, value: Any) -> bytes:
        """Return a value as a worker can read it."""
        from ray import cloudpickle

        pickled: bytes = cloudpickle.dumps(value)
        return pickled

    def worker(self, slots: int, *, extra: bool = False) -> Any:
        """Begin to start a worker; an extra one starts in a full cluster too."""
        # Its other methods have to be heard while all slots run.
        options = {"num_cpus": 0 if extra else 1, "max_concurrency": slots + _CALLS, "max_restarts": 0}
        return self._ray.remote(GraphWorker).options(**options).remote()

    def ledger(self) -> Any:
        """Return the handle of a LimitsLedger."""
        return self._ray.remote(LimitsLedger).options(num_cpus=0, max_restarts=-1, max_task_retries=0).remote()

    def kill(self, handle: Any) -> None:
        """End a worker at once, also one that only seems to be gone."""
        self._ray.kill(handle, no_restart=True)

    async def end(self, handle: Any) -> None:
        """Let a worker end by itself, so that what it still has to send is sent."""
        try:
            await handle.__ray_terminate__.remote()
        except self.lost:
            await asyncio.sleep(0)

    def disconnect(self) -> None:
        """Leave the cluster, and end one that was begun for the job."""
        if self._is_ours:
            self._ray.shutdown()

    def _begin(self) -> None:
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        # What it says before it reads its own options.
        logging.getLogger("ray").setLevel(logging.ERROR)
        try:
            if self.address:
                self._ray.init(address=self.address, runtime_env=self._runtime_env(), **quiet)
                return
            # Of its own accord it answers nobody who does not know its token.
            self._ray.init(address="local", num_cpus=self.workers, include_dashboard=False, **quiet)
        except Exception as error:  # noqa: BLE001 - Ray has no error of its own for this
            said = redact(_first_line(error))
            raise UserError(
                f"the Ray cluster at {self.address or 'this machine'} cannot be used: {said}. {_TOKEN}"
            ) from None

    def _runtime_env(self) -> dict[str, Any] | None:
        if self._project is None or not sends_files():
            return None
        return {"working_dir": str(self._project), "excludes": _NOT_SENT}

    def _check_address(self) -> None:
        """Raise UserError for an address where nothing answers: Ray would try for minutes, and end the process."""
        if self.address in (None, "auto", "local"):
            return
        if self.address.startswith("ray://"):
            raise UserError(_BY_RAY_CLIENT)
        host, colon, port = self.address.rpartition(":")
        if not (host and colon and port.isdecimal() and 0 < int(port) < 65_536):
            raise UserError(f"--address is HOST:PORT of a Ray cluster, or auto, not {self.address!r}")
        try:
            answers = _speaks_http2(host.strip("[]"), int(port))
        except OSError as error:
            raise UserError(f"no Ray cluster answers at {self.address}: {error.strerror or error}") from None
        if not answers:
            raise UserError(f"no Ray cluster answers at {self.address}: what does is something else")


def sends_files() -> bool:
    """Say whether the files of a project are to be sent to a cluster: a `ray job submit` has sent them."""
    return "RAY_JOB_CONFIG_JSON_ENV_VAR" not in os.environ


def _speaks_http2(host: str, port: int) -> bool:
    """Say whether a server answers as those of gRPC do, of which Ray's is one: with its settings."""
    with socket.create_connection((host, port), _CONNECT_S) as connection:
        connection.sendall(_HTTP2)
        frame = connection.recv(4)
    return len(frame) == 4 and frame[3] == _SETTINGS


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
