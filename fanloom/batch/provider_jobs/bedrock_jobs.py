"""Bedrock's batch mode: requests in a file on S3, a model invocation job over it, and its answers beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fanloom.errors import MissingCredentials, UserError
from fanloom.models.deferred.call_wire import WireAnswer

_NEEDS = (
    "Bedrock's batch mode reads and writes on S3, by a role that you give it: give --s3 s3://BUCKET/PREFIX and "
    "--role-arn arn:aws:iam::ACCOUNT:role/NAME, or set FANLOOM_BATCH_S3 and FANLOOM_BATCH_ROLE"
)
_ENDED = {"Completed", "Failed", "Stopped", "PartiallyCompleted", "Expired"}
_JOB_HOURS = 72


class BedrockJobs:
    """Jobs of Converse requests; the quotas are those that AWS begins with."""

    least = 100
    most, most_bytes = 50_000, 900_000_000

    def __init__(self, s3: str | None, role: str | None) -> None:
        """Raises UserError for a bucket or role that is not given, MissingCredentials without a region or a key."""
        if not s3 or not role:
            raise UserError(_NEEDS)
        bucket, _, prefix = s3.removeprefix("s3://").strip("/").partition("/")
        if not s3.startswith("s3://") or not bucket:
            raise UserError(f"a place on S3 is s3://BUCKET/PREFIX, not {s3!r}")
        if not role.startswith("arn:"):
            raise UserError(f"a role is named by its ARN, arn:aws:iam::ACCOUNT:role/NAME, not {role!r}")
        self._bucket, self._prefix, self._role = bucket, f"{prefix}/" if prefix else "", role
        self._bedrock, self._s3 = _clients()

    def find(self, name: str) -> str | None:
        """Return the job's ARN."""
        found = self._bedrock.list_model_invocation_jobs(nameContains=name)["invocationJobSummaries"]
        return next((job["jobArn"] for job in found if job["jobName"] == name), None)

    def create(self, name: str, model: str, requests: Iterable[tuple[str, bytes]]) -> str:
        """Put the requests on S3 and make the job; the same name makes no second one."""
        with TemporaryDirectory(prefix="fanloom-") as folder:
            file = Path(folder) / "requests.jsonl"
            with file.open("wb") as opened:
                opened.writelines(_line(key, body) for key, body in requests)
            self._s3.upload_file(str(file), self._bucket, f"{self._place(name)}requests.jsonl")
        made = self._bedrock.create_model_invocation_job(
            jobName=name,
            clientRequestToken=name,
            roleArn=self._role,
            modelId=model,
            modelInvocationType="Converse",
            inputDataConfig={"s3InputDataConfig": {"s3Uri": self._uri(f"{self._place(name)}requests.jsonl")}},
            outputDataConfig={"s3OutputDataConfig": {"s3Uri": self._uri(f"{self._place(name)}answers/")}},
            timeoutDurationInHours=_JOB_HOURS,
        )
        return str(made["jobArn"])

    def standing(self, provider_id: str) -> tuple[str, bool]:
        """Say how a job stands."""
        word = str(self._bedrock.get_model_invocation_job(jobIdentifier=provider_id)["status"])
        return word.lower(), word in _ENDED

    def answers(self, name: str, provider_id: str) -> Generator[tuple[str, WireAnswer], None, None]:
        """Yield what stands in the files of answers; one that has failed may have none."""
        pages = self._s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=f"{self._place(name)}answers/"):
            for found in page.get("Contents", []):
                if found["Key"].endswith(".jsonl.out"):
                    yield from self._read(found["Key"])

    def close(self) -> None:
        """Close the connections."""
        self._bedrock.close()
        self._s3.close()

    def unanswered(self, said: str) -> WireAnswer:
        """Return an error that says so."""
        return _failed(503, said)

    def _read(self, key: str) -> Iterator[tuple[str, WireAnswer]]:
        for line in self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].iter_lines():
            if line.strip():
                told = json.loads(line)
                yield str(told.get("recordId")), _answer(told)

    def _place(self, name: str) -> str:
        return f"{self._prefix}{name}/"

    def _uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"


def _clients() -> tuple[Any, Any]:
    import boto3
    from botocore.config import Config

    session = boto3.Session()
    region = os.environ.get("AWS_REGION") or session.region_name
    if not region:
        raise MissingCredentials("Bedrock's batch mode needs a region: set AWS_REGION, for example us-east-1.")
    if session.get_credentials() is None:
        raise MissingCredentials(
            "Bedrock's batch mode needs AWS credentials that reach S3 too (AWS_BEARER_TOKEN_BEDROCK does not): set "
            "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    config = Config(retries={"total_max_attempts": 4, "mode": "standard"}, connect_timeout=10, read_timeout=120)
    bedrock, s3 = (session.client(each, region_name=region, config=config) for each in ("bedrock", "s3"))
    return bedrock, s3


def _line(key: str, body: bytes) -> bytes:
    return b'{"recordId": %s, "modelInput": %s}\n' % (json.dumps(key).encode(), body)


def _answer(told: dict[str, Any]) -> WireAnswer:
    if isinstance(output := told.get("modelOutput"), dict):
        return WireAnswer(200, json.dumps(output).encode())
    error = told.get("error") or {}
    code = str(error.get("errorCode"))
    status = int(code) if code.isdecimal() and 400 <= int(code) < 600 else 500
    return _failed(status, str(error.get("errorMessage") or "no answer"))


def _failed(status: int, said: str) -> WireAnswer:
    return WireAnswer(status, json.dumps({"message": said}).encode())
