"""Bedrock's dialect: converse and converse-stream."""

import json
import re
from typing import Any

from aiohttp import web
from langchain_core.utils.json import parse_partial_json

from .eventstream import event, exception
from .reply import Reply, Usage, pieces, usage
from .request import Request

PATH = re.compile(r"^/model/(?P<model>.+)/(?P<verb>converse|converse-stream)$")

stream_type = "application/vnd.amazon.eventstream"

_FINISH = {
    "stop": "end_turn",
    "safety": "content_filtered",
    "blocked": "guardrail_intervened",
    "recitation": "content_filtered",
    "malformed_tool": "malformed_tool_use",
    "none": "end_turn",
}
_ERROR = {
    400: ("ValidationException", "The provided request is not valid."),
    401: ("UnrecognizedClientException", "The security token included in the request is invalid."),
    403: ("AccessDeniedException", "You don't have access to the model with the specified model ID."),
    404: ("ResourceNotFoundException", "Could not resolve the foundation model from the provided model identifier."),
    408: ("ModelTimeoutException", "The model took too long to answer."),
    424: ("ModelErrorException", "The model failed to process the request."),
    429: ("ThrottlingException", "Too many requests, please wait before trying again."),
    500: ("InternalServerException", "The system encountered an unexpected error. Try your request again."),
    503: ("ServiceUnavailableException", "Bedrock is unable to process your request."),
}
_BLOCKED = "Sorry, the model cannot answer this question."


def parse(path: str, match: re.Match[str], headers: dict[str, str], body: dict[str, Any]) -> Request:
    """Read a request."""
    config = body.get("inferenceConfig", {})
    tools = _tools(body)
    forced = _forced(body, tools)
    return Request(
        provider="bedrock",
        model=match["model"],
        path=path,
        streaming=match["verb"] == "converse-stream",
        headers=headers,
        body=body,
        system="\n".join(_texts(body.get("system", []))),
        parts=[text for message in body["messages"] for text in _texts(message["content"])],
        roles=[message["role"] for message in body["messages"]],
        schema=tools.get(forced or ""),
        tool_name=forced or next(iter(tools), None),
        tools=tools,
        max_output_tokens=config.get("maxTokens"),
        temperature=config.get("temperature"),
        cached_prefixes=_prefixes(body),
    )


def _texts(blocks: list[dict[str, Any]]) -> list[str]:
    return [block["text"] for block in blocks if "text" in block]


def _tools(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    offered = [tool["toolSpec"] for tool in body.get("toolConfig", {}).get("tools", []) if "toolSpec" in tool]
    return {spec["name"]: spec["inputSchema"]["json"] for spec in offered}


def _forced(body: dict[str, Any], tools: dict[str, Any]) -> str | None:
    choice = body.get("toolConfig", {}).get("toolChoice", {})
    return choice["tool"]["name"] if "tool" in choice else next(iter(tools), None) if "any" in choice else None


def _prefixes(body: dict[str, Any]) -> list[str]:
    blocks = body.get("system", []) + [block for message in body["messages"] for block in message["content"]]
    points = [place for place, block in enumerate(blocks) if "cachePoint" in block]
    return ["\n".join(_texts(blocks[:place])) for place in points]


def body(reply: Reply, request: Request) -> dict[str, Any]:
    """Return a whole ConverseResponse."""
    return {
        "output": {"message": {"role": "assistant", "content": _content(reply, request)}},
        "stopReason": _stop(reply, request),
        "usage": _usage(_count(reply, request)),
        "metrics": {"latencyMs": 1},
        **_thinking(reply),
    }


def frames(reply: Reply, request: Request) -> list[bytes]:
    """Return the events of a ConverseStream."""
    return [
        event("messageStart", {"role": "assistant"}),
        *_block(reply, request),
        event("messageStop", {"stopReason": _stop(reply, request), **_thinking(reply)}),
        event("metadata", {"usage": _usage(_count(reply, request)), "metrics": {"latencyMs": 1}}),
    ]


def beat() -> bytes:
    """Return an event with one dot."""
    return event("contentBlockDelta", {"delta": {"text": "."}, "contentBlockIndex": 0})


def error(code: int, message: str | None, error_type: str | None, retry: float | None) -> web.Response:
    """Return an AWS error; Bedrock has no place for a retry hint in the body."""
    if retry is not None:
        raise ValueError("Bedrock gives its retry hints in headers: use hint='retry-after' or 'x-amz-retry-after'")
    name, usual = _ERROR.get(code, ("UnknownError", "Unknown error"))
    headers = {"x-amzn-ErrorType": error_type or name}
    return web.json_response({"message": message or usual}, status=code, headers=headers)


def stream_error(code: int, message: str) -> bytes:
    """Return an exception event, such as throttlingException."""
    name = "ModelStreamErrorException" if code == 424 else _ERROR[code][0]
    return exception(name[0].lower() + name[1:], {"message": message})


def _stop(reply: Reply, request: Request) -> str:
    if reply.finish == "stop" and _calls_tool(reply, request):
        return "tool_use"
    return _FINISH.get(reply.finish, reply.finish)


def _calls_tool(reply: Reply, request: Request) -> bool:
    """Say whether the answer is a tool call: data is, and so is the text of a call cut short or garbled."""
    if reply.text is None:
        return reply.data is not None and bool(request.tools)
    return reply.finish in ("max_tokens", "malformed_tool") and request.schema is not None


def _said(reply: Reply, request: Request) -> str:
    if reply.finish == "blocked":
        return _BLOCKED
    if reply.finish == "malformed_tool" and not _calls_tool(reply, request):
        return ""
    return json.dumps(reply.data) if reply.text is None and reply.data is not None else reply.text or ""


def _call(reply: Reply, request: Request) -> dict[str, str | None]:
    return {"toolUseId": "tooluse_1", "name": reply.tool or request.tool_name}


def _content(reply: Reply, request: Request) -> list[dict[str, Any]]:
    if not _calls_tool(reply, request):
        return [{"text": _said(reply, request)}] if _said(reply, request) else []
    return [{"toolUse": {**_call(reply, request), "input": _input(reply)}}]


def _input(reply: Reply) -> Any:
    """Return a tool's input; one cut short keeps the part that could be read, a garbled one stays a string."""
    if reply.text is None or reply.finish == "malformed_tool":
        return reply.data if reply.text is None else reply.text
    return parse_partial_json(reply.text)


def _block(reply: Reply, request: Request) -> list[bytes]:
    texts = pieces(_said(reply, request), reply.pieces)
    if not texts:
        return []
    if not _calls_tool(reply, request):
        return [*_deltas([{"text": text} for text in texts]), event("contentBlockStop", {"contentBlockIndex": 0})]
    start = event("contentBlockStart", {"start": {"toolUse": _call(reply, request)}, "contentBlockIndex": 0})
    deltas = _deltas([{"toolUse": {"input": text}} for text in texts])
    return [start, *deltas, event("contentBlockStop", {"contentBlockIndex": 0})]


def _deltas(deltas: list[dict[str, Any]]) -> list[bytes]:
    return [event("contentBlockDelta", {"delta": delta, "contentBlockIndex": 0}) for delta in deltas]


def _count(reply: Reply, request: Request) -> Usage:
    return usage(reply, request, _said(reply, request))


def _usage(counts: Usage) -> dict[str, int]:
    """Return Bedrock's counts, whose input leaves out what was read from the cache."""
    said = {"inputTokens": counts.input - counts.cached, "outputTokens": counts.output, "totalTokens": counts.total}
    return said | ({"cacheReadInputTokens": counts.cached} if counts.cached else {})


def _thinking(reply: Reply) -> dict[str, Any]:
    details = {"output_tokens_details": {"thinking_tokens": reply.thinking_tokens}}
    return {"additionalModelResponseFields": {"usage": details}} if reply.thinking_tokens else {}
