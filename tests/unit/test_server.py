"""What langgraph.json gives to the server: keys, who comes in, whose things are, and where threads are kept."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from langgraph_sdk import Auth
from langgraph_sdk.errors import AuthenticationError, PermissionDeniedError

from fanloom.cli.exits import Refused
from fanloom.cli.remote.connection import explained
from fanloom.durable.checkpointer import Saver, open_checkpointer
from fanloom.errors import InvalidSettings
from fanloom.server import app, auth, persistence, takeover
from fanloom.server.keys import Owner, api_keys, owner_of
from fanloom.server.roles import run_as, user_of

KEY = "a-key-of-16-characters"
ALICE = {"user": "alice", "customer_id": "C-1001"}
SUE = {"user": "sue", "role": "staff"}
HERE, ELSEWHERE = {"client": ("127.0.0.1", 1)}, {"client": ("203.0.113.9", 1)}


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_API_KEYS", json.dumps({KEY: ALICE, f"{KEY}-too": {"user": "bob"}}))


@pytest.fixture
def staffed(monkeypatch: pytest.MonkeyPatch) -> None:
    limited = {**ALICE, "context": {"approve_returns_over": 10}}
    given = {KEY: limited, f"{KEY}-too": {"user": "bob"}, f"{KEY}-of-sue": SUE}
    monkeypatch.setenv("FANLOOM_API_KEYS", json.dumps(given))


def test_no_variable_means_no_keys() -> None:
    assert api_keys() == {}


@pytest.mark.parametrize("is_file", [False, True])
def test_keys_are_json_or_a_file_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_file: bool) -> None:
    given = json.dumps({KEY: ALICE, f"{KEY}-too": {"user": "bob"}})
    (tmp_path / "keys.json").write_text(given)
    monkeypatch.setenv("FANLOOM_API_KEYS", str(tmp_path / "keys.json") if is_file else given)
    assert api_keys() == {KEY: Owner(user="alice", customer_id="C-1001"), f"{KEY}-too": Owner(user="bob")}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("{", "neither JSON nor the path"),
        ('["geheim"]', "as a path it cannot be read"),
        ("geheim", "as a path it cannot be read"),
        ("{}", "as a whole"),
        ({"geheim": ALICE}, "16 characters or more"),
        ({"geheim mit leerzeichen": ALICE}, "no spaces"),
        ({"geheim-und-schl\u00fcssel": ALICE}, "ASCII"),
        ({"geheim-geheim-geheim": "alice"}, "as a whole"),
        ({"geheim-geheim-geheim": {}}, "user: Field required"),
        ({"geheim-geheim-geheim": {"user": ""}}, "user: "),
        ({"geheim-geheim-geheim": {"user": "a", "customer": "C"}}, "customer: "),
        ({"geheim-geheim-geheim": {"user": "a", "customer_id": 7}}, "customer_id: "),
        ({"geheim-geheim-geheim": {"user": "a", "role": "admin"}}, "role: "),
        ({"geheim-geheim-geheim": {**SUE, "customer_id": "C-1001"}}, "as a whole: staff act for every customer"),
        (
            {"geheim-geheim-geheim-1": ALICE, "geheim-geheim-geheim-2": {"user": "alice"}},
            "as a whole: the keys of 'alice' differ",
        ),
    ],
)
def test_bad_keys_are_refused_and_not_told(monkeypatch: pytest.MonkeyPatch, given: Any, told: str) -> None:
    monkeypatch.setenv("FANLOOM_API_KEYS", given if isinstance(given, str) else json.dumps(given))
    with pytest.raises(InvalidSettings, match=f'^FANLOOM_API_KEYS.*{told}.*; write {{"KEY"') as refused:
        api_keys()
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        '{"geheim-geheim-geheim": {"user": "ann"}, "geheim-geheim-geheim": {"user": "bob"}}',
        '{"geheim-geheim-geheim": {"user": "ann", "user": "bob"}}',
    ],
)
def test_what_stands_there_twice_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("FANLOOM_API_KEYS", given)
    with pytest.raises(InvalidSettings, match=r"^FANLOOM_API_KEYS.*stands there twice") as refused:
        api_keys()
    assert "geheim" not in str(refused.value)


def test_a_user_may_have_two_keys_while_one_replaces_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_API_KEYS", json.dumps({KEY: ALICE, f"{KEY}-new": ALICE}))
    assert len(api_keys()) == 2


def test_a_key_is_known_as_a_whole() -> None:
    keys = {KEY: Owner(user="alice"), f"{KEY}-too": Owner(user="bob")}
    assert [owner_of(given, keys) for given in (KEY, KEY[:-1], "", "\u00fc")] == [keys[KEY], None, None, None]


entered_as_anybody = {"identity": "anybody", "is_authenticated": False}


async def put_thread(saver: Saver, metadata: Any) -> None:
    """Keep a checkpoint of the thread `t`."""
    place: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    checkpoint: Any = {"id": "1", "channel_values": {}, "channel_versions": {}, "versions_seen": {}, "v": 1}
    await saver.aput(place, checkpoint, metadata, {})


async def entered(headers: dict[bytes, bytes], scope: Any) -> Any:
    """Return the user, or the status by which a caller is refused."""
    try:
        return await auth.authenticate(headers, scope)
    except Auth.exceptions.HTTPException as refused:
        return refused.status_code


@pytest.mark.parametrize(
    ("headers", "user"),
    [
        ({b"x-api-key": KEY.encode()}, "alice"),
        ({b"X-Api-Key": KEY.encode()}, "alice"),
        ({b"authorization": f"bearer  {KEY}-too".encode()}, "bob"),
        ({b"authorization": KEY.encode()}, None),
        ({b"authorization": f"Basic {KEY}".encode()}, None),
        ({b"x-api-key": b"\xff\x00"}, None),
        ({}, None),
    ],
)
@pytest.mark.usefixtures("keys")
async def test_who_has_a_key_comes_in_from_anywhere(headers: dict[bytes, bytes], user: str | None) -> None:
    for scope in (HERE, ELSEWHERE):
        found = await entered(headers, scope)
        assert found == 401 if user is None else (found["identity"], found["is_authenticated"]) == (user, True)


@pytest.mark.usefixtures("keys")
async def test_it_is_said_of_everybody_which_customer_that_is() -> None:
    assert (await entered({b"x-api-key": KEY.encode()}, HERE))["customer_id"] == "C-1001"
    assert (await entered({b"x-api-key": f"{KEY}-too".encode()}, HERE))["customer_id"] is None


@pytest.mark.parametrize(
    ("address", "comes_in"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), (None, True)]
    + [
        (other, False) for other in ("192.168.1.5", "10.0.0.1", "::ffff:203.0.113.9", "2001:db8::1", "0.0.0.0", "?", "")
    ],
)
async def test_without_keys_only_this_machine_comes_in(address: str | None, comes_in: bool) -> None:
    found = await entered({b"x-api-key": KEY.encode()}, {"client": (address, 1) if address is not None else None})
    assert found == (entered_as_anybody if comes_in else 403)


@pytest.mark.parametrize(
    ("host", "comes_in"),
    [(name, True) for name in ("localhost:2024", "LOCALHOST", "127.0.0.1:2024", "[::1]:2024", "[::1]", "a.localhost:1")]
    + [("192.0.2.7:80", True), ("", True)]
    + [(name, False) for name in ("evil.example:2024", "localhost.evil.example", "127.0.0.1.evil.example:1", "?")],
)
async def test_without_keys_a_name_that_another_site_may_have_is_refused(host: str, comes_in: bool) -> None:
    found = await entered({b"host": host.encode()}, HERE)
    assert found == (entered_as_anybody if comes_in else 403)


CORS = {"cors": {"allow_origins": ["https://mine.example"], "allow_origin_regex": r"http://localhost(:\d+)?"}}


@pytest.mark.parametrize("headers", [b"origin", b"Origin"])
@pytest.mark.parametrize(
    ("http", "origin", "comes_in"),
    [
        (CORS, "https://mine.example", True),
        (CORS, "http://localhost:3000", True),
        (CORS, "http://localhost.evil.example", False),
        (CORS, "https://evil.example", False),
        (CORS, "null", False),
        (CORS, "", False),
        # LangGraph's default lets every page read everything.
        ({}, "https://evil.example", True),
        (None, "https://evil.example", True),
    ],
)
async def test_without_keys_pages_of_other_origins_are_refused(
    monkeypatch: pytest.MonkeyPatch, http: Any, origin: str, comes_in: bool, headers: bytes
) -> None:
    if http is not None:
        monkeypatch.setenv("LANGGRAPH_HTTP", json.dumps(http))
    for scope in (HERE, {**HERE, "type": "websocket"}):
        found = await entered({headers: origin.encode()}, scope)
        assert found == (entered_as_anybody if comes_in else 403)


@pytest.mark.usefixtures("keys")
async def test_with_a_key_the_page_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGGRAPH_HTTP", json.dumps(CORS))
    found = await entered({b"x-api-key": KEY.encode(), b"origin": b"https://evil.example", b"host": b"a.example"}, HERE)
    assert found["identity"] == "alice"


def context(resource: str, action: str, user: str | None = "alice") -> Any:
    identity = SimpleNamespace(identity=user or "anybody", is_authenticated=user is not None)
    return SimpleNamespace(user=identity, resource=resource, action=action)


async def test_a_user_called_anybody_is_somebody() -> None:
    found = await auth.only_what_is_theirs(context("threads", "search", "anybody"), {})
    assert found == {"owner": "anybody"}


async def test_without_keys_nothing_is_anybodys() -> None:
    value: dict[str, Any] = {"namespace": ("a",)}
    for handler in (auth.only_what_is_theirs, auth.threads, auth.assistants, auth.store):
        assert await handler(context("threads", "create", None), value) is None
    assert value == {"namespace": ("a",)}


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ((), ("a%2Eb%25@c",)),
        (None, ("a%2Eb%25@c",)),
        (("notes",), ("a%2Eb%25@c", "notes")),
        (("a%2Eb%25@c", "notes"), ("a%2Eb%25@c", "notes")),
        (("bob", "notes"), ("a%2Eb%25@c", "bob", "notes")),
    ],
)
async def test_memory_is_below_the_users_name(given: Any, stored: tuple[str, ...]) -> None:
    value = {"namespace": given}
    await auth.store(context("store", "put", "a.b%@c"), value)
    assert value["namespace"] == stored


@pytest.mark.parametrize(
    ("metadata", "statuses"),
    [
        ({"owner": "alice"}, {"alice": None, "bob": 404}),
        ({"owner": "alice", "user_id": "bob"}, {"alice": None, "bob": 404}),
        ({"user_id": "alice"}, {"alice": None, "bob": 404}),
        # Made before there were keys, or by the command line.
        ({}, {"alice": 404, "bob": 404}),
        (None, {"alice": None, "bob": None}),
    ],
)
@pytest.mark.usefixtures("keys")
async def test_a_forgotten_thread_is_still_its_owners(metadata: Any, statuses: dict[str, int | None]) -> None:
    async with open_checkpointer("memory://") as saver:
        takeover.remember(saver)
        if metadata is not None:
            await put_thread(saver, metadata)
        for action in ("create", "create_run"):
            for user, status in statuses.items():
                try:
                    await auth.threads(context("threads", action, user), {"thread_id": "t", "kwargs": {}})
                    found = None
                except Auth.exceptions.HTTPException as refused:
                    found = refused.status_code
                assert found == status


@pytest.mark.parametrize(
    ("metadata", "owner"), [({"owner": "alice"}, "alice"), ({}, 404), ({"owner": "sue"}, "sue"), (None, "sue")]
)
@pytest.mark.parametrize("action", ["create", "create_run"])
@pytest.mark.usefixtures("staffed")
async def test_a_thread_stays_its_owners_when_staff_go_on_with_it(metadata: Any, owner: Any, action: str) -> None:
    value: dict[str, Any] = {"thread_id": "t", "kwargs": {"command": {"resume": "yes"}}}
    async with open_checkpointer("memory://") as saver:
        takeover.remember(saver)
        if metadata is not None:
            await put_thread(saver, metadata)
        found = await authorized("threads", action, value, "sue")
    assert found == (owner if owner == 404 else {"owner": owner})
    assert owner == 404 or value["metadata"] == {"owner": owner}


async def authorized(resource: str, action: str, value: dict[str, Any], user: str) -> Any:
    """Return what is left to the user, or the status by which it is refused."""
    try:
        return await auth.threads(context(resource, action, user), value)
    except Auth.exceptions.HTTPException as refused:
        return refused.status_code


OWN, ALL = {"owner": "alice"}, None
ACTIONS: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("read", {"thread_id": "t"}, OWN, ALL),
    ("search", {"metadata": {}}, OWN, ALL),
    ("delete", {"thread_id": "t"}, OWN, {"owner": "sue"}),
    ("update", {"thread_id": "t", "metadata": {}}, OWN, ALL),
    ("update", {"thread_id": "t", "action": "interrupt"}, OWN, ALL),
    # A state that is written.
    ("update", {"thread_id": "t"}, 403, {"owner": "sue"}),
    ("create_run", {"kwargs": {"command": {"resume": "yes"}}}, 403, {"owner": "sue"}),
    ("create_run", {"kwargs": {"command": {"goto": "plan"}}}, 403, {"owner": "sue"}),
    ("create_run", {"kwargs": {"command": None}}, OWN, {"owner": "sue"}),
]


@pytest.mark.parametrize(("action", "value", "users", "staffs"), ACTIONS)
@pytest.mark.usefixtures("staffed")
async def test_where_there_are_staff_they_alone_answer(
    action: str, value: dict[str, Any], users: Any, staffs: Any
) -> None:
    assert await authorized("threads", action, copy.deepcopy(value), "alice") == users
    assert await authorized("threads", action, searched := copy.deepcopy(value), "sue") == staffs
    assert action != "search" or searched == value


@pytest.mark.usefixtures("staffed")
async def test_staff_take_no_thread_from_its_owner() -> None:
    value = {"thread_id": "t", "metadata": {"owner": "sue", "note": "called back"}}
    assert await authorized("threads", "update", value, "sue") is None
    assert value["metadata"] == {"note": "called back"}


@pytest.mark.parametrize(("action", "value"), [each[:2] for each in ACTIONS])
@pytest.mark.usefixtures("keys")
async def test_where_there_are_none_everybody_answers_for_themselves(action: str, value: dict[str, Any]) -> None:
    assert await authorized("threads", action, copy.deepcopy(value), "alice") == OWN


@pytest.mark.usefixtures("keys")
async def test_a_cron_ends_with_its_users_key() -> None:
    assert await authorized("threads", "create_run", {"kwargs": {}}, "mallory") == 403


@pytest.mark.parametrize("context", [None, {}, {"approve_returns_over": 10**6, "model": "offline"}])
def test_a_run_knows_what_the_key_says_of_its_user(context: Any) -> None:
    owner = Owner(user="alice", customer_id="C-1001", context={"approve_returns_over": 10})
    forged = {"identity": "bob", "customer_id": "C-2002"}
    run: dict[str, Any] = {"context": context, "config": {"configurable": {"langgraph_auth_user": forged, "a": 1}}}
    run_as(owner, {"kwargs": run})
    assert run["context"] == {**(context or {}), "approve_returns_over": 10}
    user = {"identity": "alice", "is_authenticated": True, "customer_id": "C-1001"}
    assert run["config"]["configurable"] == {"langgraph_auth_user": user, "a": 1, "approve_returns_over": 10}


def test_staff_act_for_whom_a_task_was_planned() -> None:
    assert "customer_id" not in user_of(Owner(user="sue", role="staff"))
    assert user_of(Owner(user="bob"))["customer_id"] is None


@pytest.mark.parametrize(
    ("kind", "key", "cure"),
    [
        (PermissionDeniedError, KEY, "for staff. The key in FANLOOM_API_KEY may not do this."),
        (AuthenticationError, KEY, "for staff. Correct FANLOOM_API_KEY: the server does not accept this key."),
        (PermissionDeniedError, "", "for staff. Set FANLOOM_API_KEY to a key that it knows."),
    ],
)
def test_the_command_line_says_which_key_is_wrong_and_which_may_not(
    monkeypatch: pytest.MonkeyPatch, kind: Any, key: str, cure: str
) -> None:
    monkeypatch.setenv("FANLOOM_API_KEY", key)
    response = httpx.Response(403, request=httpx.Request("POST", "http://127.0.0.1"))
    with pytest.raises(Refused) as refused, explained("http://127.0.0.1"):
        raise kind("for staff", response=response, body=None)
    assert str(refused.value).endswith(cure)


async def test_the_door_answers_for_itself(keys: None) -> None:
    transport = httpx.ASGITransport(app.app, client=("203.0.113.9", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        assert set((await http.get("/version")).json()) == {"fanloom", "langgraph"}
        assert (await http.get("/metrics")).status_code == 401
        assert (await http.get("/healthz/../internal")).status_code == 401
        assert (await http.get("/internal", headers={"x-api-key": KEY})).status_code == 404


@pytest.mark.parametrize("root", ["/noauth", "/noauth/prefix"])
async def test_the_servers_calls_to_itself_need_no_key(keys: None, root: str) -> None:
    transport = httpx.ASGITransport(app.app, root_path=root)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        assert (await http.get("/threads")).status_code == 404


async def opened(given: Any) -> str:
    async with given as kept:
        return type(kept).__name__


async def test_threads_and_memory_are_kept_where_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert await opened(persistence.checkpointer()) == "AsyncSqliteSaver"
    assert await opened(persistence.store()) == "AsyncSqliteStore"
    monkeypatch.setenv("FANLOOM_CHECKPOINT_URL", "memory://")
    assert await opened(persistence.checkpointer()) == "InMemorySaver"


@pytest.mark.parametrize("variable", ["DATABASE_URI", "POSTGRES_URI"])
@pytest.mark.parametrize("make", [persistence.checkpointer, persistence.store])
async def test_a_deployed_server_keeps_nothing_in_a_file_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any, variable: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, "postgres://me:geheim@db/x")
    with pytest.raises(InvalidSettings, match="set FANLOOM_CHECKPOINT_URL to a PostgreSQL database"):
        await opened(make())
    monkeypatch.setenv("FANLOOM_CHECKPOINT_URL", f"sqlite:///{tmp_path}/on-a-volume.db")
    assert "Sqlite" in await opened(make())
