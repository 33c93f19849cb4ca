"""`fanloom models`: who answers, whether the provider is ready, and no secret in sight."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner, Result

from fanloom.cli import cli
from fanloom.cli.commands.providers import provider_readiness as readiness
from fanloom.cli.commands.providers.list_models import configured
from fanloom.cli.commands.providers.provider_readiness import examine
from fanloom.runs.context import Context, Role

GEMINI = "google_genai:gemini-2.5-flash"
BEDROCK = "bedrock_converse:us.amazon.nova-pro-v1:0"
SECRET = "hunter2-hunter2"

Set = Callable[..., None]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> Set:
    def put(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return put


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, args)


def report(*args: str) -> dict[str, Any]:
    result = run("models", "--json", *args)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_nothing_configured() -> None:
    result = run("models")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "Models",
        "  planner      offline  (default)",
        "  worker       offline  (default)",
        "  synthesizer  offline  (default)",
        "  evaluator    offline  (default)",
        "  fallback     none",
        "Providers",
        "  offline           ready: answers by rules, no language model: needs no key and no network",
        "  google_genai      not ready: no key: set GOOGLE_API_KEY",
        "  bedrock_converse  not ready: no region: set AWS_REGION, for example AWS_REGION=us-east-1; "
        "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
        "or AWS_BEARER_TOKEN_BEDROCK; whether this machine has a role, `fanloom check` finds out",
        "Limits of this process, for each model",
        "  calls in flight    64",
        "  requests a minute  no limit",
        "  tokens a minute    no limit",
    ]


def test_every_model_and_what_chose_it(env: Set) -> None:
    env(FANLOOM_MODEL=GEMINI, FANLOOM_FALLBACK_MODEL=f" {BEDROCK} ", FANLOOM_RPM="600")
    told = report("--set", "planner_model=openai:gpt-5")
    assert told["roles"]["planner"] == {"model": "openai:gpt-5", "chosen_by": "--set planner_model"}
    assert told["roles"]["worker"] == {"model": GEMINI, "chosen_by": "FANLOOM_MODEL"}
    assert told["fallback"] == {"model": BEDROCK, "chosen_by": "FANLOOM_FALLBACK_MODEL"}
    assert told["limits"] == {"max_concurrency": 64, "rpm": 600, "tpm": None}
    assert [provider["name"] for provider in told["providers"]][3:] == ["openai"]
    told = report("--model", "offline", "--set", "fallback_model=offline")
    assert told["roles"]["worker"] == {"model": "offline", "chosen_by": "--model"}
    assert told["fallback"]["chosen_by"] == "--set fallback_model"


def test_the_models_are_those_of_a_run(env: Set) -> None:
    env(FANLOOM_MODEL=GEMINI)
    context = Context(worker_model="offline")
    chosen = configured(context)
    assert {role: context.model_for(role) for role in get_args(Role)} == {role: chosen[role].model for role in chosen}


@pytest.mark.parametrize(
    ("args", "variables", "said"),
    [
        (["--model", "gemini-2.5-flash"], {}, f"did you mean {GEMINI!r}?"),
        (["--set", "planer_model=offline"], {}, "Did you mean 'planner_model'?"),
        (["--set", "model"], {}, "--set takes NAME=VALUE"),
        ([], {"FANLOOM_MODEL": "nonsense"}, "FANLOOM_MODEL: unknown model 'nonsense'"),
        ([], {"FANLOOM_FALLBACK_MODEL": "nonsense"}, "FANLOOM_FALLBACK_MODEL: unknown model"),
        ([], {"FANLOOM_TPM": "many"}, "FANLOOM_TPM='many'"),
    ],
)
def test_what_means_nothing_is_bad_usage(env: Set, args: list[str], variables: dict[str, str], said: str) -> None:
    env(**variables)
    result = run("models", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


@pytest.mark.parametrize(
    ("name", "variables", "has", "lacks"),
    [
        ("google_genai", {"GOOGLE_API_KEY": SECRET}, "GOOGLE_API_KEY is set", ""),
        ("google_genai", {"GEMINI_API_KEY": SECRET}, "GEMINI_API_KEY is set", ""),
        ("google_genai", {"GOOGLE_API_KEY": ""}, "", "set GOOGLE_API_KEY"),
        ("bedrock_converse", {"AWS_DEFAULT_REGION": "eu-west-1"}, "region eu-west-1", "no AWS credentials"),
        ("bedrock_converse", {"AWS_BEARER_TOKEN_BEDROCK": SECRET}, "AWS_BEARER_TOKEN_BEDROCK is set", "no region"),
        ("bedrock_converse", {"AWS_ACCESS_KEY_ID": SECRET}, "", "AWS_SECRET_ACCESS_KEY is not: set both"),
        ("bedrock_converse", {"AWS_SECRET_ACCESS_KEY": SECRET}, "", "AWS_ACCESS_KEY_ID is not: set both"),
        ("bedrock_converse", {"AWS_PROFILE": "gone", "AWS_REGION": "x"}, "", "profile (gone) could not be found"),
        ("ollama", {}, "`fanloom check` tries it", "pip install langchain-ollama"),
        ("groq", {"GROQ_API_KEY": SECRET}, "GROQ_API_KEY is set", "pip install langchain-groq"),
        ("openai", {"OPENAI_API_KEY": SECRET}, "OPENAI_API_KEY is set", ""),
        ("openai", {}, "", "set OPENAI_API_KEY"),
        ("openai", {"OPENAI_BASE_URL": "https://openrouter.ai/api/v1"}, "openrouter.ai", "set OPENAI_API_KEY"),
        ("openai", {"OPENAI_BASE_URL": "http://127.0.0.1:8080/v1"}, "a server in the local network wants none", ""),
        ("azure_openai", {"AZURE_OPENAI_API_KEY": SECRET}, "AZURE_OPENAI_API_KEY is set", ""),
        ("mistralai", {}, "", "set MISTRAL_API_KEY"),
    ],
)
def test_what_a_provider_has_and_lacks(env: Set, name: str, variables: dict[str, str], has: str, lacks: str) -> None:
    env(**variables)
    found = examine(name)
    assert has in "; ".join(found.has)
    assert lacks in "; ".join(found.lacks)
    assert found.ready == (not lacks)
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    "settings", ["aws_access_key_id = a", "credential_process = false", "role_arn = r", "sso_session = s"]
)
def test_an_aws_profile(env: Set, tmp_path: Path, settings: str) -> None:
    (tmp_path / "config").write_text(f"[profile work]\nregion = eu-north-1\n{settings}\n")
    env(AWS_CONFIG_FILE=str(tmp_path / "config"), AWS_PROFILE="work")
    assert examine("bedrock_converse").has == ("region eu-north-1", "the AWS profile has credentials")


def test_an_aws_file_that_cannot_be_read_is_told(env: Set, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("no section\n")
    env(AWS_CONFIG_FILE=str(tmp_path / "config"), AWS_REGION="us-east-1")
    assert "Unable to parse config file" in examine("bedrock_converse").lacks[0]


def test_a_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "find_spec", lambda name: None)
    assert "pip install 'fanloom[openai]'" in examine("openai").lacks[0]
    assert examine("bedrock_converse").lacks == ("langchain-aws is not installed: pip install langchain-aws",)


def test_no_secret_is_shown(env: Set) -> None:
    env(GOOGLE_API_KEY=SECRET, AWS_ACCESS_KEY_ID=SECRET, AWS_SECRET_ACCESS_KEY=SECRET, OPENAI_API_KEY=SECRET)
    env(GOOGLE_GEMINI_BASE_URL=f"http://me:{SECRET}@proxy:80/v?key={SECRET}", AWS_REGION="us-east-1")
    env(
        AWS_ENDPOINT_URL_BEDROCK_RUNTIME=f"https://{SECRET}@vpc.example",
        OPENAI_BASE_URL=f"https://{SECRET}@o.example/v1",
    )
    for args in (["models"], ["models", "--json"], ["models", "--model", GEMINI]):
        result = run(*args)
        assert result.exit_code == 0
        assert SECRET not in result.output
        assert "endpoint http://proxy:80/v (GOOGLE_GEMINI_BASE_URL)" in result.stdout
        assert "endpoint https://vpc.example (AWS_ENDPOINT_URL_BEDROCK_RUNTIME)" in result.stdout
        assert "endpoint https://o.example/v1 (OPENAI_BASE_URL)" in result.stdout
    providers = {provider["name"]: provider["ready"] for provider in report()["providers"]}
    assert providers == {"offline": True, "google_genai": True, "bedrock_converse": True, "openai": True}


def test_a_local_server_is_listed_without_a_key(env: Set) -> None:
    env(OPENAI_BASE_URL="http://127.0.0.1:11434/v1")
    assert "openai" in {provider["name"] for provider in report()["providers"]}


def test_an_arn_is_a_model(env: Set) -> None:
    arn = "bedrock_converse:arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2"
    assert report("--model", arn)["roles"]["worker"]["model"] == arn
    assert run("models", "--model", arn.partition(":")[2]).stderr.count(f"did you mean {arn!r}") == 1


def test_options_are_given_as_json() -> None:
    assert report("--set", 'model_options={"temperature": 0}')["fallback"] is None
    result = run("models", "--set", 'model_options={"temprature": 0}')
    assert (result.exit_code, "'model_options' has no 'temprature'" in result.stderr) == (2, True)


def test_variables_of_the_project_count_as_in_a_run(env: Set, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env(FANLOOM_MODEL="")
    monkeypatch.delenv("FANLOOM_MODEL")
    monkeypatch.setattr(sys, "path", [*sys.path])
    config = {"graphs": {"a": "a:graph"}, "env": {"FANLOOM_MODEL": GEMINI}}
    (tmp_path / "langgraph.json").write_text(json.dumps(config))
    assert report()["roles"]["worker"] == {"model": GEMINI, "chosen_by": "FANLOOM_MODEL"}


def test_no_client_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys\nsys.argv = ['fanloom', 'models']\nfrom fanloom.cli import cli\n"
        "try: cli()\nexcept SystemExit as ending: assert not ending.code\n"
        "heavy = {'langgraph', 'langchain_core', 'langchain', 'langsmith', 'boto3', 'rich', 'asyncio'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
