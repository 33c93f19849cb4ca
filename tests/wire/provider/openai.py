"""OpenAI's dialect, which many servers speak: Chat Completions."""

import json
import re
from typing import Any

from aiohttp import web

from .reply import Reply, Usage, pieces, usage
from .request import Request

PATH = re.compile(r"^(/openai/deployments/(?P<model>[^/]+)|/v1)/chat/completions$")

stream_type = "text/event-stream"

_FINISH = {
    "stop": "stop",
    "max_tokens": "length",
    "safety": "content_filter",
    "recitation": "content_filter",
    "blocked": "stop",
    "malformed_tool": "tool_calls",
}
_ERROR = {
    400: ("invalid_request_error", None, "The request is not valid."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", "model_not_allowed", "Project does not have access to the model."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
}
_REFUSAL = "I am sorry, I cannot help with that."


def parse(path: str, match: re.Match[str], headers: dict[str, str], body: dict[str, Any]) -> Request:
    """Read a request."""
    tools = {tool["function"]["name"]: tool["function"].get("parameters", {}) for tool in body.get("tools", [])}
    choice = body.get("tool_choice")
    forced = choice["function"]["name"] if isinstance(choice, dict) else None
    system = [message for message in body["messages"] if message["role"] in ("system", "developer")]
    others = [message for message in body["messages"] if message not in system]
    wanted = body.get("response_format", {}).get("json_schema", {})
    return Request(
        provider="openai",
        model=match["model"] or body["model"],
        path=path,
        streaming=bool(body.get("stream")),
        headers=headers,
        body=body,
        system="\n".join(text for message in system for text in _texts(message)),
        parts=[text for message in others for text in _texts(message)],
        roles=[message["role"] for message in others],
        schema=wanted.get("schema") or tools.get(forced or ""),
        tool_name=forced or next(iter(tools), None),
        tools=tools,
        max_output_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        temperature=body.get("temperature"),
    )


def _texts(message: dict[str, Any]) -> list[str]:
    content = message.get("content") or []
    return [content] if isinstance(content, str) else [part["text"] for part in content if "text" in part]


def body(reply: Reply, request: Request) -> dict[str, Any]:
    """Return a whole chat.completion."""
    choice = {"index": 0, "message": {"role": "assistant", **_said(reply, request)}, "finish_reason": _finish(reply)}
    choices = [] if reply.finish == "none" else [choice]
    return {**_envelope(request, "chat.completion"), "choices": choices, "usage": _usage(_count(reply, request))}


def frames(reply: Reply, request: Request) -> list[bytes]:
    """Return the server-sent events: pieces, how it ended, the usage if it was asked for, and the mark of the end."""
    deltas: list[dict[str, Any]] = [{"delta": delta} for delta in _deltas(reply, request)]
    events = [] if reply.finish == "none" else [*deltas, {"delta": {}, "finish_reason": _finish(reply)}]
    sent = [_event(request, [{"index": 0, "finish_reason": None, **event}]) for event in events]
    if request.body.get("stream_options", {}).get("include_usage"):
        sent.append(_event(request, [], usage=_usage(_count(reply, request))))
    return [*sent, b"data: [DONE]\n\n"]


def beat() -> bytes:
    """Return an event with one dot."""
    return _sse({"id": "c", "choices": [{"index": 0, "delta": {"content": "."}, "finish_reason": None}]})


def error(code: int, message: str | None, error_type: str | None, retry: float | None) -> web.Response:
    """Return an error; `error_type` is its code. The protocol has no place for a retry hint in the body."""
    if retry is not None:
        raise ValueError("OpenAI gives its retry hints in headers: use hint='retry-after'")
    return web.json_response({"error": _error(code, message, error_type)}, status=code)


def stream_error(code: int, message: str) -> bytes:
    """Return an error event."""
    return _sse({"error": {**_error(code, message, None), "code": code}})


def _error(code: int, message: str | None, error_type: str | None) -> dict[str, Any]:
    kind, word, usual = _ERROR.get(code, ("server_error", None, "The server had an error."))
    return {"message": message or usual, "type": kind, "param": None, "code": error_type or word}


def _finish(reply: Reply) -> str:
    if reply.finish == "stop" and reply.tool:
        return "tool_calls"
    return _FINISH.get(reply.finish, reply.finish)


def _calls_tool(reply: Reply, request: Request) -> bool:
    answers_in_text = "response_format" in request.body
    wants = isinstance(reply.data, dict) and reply.text is None and bool(request.tools) and not answers_in_text
    return wants or reply.finish == "malformed_tool"


def _text(reply: Reply) -> str:
    return json.dumps(reply.data) if reply.text is None and reply.data is not None else reply.text or ""


def _said(reply: Reply, request: Request) -> dict[str, Any]:
    if reply.finish == "blocked":
        return {"content": None, "refusal": _REFUSAL}
    if _calls_tool(reply, request):
        return {"content": None, "refusal": None, "tool_calls": [_call(reply, request, _text(reply))]}
    return {"content": _text(reply) or None, "refusal": None}


def _deltas(reply: Reply, request: Request) -> list[dict[str, Any]]:
    opening = {"role": "assistant", "content": ""}
    if reply.finish == "blocked":
        return [opening, *({"refusal": piece} for piece in pieces(_REFUSAL, reply.pieces))]
    texts = pieces(_text(reply), reply.pieces)
    if not _calls_tool(reply, request):
        # The first piece comes with the role, so that one frame says something.
        return [{**opening, "content": texts[0]}, *({"content": text} for text in texts[1:])] if texts else [opening]
    begun = [{"tool_calls": [{"index": 0, **_call(reply, request, "")}]}]
    return [opening, *begun, *({"tool_calls": [{"index": 0, "function": {"arguments": text}}]} for text in texts)]


def _call(reply: Reply, request: Request, arguments: str) -> dict[str, Any]:
    function = {"name": reply.tool or request.tool_name or "answer", "arguments": arguments}
    return {"id": "call_1", "type": "function", "function": function}


def _count(reply: Reply, request: Request) -> Usage:
    return usage(reply, request, _text(reply))


def _usage(counts: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": counts.input,
        "completion_tokens": counts.output,
        "total_tokens": counts.total,
        "prompt_tokens_details": {"cached_tokens": counts.cached},
        "completion_tokens_details": {"reasoning_tokens": counts.thinking},
    }


def _envelope(request: Request, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": request.model}


def _event(request: Request, choices: list[dict[str, Any]], **more: Any) -> bytes:
    return _sse({**_envelope(request, "chat.completion.chunk"), "choices": choices, **more})


def _sse(payload: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"
