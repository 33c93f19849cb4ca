"""`fanloom serve`: what it refuses to start, and what it tells Aegra."""

from __future__ import annotations

import json
import os
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fanloom.cli import cli
from fanloom.cli.commands import serve as module
from fanloom.cli.here import aegra_stores
from fanloom.cli.here.aegra_file import write_aegra_file
from fanloom.cli.here.project import read_project
from fanloom.errors import UserError
from fanloom.server.aegra import instances

OURS = {"path": "fanloom.server.auth:auth"}
KEYS = '{"a-key-of-16-characters": {"user": "a"}}'
STAFF = '{"a-key-of-16-characters": {"user": "sue", "role": "staff"}}'
URL = "postgresql://me:hunter2@127.0.0.1:5432/mine"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path.parent)
    monkeypatch.setattr(module, "find_spec", lambda name: True)
    monkeypatch.setattr(module, "_OLDEST", (3, 0))
    monkeypatch.setattr(aegra_stores, "check_stores", lambda variables: None)
    # What the command sets is taken back at the end.
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setenv("FANLOOM_CHECKPOINT_URL", URL)
    (tmp_path / "flows").mkdir()
    for file in ("g.py", "flows/h.py", "un-named.py"):
        (tmp_path / file).write_text('"""Its first line."""\n')
    write(tmp_path)
    return tmp_path


def write(project: Path, **config: Any) -> None:
    graphs = {"g": "./g.py:graph", "h": {"path": "flows.h:made", "description": "Told."}, "odd": "./un-named.py:graph"}
    (project / "langgraph.json").write_text(json.dumps({"graphs": graphs, "auth": OURS, **config}))


@contextmanager
def begun(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    made: list[Any] = []

    class Instances:
        def __init__(self, listener: socket.socket, count: int, **_: Any) -> None:
            made[:] = [listener.getsockname(), count]

        def run(self) -> int:
            return 0

    monkeypatch.setattr(instances, "Instances", Instances)
    yield made


def serve(project: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(project), "serve", "--port", "0", *words])


def test_it_serves_here_and_tells_aegra_where_everything_is(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, env={"FANLOOM_MODEL": "offline", "SAID": "here"}, http={"cors": {"allow_origins": ["a"]}})
    with begun(monkeypatch) as made:
        done = serve(project, "--instances", "3")
    assert (done.exit_code, made[0][0], made[1]) == (0, "127.0.0.1", 3), done.output
    assert "this machine only" in done.stderr
    said = {name: os.environ[name] for name in ("SAID", "DATABASE_URL", "REDIS_BROKER_ENABLED", "CRON_ENABLED")}
    assert said == {"SAID": "here", "DATABASE_URL": URL, "REDIS_BROKER_ENABLED": "true", "CRON_ENABLED": "true"}
    assert json.loads(os.environ["LANGGRAPH_HTTP"]) == {"cors": {"allow_origins": ["a"]}}
    assert Path(os.environ["AEGRA_CONFIG"]).is_file()


def test_projects_that_share_redis_have_names_of_their_own_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://cache:6379/3")
    mine, other = (aegra_stores.store_variables(f"postgresql://h/{name}?sslmode=require") for name in ("mine", "other"))
    assert (mine["WORKER_QUEUE_KEY"], other["WORKER_QUEUE_KEY"]) == ("fanloom:mine:jobs", "fanloom:other:jobs")
    assert mine["REDIS_CHANNEL_PREFIX"] != other["REDIS_CHANNEL_PREFIX"]
    assert mine["REDIS_URL"] == "redis://cache:6379/3"
    monkeypatch.setenv("WORKER_QUEUE_KEY", "chosen")
    assert aegra_stores.store_variables("postgresql://h/mine")["WORKER_QUEUE_KEY"] == "chosen"


def test_with_keys_others_are_served_and_crons_are_off(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_API_KEYS", KEYS)
    with begun(monkeypatch) as made:
        done = serve(project, "--host", "0.0.0.0")
    assert (done.exit_code, made[0][0], os.environ["CRON_ENABLED"]) == (0, "0.0.0.0", "false")


@pytest.mark.parametrize(
    ("words", "variables", "said"),
    [
        (["--host", "0.0.0.0"], {}, "FANLOOM_API_KEYS is not set"),
        (["--host", "::"], {}, "FANLOOM_API_KEYS is not set"),
        ([], {"FANLOOM_API_KEYS": "{"}, "FANLOOM_API_KEYS"),
        ([], {"FANLOOM_API_KEYS": STAFF}, '\'sue\' has "role": "staff"'),
        ([], {"FANLOOM_API_KEYS": KEYS, "FANLOOM_WEBHOOKS": "true"}, "Aegra calls no webhooks"),
        ([], {"FANLOOM_CHECKPOINT_URL": "", "DATABASE_URL": ""}, "neither FANLOOM_CHECKPOINT_URL nor DATABASE_URL"),
        ([], {"FANLOOM_CHECKPOINT_URL": "sqlite:///x.db"}, "FANLOOM_CHECKPOINT_URL is no PostgreSQL URL"),
        ([], {"FANLOOM_CHECKPOINT_URL": "", "DATABASE_URL": "mysql://h/d"}, "DATABASE_URL is no PostgreSQL URL"),
        (["--instances", "0"], {}, "0 is not in the range"),
        (["--host", "256.1.1.1"], {"FANLOOM_API_KEYS": KEYS}, "nothing can listen at 256.1.1.1:0"),
    ],
)
def test_it_says_what_is_missing(
    project: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], variables: dict[str, str], said: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with begun(monkeypatch) as made:
        done = serve(project, *words)
    assert (done.exit_code, said in done.stderr, made) == (2, True, []), done.output
    assert "hunter2" not in done.output


def test_a_port_that_is_taken_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with begun(monkeypatch), socket.create_server(("127.0.0.1", 0)) as taken:
        done = serve(project, "--port", str(taken.getsockname()[1]))
    assert (done.exit_code, "choose another --port" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("oldest", "found", "said"),
    [((99, 0), True, "needs Python 3.12 or newer"), ((3, 0), None, 'pip install "fanloom[aegra]"')],
)
def test_it_says_what_is_not_installed(
    project: Path, monkeypatch: pytest.MonkeyPatch, oldest: tuple[int, int], found: Any, said: str
) -> None:
    monkeypatch.setattr(module, "_OLDEST", oldest)
    monkeypatch.setattr(module, "find_spec", lambda name: found)
    done = serve(project)
    assert (done.exit_code, said in done.stderr) == (2, True)


def test_a_store_that_does_not_answer_is_told_without_its_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
    stores = {"DATABASE_URL": f"postgresql://me:hunter2@127.0.0.1:{port}/d", "REDIS_URL": "redis://127.0.0.1:1"}
    with pytest.raises(UserError, match=r"PostgreSQL at .* does not answer .* FANLOOM_CHECKPOINT_URL") as refused:
        aegra_stores.check_stores(stores)
    assert "hunter2" not in str(refused.value)


def test_redis_that_does_not_answer_is_told_without_its_password(postgres_url: str) -> None:
    stores = {"DATABASE_URL": postgres_url, "REDIS_URL": "redis://:hunter2@127.0.0.1:1/0"}
    with pytest.raises(UserError, match=r"Redis at .* does not answer .* REDIS_URL") as refused:
        aegra_stores.check_stores(stores)
    assert "hunter2" not in str(refused.value)


def test_aegra_gets_files_that_import_each_graph_by_its_name(project: Path) -> None:
    write(project, dependencies=[".", "./flows"], http={"app": "./app.py:app"}, store={"path": "x.y"})
    file = write_aegra_file(read_project(project))
    said = json.loads(file.read_text())
    graphs = {name: entry["path"].rpartition(":")[::2] for name, entry in said["graphs"].items()}
    texts = {name: Path(path).read_text() for name, (path, _) in graphs.items()}
    assert texts["g"] == "from g import graph as graph\n"
    assert texts["h"] == "from flows.h import made as graph\n"
    # No name leads to it, so that the file itself has to do.
    assert graphs["odd"] == (str(project / "un-named.py"), "graph")
    assert [entry["description"] for entry in said["graphs"].values()] == [
        "Its first line.",
        "Told.",
        "Its first line.",
    ]
    assert said["dependencies"] == [str(project), str(project / "flows")]
    assert (said["http"]["app"], said["auth"]["path"]) == (f"{project}/app.py:app", OURS["path"])
    assert said["store"] == {"path": "x.y", "scopes": {"owner": ["memory_label"]}}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_graph_that_is_not_there_is_named(project: Path) -> None:
    (project / "langgraph.json").write_text('{"graphs": {"gone": "gone.far:graph"}}')
    with pytest.raises(UserError, match=r"'gone' of langgraph.json: gone.far does not exist"):
        write_aegra_file(read_project(project))


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="says what an older Python cannot do")
def test_on_an_older_python_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "langgraph.json").write_text('{"graphs": {"g": "./g.py:graph"}}')
    assert "needs Python 3.12 or newer, and this is 3.11" in serve(tmp_path).stderr
