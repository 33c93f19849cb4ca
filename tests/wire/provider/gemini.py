"""Gemini's dialect: generateContent and streamGenerateContent."""

import json
import re
from http import HTTPStatus
from typing import Any

from aiohttp import web

from .reply import Reply, Usage, pieces, usage
from .request import Request

PATH = re.compile(r"^/v1(?:beta|alpha)?/models/(?P<model>.+):(?P<verb>generateContent|streamGenerateContent)$")

stream_type = "text/event-stream"

_FINISH = {
    "stop": "STOP",
    "max_tokens": "MAX_TOKENS",
    "safety": "SAFETY",
    "recitation": "RECITATION",
    "malformed_tool": "MALFORMED_FUNCTION_CALL",
}
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    424: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def parse(path: str, match: re.Match[str], headers: dict[str, str], body: dict[str, Any]) -> Request:
    """Read a request."""
    config = body.get("generationConfig", {})
    tools = _tools(body)
    forced = _forced(body, tools)
    return Request(
        provider="gemini",
        model=match["model"],
        path=path,
        streaming=match["verb"] == "streamGenerateContent",
        headers=headers,
        body=body,
        system="\n".join(_texts(body.get("systemInstruction", {}))),
        parts=[text for content in body["contents"] for text in _texts(content)],
        roles=[content.get("role", "user") for content in body["contents"]],
        schema=config.get("responseJsonSchema") or config.get("responseSchema") or tools.get(forced or ""),
        tool_name=forced or next(iter(tools), None),
        tools=tools,
        max_output_tokens=config.get("maxOutputTokens"),
        temperature=config.get("temperature"),
    )


def _texts(content: dict[str, Any]) -> list[str]:
    return [part["text"] for part in content.get("parts", []) if "text" in part]


def _tools(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    offered = [each for tool in body.get("tools", []) for each in tool.get("functionDeclarations", [])]
    return {each["name"]: each.get("parametersJsonSchema") or each.get("parameters") or {} for each in offered}


def _forced(body: dict[str, Any], tools: dict[str, Any]) -> str | None:
    choice = body.get("toolConfig", {}).get("functionCallingConfig", {})
    if choice.get("mode") != "ANY":
        return None
    return next(iter(choice.get("allowedFunctionNames", [])), next(iter(tools), None))


def body(reply: Reply, request: Request) -> dict[str, Any]:
    """Return a whole GenerateContentResponse."""
    text = "" if _calls_tool(reply, request) else _text(reply)
    parts = [_call(reply, request)] if _calls_tool(reply, request) else [{"text": text}] if text else []
    return _response(reply, request, parts, _FINISH.get(reply.finish, reply.finish))


def frames(reply: Reply, request: Request) -> list[bytes]:
    """Return the server-sent events; only the last one says how it ended."""
    texts = [] if _calls_tool(reply, request) else pieces(_text(reply), reply.pieces)
    if len(texts) < 2:
        return [_sse(body(reply, request))]
    finishes = [None] * (len(texts) - 1) + [_FINISH.get(reply.finish, reply.finish)]
    said = zip(texts, finishes, strict=True)
    return [_sse(_response(reply, request, [{"text": text}], finish)) for text, finish in said]


def beat() -> bytes:
    """Return an event with one dot."""
    return _sse({"candidates": [{"content": {"role": "model", "parts": [{"text": "."}]}, "index": 0}]})


def error(code: int, message: str | None, error_type: str | None, retry: float | None) -> web.Response:
    """Return a google.rpc error; `error_type` is the reason in its ErrorInfo."""
    status = _STATUS.get(code, "UNKNOWN")
    details: list[dict[str, Any]] = [_info(error_type)] if error_type else []
    if retry is not None:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry:g}s"})
    said = {"code": code, "message": message or _phrase(code), "status": status}
    return web.json_response({"error": {**said, "details": details} if details else said}, status=code)


def stream_error(code: int, message: str) -> bytes:
    """Return an error event."""
    return _sse({"error": {"code": code, "message": message, "status": _STATUS.get(code, "UNKNOWN")}})


def _phrase(code: int) -> str:
    return HTTPStatus(code).phrase if code in set(HTTPStatus) else "Unknown"


def _info(reason: str) -> dict[str, Any]:
    service = "generativelanguage.googleapis.com"
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": service},
    }


def _text(reply: Reply) -> str:
    if reply.finish == "malformed_tool":
        return ""
    return json.dumps(reply.data) if reply.text is None and reply.data is not None else reply.text or ""


def _calls_tool(reply: Reply, request: Request) -> bool:
    answers_in_text = "responseMimeType" in request.body.get("generationConfig", {})
    return isinstance(reply.data, dict) and reply.text is None and bool(request.tools) and not answers_in_text


def _call(reply: Reply, request: Request) -> dict[str, Any]:
    return {"functionCall": {"name": reply.tool or request.tool_name, "args": reply.data}}


def _response(reply: Reply, request: Request, parts: list[dict[str, Any]], finish: str | None) -> dict[str, Any]:
    counted = _usage(usage(reply, request, _text(reply)))
    common = {"usageMetadata": counted, "modelVersion": request.model, "responseId": "response-1"}
    if reply.finish in ("blocked", "none"):
        feedback = {"promptFeedback": {"blockReason": "SAFETY"}} if reply.finish == "blocked" else {}
        return {**feedback, **common}
    content = {"role": "model", "parts": parts} if parts else {"role": "model"}
    candidate = {"content": content, "index": 0} | ({"finishReason": finish} if finish else {})
    return {"candidates": [candidate], **common}


def _usage(counts: Usage) -> dict[str, int]:
    said = {
        "promptTokenCount": counts.input,
        "candidatesTokenCount": counts.output - counts.thinking,
        "totalTokenCount": counts.total,
    }
    cached = {"cachedContentTokenCount": counts.cached} if counts.cached else {}
    return said | cached | ({"thoughtsTokenCount": counts.thinking} if counts.thinking else {})


def _sse(payload: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\r\n\r\n"
