"""The items of a list in a structured answer, each as soon as it is whole and valid.

LangChain streams a call where somebody listens, and puts the answer together as if nobody had: the answer is judged as
ever. A model that cannot stream answers at once, and nobody hears anything.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, get_args, get_origin

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessageChunk
from langchain_core.runnables.config import ensure_config, merge_configs
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json

from fanloom.gateway.request import Request
from fanloom.models.answers.thoughts import data_in
from fanloom.runs.early_work import READER, PlanReader
from fanloom.runs.langgraph_internals import StreamReader

# Appended to a list whose last item is whole it is one more item; inside an item, or a text, it is not.
_ONE_MORE = ", null"
_MAY_END_AN_ITEM = ('"', "}", "]", ",")


def is_read(request: Request[Any]) -> bool:
    """Say whether somebody reads the items of the answer while they are written."""
    return _item_type(request) is not None


def callbacks_for(request: Request[Any]) -> dict[str, Any]:
    """Return the part of a call's config that has the answer streamed to whoever reads its items; else nothing."""
    reader, item = READER.get(), _item_type(request)
    if reader is None or item is None:
        return {}
    inherited: Any = {"callbacks": ensure_config().get("callbacks")}
    return {"callbacks": merge_configs(inherited, {"callbacks": [_Listener(reader, item)]})["callbacks"]}


def _item_type(request: Request[Any]) -> Any:
    """Return the type of the items of the list that is read, or None if the answer has none."""
    reader, output = READER.get(), request.output
    field = output.model_fields.get(reader.name) if reader and issubclass(output, BaseModel) else None
    if reader is None or field is None or get_origin(field.annotation) is not list or not reader.reads(request.step):
        return None
    return get_args(field.annotation)[0]


class _Listener(BaseCallbackHandler, StreamReader[Any]):
    # On the loop of the call, in the order in which the parts come.
    run_inline = True

    def __init__(self, reader: PlanReader, item: Any) -> None:
        self._reader, self._item = reader, TypeAdapter(item)
        self._text, self._told = "", 0

    def tap_output_aiter(self, run_id: Any, output: AsyncIterator[Any]) -> AsyncIterator[Any]:
        return output

    def tap_output_iter(self, run_id: Any, output: Iterator[Any]) -> Iterator[Any]:
        return output

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self._text, self._told = "", 0

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, **kwargs: Any) -> None:
        message = getattr(chunk, "message", None)
        written = _written(message) if isinstance(message, AIMessageChunk) else ""
        self._text += written
        if any(end in written for end in _MAY_END_AN_ITEM):
            self._tell(whole_items(next(data_in(self._text)), self._reader.name))

    def _tell(self, items: list[Any]) -> None:
        if len(items) <= self._told:
            return
        try:
            valid = [self._item.validate_python(item) for item in items]
        except ValidationError:
            # What is not valid is mended or left out once the answer is whole; what comes after it may be counted anew.
            return
        self._told = len(items)
        self._reader.take(valid)


def whole_items(text: str, name: str) -> list[Any]:
    """Return the items of a list in an object that is being written as JSON: those that nothing can change any more."""
    written = text.rstrip().removesuffix(",")
    if written.endswith(('"', "}", "]")):
        more = _list(written + _ONE_MORE, name)
        if more and more[-1] is None:
            return more[:-1]
    return _list(text, name)[:-1]


def _list(text: str, name: str) -> list[Any]:
    try:
        found = from_json(text, allow_partial="trailing-strings")
    except ValueError:
        return []
    items = found.get(name) if isinstance(found, dict) else None
    return items if isinstance(items, list) else []


def _written(message: AIMessageChunk) -> str:
    called = "".join(part["args"] or "" for part in message.tool_call_chunks if not part.get("index"))
    return called or message.text
