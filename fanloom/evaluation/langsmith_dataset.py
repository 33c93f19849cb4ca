"""The data set of an evaluation in LangSmith, brought to what the file says."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fanloom.evaluation.dataset import Dataset

if TYPE_CHECKING:
    from langsmith import Client
    from langsmith.schemas import Example

Mask = Callable[[dict[str, Any]], dict[str, Any]]
Wanted = Mapping[uuid.UUID, tuple[int, dict[str, Any]]]
"""Line and example of each item by the example's id."""

# Marks the examples that come from a file; what else somebody has put into the data set is left alone.
_MADE_BY = {"made_by": "fanloom eval"}
# Few enough that each request is answered soon: a LangSmith that keeps silent is given up.
_AT_ONCE = 20


def dataset_there(client: Client, dataset: Dataset) -> Any:
    """Return the data set in LangSmith that has the name of the file; it is made if it is not there."""
    from langsmith.utils import LangSmithNotFoundError

    try:
        return client.read_dataset(dataset_name=dataset.name)
    except LangSmithNotFoundError:
        return client.create_dataset(dataset.name, description=dataset.about.description or None)


def wanted_examples(dataset: Dataset, fields: list[str], namespace: uuid.UUID, mask: Mask) -> Wanted:
    """Return line and example of each item, by an id that says what stands in it."""
    seen = Counter[str]()
    wanted = {}
    for number, item in dataset.items.items():
        inputs = dataset.input_of(number, fields)
        outputs = {name: value for name, value in item.items() if name not in inputs}
        told = mask({"inputs": inputs, "reference_outputs": outputs})
        line = json.dumps(told, sort_keys=True)
        seen[line] += 1
        wanted[uuid.uuid5(namespace, f"{line}{seen[line]}")] = (number, {**told, "metadata": _MADE_BY})
    return wanted


def synced(client: Client, there: uuid.UUID, wanted: Wanted, *, whole: bool) -> list[Example]:
    """Bring the data set in LangSmith to what is wanted, and return its examples with their lines as metadata.

    An item that has changed is another example. Examples that are no longer in the file go, if the `whole` file is
    evaluated; examples that came from elsewhere stay.
    """
    known = _known(client, there)
    if new := [{**told, "id": key} for key, (_, told) in wanted.items() if key not in known]:
        for part in _parts(new):
            client.create_examples(dataset_id=there, examples=part)
        known = _known(client, there)
    gone = [key for key, example in known.items() if key not in wanted and _is_ours(example)]
    if gone and whole:
        for part in _parts(gone):
            client.delete_examples(part)
    return [
        known[key].model_copy(update={"metadata": {"line": number}})
        for key, (number, _) in wanted.items()
        if key in known
    ]


def _known(client: Client, there: uuid.UUID) -> dict[uuid.UUID, Example]:
    return {example.id: example for example in client.list_examples(dataset_id=there)}


def _parts(all_: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (all_[start : start + _AT_ONCE] for start in range(0, len(all_), _AT_ONCE))


def _is_ours(example: Example) -> bool:
    return _MADE_BY.items() <= (example.metadata or {}).items()
