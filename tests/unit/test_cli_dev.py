"""`fanloom dev`: what it starts, and what it refuses to start."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fanloom.cli import cli
from fanloom.cli.commands import dev as module

OURS = {"path": "fanloom.server.auth:auth"}
KEYS = '{"a-key-of-16-characters": {"user": "a"}}'
DEFAULTS = ["--no-browser", "--no-reload", "--n-jobs-per-worker", "10"]


class Started(Exception):
    """The process would be another one now."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, auth=OURS)
    # Undone at the end, after the command has gone there.
    monkeypatch.chdir(tmp_path.parent)
    return tmp_path


def write(project: Path, **config: Any) -> None:
    (project / "langgraph.json").write_text(
        json.dumps({"dependencies": ["."], "graphs": {"g": "./g.py:graph"}, **config})
    )


def dev(project: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[Any, list[str], dict[str, str]]:
    """Return how the command ends, what it becomes and in which environment."""
    became: list[Any] = []

    def become(file: str, command: list[str], environment: dict[str, str]) -> None:
        became[:] = [file, command, environment]
        raise Started

    monkeypatch.setattr(os, "execve", become)
    done = CliRunner().invoke(cli, ["-C", str(project), "dev", *words])
    return done, *(became[1:] or ([], {}))


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ([], [*DEFAULTS, "--host", "127.0.0.1"]),
        (["--port", "2025"], [*DEFAULTS, "--port", "2025", "--host", "127.0.0.1"]),
        (["--n-jobs-per-worker=3"], [*DEFAULTS[:2], "--n-jobs-per-worker=3", "--host", "127.0.0.1"]),
        (["--n-jobs-per-worker", "3"], [*DEFAULTS[:2], "--n-jobs-per-worker", "3", "--host", "127.0.0.1"]),
        (["--reload", "--browser"], [*DEFAULTS[2:], "--host", "127.0.0.1"]),
        (["--no-reload"], ["--no-browser", *DEFAULTS[2:], "--no-reload", "--host", "127.0.0.1"]),
        (["--host", "localhost"], [*DEFAULTS, "--host", "localhost"]),
        (["--host", "::1", "--allow-blocking"], [*DEFAULTS, "--allow-blocking", "--host", "::1"]),
        # The last one counts, and it is the one that was checked.
        (["--", "--host", "0.0.0.0"], [*DEFAULTS, "--host", "0.0.0.0", "--host", "127.0.0.1"]),
    ],
)
def test_it_becomes_the_server_with_good_defaults(
    project: Path, monkeypatch: pytest.MonkeyPatch, given: list[str], options: list[str]
) -> None:
    done, command, environment = dev(project, monkeypatch, *given)
    assert command == [sys.executable, "-P", "-m", "langgraph_cli", "dev", *options]
    assert environment["LANGGRAPH_CLI_NO_ANALYTICS"] == "1"
    assert environment["LANGGRAPH_NO_VERSION_CHECK"] == "true"
    assert Path.cwd() == project
    assert "listens on this machine only" in done.stderr


def test_what_the_environment_says_already_stays(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGGRAPH_NO_VERSION_CHECK", "false")
    _, _, environment = dev(project, monkeypatch)
    assert environment["LANGGRAPH_NO_VERSION_CHECK"] == "false"


@pytest.mark.parametrize(
    ("given", "where"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0"),
        (["--host=192.0.2.7"], "--host 192.0.2.7"),
        (["--host", "::"], "--host ::"),
        (["--host", "example.com"], "--host example.com"),
        (["--host", "127.0.0.1", "--host", "0.0.0.0"], "--host 0.0.0.0"),
        (["--tunnel"], "--tunnel"),
        (["--", "--tunnel"], "--tunnel"),
    ],
)
def test_without_keys_it_listens_nowhere_else(
    project: Path, monkeypatch: pytest.MonkeyPatch, given: list[str], where: str
) -> None:
    done, command, _ = dev(project, monkeypatch, *given)
    assert (done.exit_code, command) == (2, [])
    assert f"{where} would let everybody" in done.stderr
    assert "FANLOOM_API_KEYS is not set. Set it first" in done.stderr


def test_a_configuration_that_was_not_read_is_not_trusted(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_API_KEYS", KEYS)
    done, command, _ = dev(project, monkeypatch, "--host", "0.0.0.0", "--config=other.json")
    assert (done.exit_code, command) == (2, [])
    assert "--config names another file" in done.stderr
    assert dev(project, monkeypatch, "--config=other.json")[1]


def test_with_keys_it_listens_where_it_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_API_KEYS", KEYS)
    done, command, _ = dev(project, monkeypatch, "--host", "0.0.0.0")
    assert command[-1] == "0.0.0.0"
    assert "this machine only" not in done.stderr


@pytest.mark.parametrize(
    ("config", "kept", "refused"),
    [
        # Nobody would look at the keys.
        ({}, KEYS, 'has no "auth"'),
        # The server reads the project's own variables, and they win.
        ({"auth": OURS, "env": {"FANLOOM_API_KEYS": ""}}, KEYS, "FANLOOM_API_KEYS is not set"),
        ({"auth": OURS, "env": {"FANLOOM_API_KEYS": KEYS}}, "", None),
        ({"auth": {"path": "./mine.py:auth"}}, "", None),
    ],
)
def test_keys_count_where_the_server_asks_for_them(
    project: Path, monkeypatch: pytest.MonkeyPatch, config: dict[str, Any], kept: str, refused: str | None
) -> None:
    write(project, **config)
    monkeypatch.setenv("FANLOOM_API_KEYS", kept)
    done, command, _ = dev(project, monkeypatch, "--host", "0.0.0.0")
    assert bool(command) is (refused is None)
    assert (refused or "") in done.stderr


@pytest.mark.parametrize(("keys", "starts"), [(KEYS, True), ('{"geheim": {"user": "a"}}', False), ("geheim", False)])
def test_keys_that_cannot_be_read_are_told_before_the_server_starts(
    project: Path, monkeypatch: pytest.MonkeyPatch, keys: str, starts: bool
) -> None:
    (project / "keys.json").write_text(keys)
    # From the project's folder, wherever the command is typed.
    for given in ("keys.json", keys):
        monkeypatch.setenv("FANLOOM_API_KEYS", given)
        done, command, _ = dev(project, monkeypatch)
        assert (bool(command), done.exit_code) == (starts, 1 if starts else 2)
        assert ("FANLOOM_API_KEYS" in done.stderr) is not starts
        assert "geheim" not in done.stderr


@pytest.mark.parametrize("package", ["langgraph_cli", "langgraph_api"])
def test_a_missing_server_is_named_with_the_cure(project: Path, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == package else object())
    done, command, _ = dev(project, monkeypatch)
    assert (done.exit_code, command) == (2, [])
    assert 'pip install "fanloom[server]"' in done.stderr


def test_code_that_the_server_cannot_find_is_told_in_our_words(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, dependencies=[])
    done, command, _ = dev(project, monkeypatch)
    assert (done.exit_code, command) == (2, [])
    assert 'add "dependencies": ["."]' in done.stderr
    write(project, dependencies=[], source={"kind": "uv", "root": "."})
    assert dev(project, monkeypatch)[1]


def test_without_a_project_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, command, _ = dev(tmp_path, monkeypatch)
    assert (done.exit_code, command) == (2, [])
    assert "no langgraph.json" in done.stderr
