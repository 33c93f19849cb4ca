"""The server's API keys: who each belongs to, which customer that is, and what they may do."""

from __future__ import annotations

import hmac
import json
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError, model_validator

from fanloom.errors import InvalidSettings
from fanloom.settings import settings

_FORM = 'write {"KEY": {"user": "NAME", "customer_id": "C-1001"}}'


class Owner(BaseModel):
    """Whose key it is.

    `customer_id` is the customer that the support desk serves, if the user is one. `role` "staff" reads and resumes
    everybody's threads. `context` is set in every run of the user, over what the run and its assistant say.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str = Field(min_length=1, max_length=200)
    customer_id: str | None = Field(None, min_length=1, max_length=40)
    role: Literal["staff"] | None = None
    context: dict[str, Any] = {}

    @model_validator(mode="after")
    def _acts_for_one(self) -> Self:
        if self.role and self.customer_id:
            raise ValueError("staff act for every customer, so a key of theirs has no customer_id")
        return self


# What a header carries unchanged, and nobody guesses.
_Key = Annotated[str, Field(pattern=r"^[!-~]{16,}$")]


class _Keys(RootModel[Annotated[dict[_Key, Owner], Field(min_length=1)]]):
    """All keys with their owners."""

    @model_validator(mode="after")
    def _users_are_clear(self) -> Self:
        """Let a user have several keys, but be one person: threads and crons know the user, not the key."""
        known: dict[str, Owner] = {}
        for owner in self.root.values():
            if known.setdefault(owner.user, owner) != owner:
                raise ValueError(f"the keys of {owner.user!r} differ in what the user is; give them the same values")
        return self


def api_keys() -> dict[str, Owner]:
    """Return the keys of FANLOOM_API_KEYS, JSON or the path of a JSON file; none if it is not set.

    Both are read once: a key that is added or taken away counts after a restart.

    Raises InvalidSettings, which never shows a key.
    """
    given = settings().api_keys
    return {} if given is None else parsed(given)


def owner_of(key: str, keys: dict[str, Owner]) -> Owner | None:
    """Return whose key it is, in a time that does not depend on how much of it is right."""
    found = None
    for known, owner in keys.items():
        if hmac.compare_digest(known.encode(), key.encode()):
            found = owner
    return found


@lru_cache(maxsize=1)
def parsed(given: str) -> dict[str, Owner]:
    """Return the keys of a value of FANLOOM_API_KEYS. Raises InvalidSettings, which never shows a key."""
    try:
        return _Keys.model_validate(json.loads(_text(given), object_pairs_hook=_once)).root
    except ValidationError as error:
        raise InvalidSettings(f"FANLOOM_API_KEYS: {_reason(error)}; {_FORM}") from None
    except json.JSONDecodeError:
        raise InvalidSettings(f"FANLOOM_API_KEYS is neither JSON nor the path of a JSON file; {_FORM}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; JSON would let the last of two keys with the same name win, whoever is meant."""
    if len(made := dict(pairs)) < len(pairs):
        raise InvalidSettings("FANLOOM_API_KEYS: a key or a field stands there twice; leave one of the two out")
    return made


def _text(given: str) -> str:
    if given.lstrip().startswith("{"):
        return given
    try:
        return Path(given).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InvalidSettings(
            f"FANLOOM_API_KEYS is no JSON, and as a path it cannot be read ({type(error).__name__}); {_FORM}"
        ) from None


def _reason(error: ValidationError) -> str:
    first: Any = error.errors(include_url=False, include_input=False)[0]
    if "[key]" in first["loc"]:
        return "a key must have 16 characters or more, all of them ASCII and no spaces"
    # The first part of the location is the key itself.
    field = ".".join(str(part) for part in first["loc"][1:])
    return f"{field or 'as a whole'}: {first['msg'].removeprefix('Value error, ')}"
