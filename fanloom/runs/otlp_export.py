"""Runs that have ended, sent to an OpenTelemetry collector; FANLOOM_OTLP_ENDPOINT switches it on."""

from __future__ import annotations

import atexit
import logging
import threading
from urllib.parse import urlsplit

from fanloom.errors import FanloomError, InvalidSettings
from fanloom.redaction import redact
from fanloom.runlog.otlp import otlp_request
from fanloom.runs.run_log import RunLogs
from fanloom.settings import settings

_TIMEOUT_S = 10.0
_HEADERS = {"content-type": "application/x-protobuf"}

_logger = logging.getLogger(__name__)
_sending: set[threading.Thread] = set()


def send_run(logs: RunLogs, run: str) -> None:
    """Send a run in the background, if a collector is set; one that takes nothing is told of, and changes nothing."""
    if (endpoint := settings().otlp_endpoint) is None:
        return
    thread = threading.Thread(target=_send, args=(logs, run, endpoint), name="fanloom-otlp", daemon=True)
    _sending.add(thread)
    thread.start()


def check_endpoint() -> None:
    """Raise InvalidSettings for a FANLOOM_OTLP_ENDPOINT that is no address."""
    endpoint = settings().otlp_endpoint
    if endpoint is not None and urlsplit(endpoint).scheme not in ("http", "https"):
        raise InvalidSettings("FANLOOM_OTLP_ENDPOINT is the address of a collector, as in http://127.0.0.1:4318")


@atexit.register
def finish_sending(seconds: float = _TIMEOUT_S) -> None:
    """Wait until what is being sent is sent, no longer than so many seconds each."""
    for thread in list(_sending):
        thread.join(seconds)


def _send(logs: RunLogs, run: str, endpoint: str) -> None:
    import httpx

    try:
        logs.writer.flush()
        body = otlp_request(logs.store.events(run)).SerializeToString()
        url = endpoint.rstrip("/").removesuffix("/v1/traces") + "/v1/traces"
        httpx.post(url, content=body, headers=_HEADERS, timeout=_TIMEOUT_S).raise_for_status()
    except (httpx.HTTPError, FanloomError) as error:
        _logger.warning("A run could not be sent to FANLOOM_OTLP_ENDPOINT; it is not affected. %s", redact(str(error)))
    finally:
        _sending.discard(threading.current_thread())
