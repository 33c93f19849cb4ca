"""Bedrock's client on a wire that leads nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self
from urllib.parse import unquote

from botocore.awsrequest import AWSResponse
from langchain_core.outputs import ChatResult
from pydantic import model_validator

from fanloom.loops.background import in_thread
from fanloom.models.bedrock import WideBedrockConverse
from fanloom.models.deferred.call_wire import current_wire


class DeferredBedrock(WideBedrockConverse):
    """Writes Converse requests and reads answers to them, and sends nothing."""

    @model_validator(mode="after")
    def speak_on_the_wire(self) -> Self:
        """Have the wire of a call answer in the network's stead."""
        self.client.meta.events.register("before-send.bedrock-runtime.Converse", _answered)
        return self

    async def _beside_the_loop(self, call: Callable[[], ChatResult]) -> ChatResult:
        # On no line: nothing is listened to, and a line would send.
        return await in_thread(call)


def _answered(request: Any, **_: Any) -> AWSResponse:
    called = request.url.partition("/model/")[2].rpartition("/converse")[0]
    body = request.body if isinstance(request.body, bytes) else request.body.encode()
    answer = current_wire().exchange(unquote(called), body)
    return AWSResponse(request.url, answer.status, {"Content-Type": "application/json"}, _Read(answer.body))


class _Read:
    """A body that has come, as urllib3 gives one."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._body
