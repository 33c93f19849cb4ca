"""What our handlers make of Aegra's values: the flat request, text headers, users as objects."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from langgraph.runtime import Runtime
from langgraph_sdk import Auth

from fanloom.errors import InvalidSettings
from fanloom.server import auth
from fanloom.server.aegra import aegra_handlers as aegra
from fanloom.server.keys import Owner
from fanloom.server.visitor import at_door
from nodes.support_desk.context import DeskContext, customer_of, customer_of_task

KEY = "a-key-of-alices-0123456789"
ALICE = f'{{"{KEY}": {{"user": "al.ice", "customer_id": "C-1", "context": {{"max_tasks": 3}}}}}}'
OWNER = Owner(user="al.ice", context={"max_tasks": 3})


@pytest.fixture(autouse=True)
def on_aegra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aegra_api.main", ModuleType("aegra_api.main"))
    graphs = SimpleNamespace(list_graphs=dict)
    service: Any = ModuleType("aegra_api.services.langgraph_service")
    service.get_langgraph_service = lambda: graphs
    for name in ("aegra_api", "aegra_api.services"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "aegra_api.services.langgraph_service", service)


def asked(action: str, **value: Any) -> tuple[Any, dict[str, Any]]:
    user = SimpleNamespace(identity="al.ice", is_authenticated=True)
    return SimpleNamespace(user=user, action=action), value


async def test_headers_are_text_and_the_door_tells_where_a_call_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    for address, comes_in in (("127.0.0.1", True), ("203.0.113.9", False)):
        with at_door({"client": (address, 1)}):
            if comes_in:
                assert (await auth.authenticate({"host": "localhost"}))["is_authenticated"] is False
            else:
                with pytest.raises(Auth.exceptions.HTTPException, match="this machine only"):
                    await auth.authenticate({})
    with pytest.raises(Auth.exceptions.HTTPException, match=r"fanloom\.server\.app:app"):
        await auth.authenticate({})
    monkeypatch.setenv("FANLOOM_API_KEYS", ALICE)
    assert (await auth.authenticate({"X-Api-Key": KEY}))["identity"] == "al.ice"


@pytest.mark.parametrize(
    ("said", "context"),
    [
        ({}, {"max_tasks": 3}),
        ({"context": {"max_tasks": 9, "model": "offline"}}, {"max_tasks": 3, "model": "offline"}),
        ({"config": {"configurable": {"max_tasks": 9, "seed": 1}}}, {"max_tasks": 3, "seed": 1}),
        ({"config": None, "context": None}, {"max_tasks": 3}),
    ],
)
def test_a_key_fixes_the_context_of_a_run_and_whose_it_is(said: dict[str, Any], context: dict[str, Any]) -> None:
    run = {"assistant_id": "a", **said}
    aegra.fix_run(run, OWNER)
    assert (run["context"], run["config"]["metadata"]) == (context, {"owner": "al.ice"})
    assert run["config"]["configurable"]["max_tasks"] == 3


async def test_no_filter_is_returned_for_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_API_KEYS", ALICE)
    ctx, run = asked("create_run", assistant_id="a", thread_id="t", context={"max_tasks": 9}, config={})
    assert await auth.threads(ctx, run) is None
    assert run["context"] == {"max_tasks": 3}


@pytest.mark.parametrize(
    "params",
    [
        {"context": {"nonsense": 1}},
        {"config": {"callbacks": 1}},
        {"checkpoint": {"__pregel_resume_map": {}}},
        {},
        [],
        1,
    ],
)
async def test_of_a_command_the_parameters_count(monkeypatch: pytest.MonkeyPatch, params: Any) -> None:
    monkeypatch.setenv("FANLOOM_API_KEYS", ALICE)
    ctx, command = asked("create_run", method="run.start", params=params, kwargs={}, assistant_id="x", context={})
    with pytest.raises(Auth.exceptions.HTTPException) as refused:
        await auth.threads(ctx, command)
    assert refused.value.status_code == 403


async def test_memory_is_below_the_name_and_a_full_stop_in_it_is_no_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_API_KEYS", ALICE)
    own = ["owner", "al%2Eice"]
    for name in ("namespace", "namespace_prefix", "prefix"):
        for given in ([], ["notes"], [*own, "notes"]):
            ctx, value = asked("put", **{name: given})
            assert await auth.store(ctx, value) == {name: [*own, "notes"] if given else own}
    ctx, value = asked("list_namespaces", prefix=None, suffix=None)
    assert await auth.store(ctx, value) == {"prefix": own}


@pytest.mark.parametrize("action", ["create", "update"])
async def test_a_key_makes_no_cron(monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    monkeypatch.setenv("FANLOOM_API_KEYS", ALICE)
    with pytest.raises(Auth.exceptions.HTTPException, match="cron"):
        await auth.crons(*asked(action, schedule="* * * * *"))


def test_staff_are_refused() -> None:
    with pytest.raises(InvalidSettings, match=r"'sue'.*nobody could answer"):
        aegra.check_settings([Owner(user="ann"), Owner(user="sue", role="staff")])


class AegraUser:
    """As Aegra's: attributes, and neither `[]` nor `in`."""

    def __init__(self, **said: Any) -> None:
        self.identity, self.is_authenticated = "a", True
        self.__dict__.update(said)


@pytest.mark.parametrize("kind", [AegraUser, None])
@pytest.mark.parametrize(
    ("said", "customer", "of_task"),
    [({"customer_id": "C-1"}, "C-1", "C-1"), ({"customer_id": None}, None, ""), ({}, None, "C-9")],
)
def test_a_user_is_a_mapping_or_an_object(kind: Any, said: dict[str, Any], customer: Any, of_task: str) -> None:
    class Mapping(dict[str, Any]):
        is_authenticated = True

    user = (kind or Mapping)(**said)
    runtime: Any = Runtime(context=DeskContext(customer_id="C-7"))
    runtime = SimpleNamespace(context=runtime.context, server_info=SimpleNamespace(user=user))
    assert (customer_of(runtime), customer_of_task(runtime, "C-9")) == (customer, of_task)
