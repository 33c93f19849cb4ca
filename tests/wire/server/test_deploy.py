"""What LangGraph's own tools make of langgraph.json: it is valid, and an image is built from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.wire.server.harness import CONFIG, ROOT

QUIET = {"LANGGRAPH_CLI_NO_ANALYTICS": "1", "LANGGRAPH_NO_VERSION_CHECK": "true"}


def langgraph(*words: str) -> str:
    command = [sys.executable, "-m", "langgraph_cli", *words]
    environment = {**os.environ, **QUIET}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_it_is_valid() -> None:
    assert f"is valid. ({len(json.loads(CONFIG)['graphs'])} graphs found)" in langgraph("validate")


def test_an_image_of_it_has_the_graphs_the_server_parts_and_the_driver(tmp_path: Path) -> None:
    langgraph("dockerfile", str(tmp_path / "Dockerfile"))
    image = (tmp_path / "Dockerfile").read_text()
    config = json.loads(CONFIG)
    for name in ("checkpointer", "store", "auth"):
        assert f"ENV LANGGRAPH_{name.upper()}='{json.dumps(config[name])}'" in image
    assert f'"app": "{config["http"]["app"]}"' in image
    assert all(f'"{graph}"' in image for graph in config["graphs"])
    assert "ADD . /deps/" in image
    assert "langgraph-checkpoint-postgres" in image
    assert "psycopg[binary]" in image
    # LangGraph quotes nothing: to the image's shell a version written with > is a file to write to.
    assert not [line for line in image.splitlines() if line.startswith("RUN") and ">=" in line]


@pytest.mark.parametrize("place", ["checkpointer.path", "store.path", "auth.path", "http.app"])
def test_each_part_is_where_it_says(place: str) -> None:
    section, _, field = place.partition(".")
    module, _, name = json.loads(CONFIG)[section][field].replace(":", ".").rpartition(".")
    assert getattr(import_module(module), name)


def test_no_key_of_langsmith_takes_the_place_of_ours_and_no_secret_is_in_it() -> None:
    config = json.loads(CONFIG)
    assert config["auth"]["disable_studio_auth"] is True
    assert "env" not in config
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".env", ".venv", ".fanloom", ".langgraph_api", ".git"} <= set(ignored)


def test_make_starts_the_same_server() -> None:
    command = ["make", "--dry-run", "--always-make", "dev", "ARGS=--port 2025"]
    # Under `make test` a child make would announce the directories that it enters.
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(command, cwd=ROOT, env=outer, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip().endswith("fanloom dev --port 2025")
