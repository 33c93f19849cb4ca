"""What stands in deploy/ can be run: its commands exist, its variables are read, its shards are the whole of a job."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from fanloom.batch.job_folder import JobFolder
from fanloom.cli import cli
from fanloom.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
MANIFESTS = {
    (file.name, one["kind"]): one
    for file in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for one in yaml.safe_load_all(file.read_text(encoding="utf-8"))
}
JOB = MANIFESTS["batch-job.yaml", "Job"]
SERVER = MANIFESTS["server.yaml", "Deployment"]
PODS = {"Job": JOB["spec"]["template"]["spec"], "Deployment": SERVER["spec"]["template"]["spec"]}
# Those of providers, of the server that `fanloom serve` starts, and of the commands themselves.
OTHERS = {"GOOGLE_API_KEY", "AWS_REGION", "AWS_BEARER_TOKEN_BEDROCK", "REDIS_URL", "SHARDS"}
NEEDED = {"FANLOOM_LIMITS_URL", "FANLOOM_LIMITS_SHARE", "FANLOOM_RPM", "FANLOOM_HOME"}


def commands() -> Iterator[Any]:
    """Yield each command of Fanloom's that stands in deploy/."""
    for name, service in COMPOSE["services"].items():
        if "fanloom" in str(service.get("command")):
            yield pytest.param(service["command"], id=name)
    for kind, pod in PODS.items():
        (container,) = pod["containers"]
        yield pytest.param([*container["command"], *container.get("args", [])], id=kind)
    (line,) = re.findall(r"^CMD (.*)$", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.M)
    yield pytest.param(json.loads(line), id="Dockerfile")


def words_of(command: list[str]) -> list[str]:
    """Return the words of Fanloom's command, also where a shell runs it."""
    if command[0] != "sh":
        return command[1:]
    run = re.fullmatch(r"trap .* TERM; fanloom (.*?) & wait .*-eq 3.*", command[2])
    assert run, "a SIGTERM is handed on, and what cannot be mended is not tried again"
    return shlex.split(run[1])


@pytest.mark.parametrize("command", list(commands()))
def test_a_command_exists_with_its_options(command: list[str]) -> None:
    words = words_of(command)
    context = click.Context(cli)
    found = cli.get_command(context, words[0])
    if found is None and words[0] == "serve":
        pytest.skip("fanloom serve is not there")
    assert found, words
    name, *rest = words
    if isinstance(found, click.Group):
        name, *rest = rest
        found = found.get_command(context, name)
        assert found, words
    # What is not Fanloom's own is the development server's.
    passes_on = bool(found.context_settings.get("ignore_unknown_options"))
    known = {option for each in found.params for option in each.opts}
    asked = [word for word in rest if word.startswith("-")]
    assert passes_on or set(asked) <= known
    found.make_context(name, [*rest], resilient_parsing=False)


def environment(pod: dict[str, Any]) -> dict[str, Any]:
    (container,) = pod["containers"]
    return {one["name"]: one.get("value", one) for one in container["env"]}


def test_each_variable_is_one_that_is_read() -> None:
    read = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | OTHERS
    # The secrets' names stand in the commands that make them.
    texts = [file.read_text(encoding="utf-8") for file in DEPLOY.rglob("*.*")]
    named = {name for text in texts for name in re.findall(r"\b(?:FANLOOM|AWS|GOOGLE|REDIS)_[A-Z_]+\b", text)}
    inputs = {"FANLOOM_INPUT"}
    assert NEEDED <= named <= read | inputs
    in_pods = {name for pod in PODS.values() for name in environment(pod)}
    assert NEEDED <= in_pods <= read


def test_the_settings_in_the_manifests_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    for pod in PODS.values():
        plain = {name: value for name, value in environment(pod).items() if isinstance(value, str)}
        for name, value in plain.items():
            monkeypatch.setenv(name, value)
        settings = Settings.current()
        assert settings.rpm == 600
        assert settings.limits_share


def test_the_shares_of_the_limits_add_up() -> None:
    assert environment(PODS["Job"])["FANLOOM_LIMITS_SHARE"] == f"1/{JOB['spec']['completions']}"
    assert environment(PODS["Deployment"])["FANLOOM_LIMITS_SHARE"] == f"1/{SERVER['spec']['replicas']}"
    shards = [one["environment"] for name, one in COMPOSE["services"].items() if name.startswith("shard-")]
    assert {one["FANLOOM_LIMITS_SHARE"] for one in shards} == {f"1/{len(shards)}"}
    assert sorted(one["SHARD"] for one in shards) == [f"{n}/{len(shards)}" for n in range(1, len(shards) + 1)]


@pytest.mark.parametrize("kind", PODS)
def test_a_pod_is_not_root_and_holds_no_secret(kind: str) -> None:
    pod = PODS[kind]
    (container,) = pod["containers"]
    uid = pod["securityContext"]["runAsUser"]
    assert f"USER {uid}" in (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {"requests", "limits"} <= container["resources"].keys()
    secret = re.compile("KEY|TOKEN|SECRET|_URL")
    given = {name: value for name, value in environment(pod).items() if secret.search(name)}
    assert all(not isinstance(value, str) or value.startswith("/") for value in given.values())


def test_the_server_has_probes_on_its_port() -> None:
    (container,) = PODS["Deployment"]["containers"]
    (port,) = container["ports"]
    asked = words_of(container["command"])
    assert asked[asked.index("--port") + 1] == str(port["containerPort"])
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] == port["name"]
    assert container["readinessProbe"]["httpGet"]["path"] != container["livenessProbe"]["httpGet"]["path"]


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """Put a program in the place of `fanloom` that writes down its words and exits as it is told to."""
    program = tmp_path / "bin" / "fanloom"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word"; done > {tmp_path}/words\nexit "$CODE"\n'
    )
    program.chmod(0o700)
    return tmp_path


def shell(told: Path, command: list[str], code: int, **variables: str) -> tuple[int, list[str]]:
    path = f"{told / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, env={"PATH": path, "CODE": str(code), **variables}, check=False, timeout=30)
    return done.returncode, (told / "words").read_text(encoding="utf-8").splitlines()


def test_each_item_of_the_job_is_in_exactly_one_pod(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words that the shell makes of each pod's number go to Fanloom, in one folder for all."""
    monkeypatch.chdir(ROOT)
    queries = told / "queries.jsonl"
    lines = [json.dumps({"number": n, "text": f"The app crashes, {n}"}) for n in range(40)]
    queries.write_text("\n".join(lines), encoding="utf-8")
    (container,) = PODS["Job"]["containers"]
    command = [*container["command"], *container["args"]]
    shards = environment(PODS["Job"])["SHARDS"]
    for index in range(JOB["spec"]["completions"]):
        _, words = shell(told, command, 0, SHARDS=shards, JOB_COMPLETION_INDEX=str(index))
        here = [word.replace("/data/queries.jsonl", str(queries)).replace("/data/job", f"{told}/job") for word in words]
        done = CliRunner().invoke(cli, [*here, "--model", "offline"])
        assert done.exit_code == 0, done.output
    results = JobFolder(told / "job").results()
    assert Counter(result["id"] for result in results) == Counter(map(str, range(40)))


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (3, 0), (1, 1), (2, 2)])
def test_a_pod_ends_well_where_another_start_would_mend_nothing(told: Path, code: int, expected: int) -> None:
    (container,) = PODS["Job"]["containers"]
    ended, _ = shell(told, [*container["command"], *container["args"]], code, SHARDS="8", JOB_COMPLETION_INDEX="0")
    # Kubernetes has to see bad usage as that: it ends the whole job.
    assert ended == expected
    shard = [part.replace("$$", "$") for part in COMPOSE["services"]["shard-1"]["command"]]
    ended, words = shell(told, shard, code, INPUT="/input/q.jsonl", SHARD="1/2")
    assert ended == expected
    assert words[words.index("--shard") + 1] == "1/2"


@pytest.mark.parametrize(("code", "expected"), [(1, 1), (3, 0)])
@pytest.mark.parametrize("where", ["Kubernetes", "Compose"])
def test_a_pod_that_is_stopped_waits_for_what_is_in_flight(told: Path, where: str, code: int, expected: int) -> None:
    """The shell hands the SIGTERM on, and ends when Fanloom has ended, with its exit code."""
    stands_in = told / "bin" / "fanloom"
    ends = f"touch {told}/ended; exit {code}"
    stands_in.write_text(
        f"#!/bin/sh\ntrap 'echo asked; read _ < {told}/go; {ends}' TERM\necho began\n"
        "turn=0\nwhile [ $((turn += 1)) -lt 6000 ]; do sleep 0.01; done\n"
    )
    os.mkfifo(told / "go")
    (container,) = PODS["Job"]["containers"]
    compose = [part.replace("$$", "$") for part in COMPOSE["services"]["shard-1"]["command"]]
    command = compose if where == "Compose" else [*container["command"], *container["args"]]
    env = {"PATH": f"{told / 'bin'}{os.pathsep}{os.environ['PATH']}", "SHARDS": "8", "JOB_COMPLETION_INDEX": "0"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "began\n"
        process.terminate()
        assert process.stdout.readline() == "asked\n"
        assert process.poll() is None
        (told / "go").write_text("on\n")
        assert process.wait(timeout=30) == expected
    assert (told / "ended").exists()


def test_no_secret_gets_into_the_image() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {"**/.env*", "**/.fanloom", "**/.git"} <= set(ignored)
