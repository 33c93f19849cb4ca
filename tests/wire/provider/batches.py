"""The batch modes: Gemini's with its Files API, Bedrock's model invocation jobs with S3; jobs end as a test says."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from . import bedrock, gemini
from .environment import environment
from .exchange import Answer, as_reply
from .reply import Reply, default_reply
from .server import FakeProvider

ROLE = "arn:aws:iam::123456789012:role/batches"
S3 = "s3://jobs/under/here"
_FAILING = re.compile("expired|failed|stopped|cancelled", re.I)
Fails = Callable[["Record"], tuple[int, str] | None]


@dataclass
class Record:
    """One request of a job, its place among all of its provider's, and whether it is left out of the answers."""

    key: str
    number: int
    body: dict[str, Any]
    model: str


@dataclass
class FakeJob:
    """A job; `polls` is how often it says that it runs before it says `ends`."""

    provider: str
    name: str
    provider_id: str
    model: str
    lines: list[dict[str, Any]]
    ends: str
    polls: int
    output: str = ""
    asked: int = 0
    out: list[dict[str, Any]] = field(default_factory=list)


class BatchProvider(FakeProvider):
    """FakeProvider with batch modes. What is created is in `jobs`; `fails` says how a record fails, if it does.

    `ends` gives the state in which each next job ends; those that expire or fail have no answers.
    """

    def __init__(self, reply: Any = default_reply) -> None:
        super().__init__(reply)
        self.jobs: list[FakeJob] = []
        self.objects: dict[str, bytes] = {}
        self.ends: list[str] = []
        self.fails: Fails = lambda record: None
        self.left_out: Callable[[Record], bool] = lambda record: False
        self.polls = 0
        self.answered: list[Record] = []
        self.refuses: list[int] = []
        """Statuses with which the next attempts to create a job are refused."""
        self.loses: int = 0
        """How many of the next created jobs are made, and their creator is told of an error."""

    def environment(self, provider: Any = None) -> dict[str, str]:
        """Return the variables that lead the clients here, those of jobs and S3 too."""
        aws = {f"AWS_ENDPOINT_URL_{name}": self.url for name in ("BEDROCK", "S3")}
        return {**environment(self.url, provider), **aws}

    async def _handle(self, http: web.Request) -> web.StreamResponse:
        path = unquote(http.rel_url.raw_path)
        for method, pattern, serve in _ROUTES:
            if http.method == method and (match := re.fullmatch(pattern, path)):
                try:
                    return await serve(self, http, *match.groups())
                except Exception as error:  # noqa: BLE001 - kept, and raised when the provider stops
                    self.errors.append(error)
                    return web.json_response({"message": repr(error)}, status=500)
        return await super()._handle(http)

    def _begin(self, provider: str, name: str, provider_id: str, model: str, content: bytes) -> FakeJob:
        lines = [json.loads(line) for line in content.splitlines() if line.strip()]
        usual = "SUCCEEDED" if provider == "gemini" else "Completed"
        job = FakeJob(provider, name, provider_id, model, lines, self.ends.pop(0) if self.ends else usual, self.polls)
        self.jobs.append(job)
        return job

    def _refused(self) -> web.Response | None:
        if not self.refuses:
            return None
        status = self.refuses.pop(0)
        said = {"error": {"code": status, "message": "not now", "status": "UNAVAILABLE"}, "message": "not now"}
        return web.json_response(said, status=status, headers={"x-amzn-ErrorType": "AccessDeniedException"})

    def _lost(self) -> bool:
        self.loses -= 1
        return self.loses >= 0

    async def _poll(self, job: FakeJob) -> str | None:
        """Return how a job has ended, or None while it runs."""
        job.asked += 1
        if job.asked <= job.polls:
            return None
        if not job.out and not _FAILING.search(job.ends):
            for line in job.lines:
                await self._answer_line(job, line)
        return job.ends

    async def _answer_line(self, job: FakeJob, line: dict[str, Any]) -> None:
        dialect: Any = gemini if job.provider == "gemini" else bedrock
        key, body = (
            (line["key"], line["request"]) if job.provider == "gemini" else (line["recordId"], line["modelInput"])
        )
        record = Record(key, len(self.answered), body, job.model)
        self.answered.append(record)
        if self.left_out(record):
            return
        if failed := self.fails(record):
            error = {"code": failed[0], "message": failed[1]}
            aws = {"errorCode": failed[0], "errorMessage": failed[1]}
            job.out.append({"key": key, "error": error} if job.provider == "gemini" else {**line, "error": aws})
            return
        verb = "generateContent" if job.provider == "gemini" else "converse"
        path = f"/v1beta/models/{job.model}:{verb}" if job.provider == "gemini" else f"/model/{job.model}/{verb}"
        match = dialect.PATH.match(path)
        assert match, path
        request = dialect.parse(path, match, {}, body)
        said: Answer = await self._reply(request)
        reply = as_reply(said)
        assert isinstance(reply, Reply)
        whole = dialect.body(reply, request)
        job.out.append({"key": key, "response": whole} if job.provider == "gemini" else {**line, "modelOutput": whole})


async def _start_upload(self: BatchProvider, http: web.Request) -> web.Response:
    name = f"files/upload-{len(self.objects)}"
    return web.json_response(
        {}, headers={"x-goog-upload-url": f"{self.url}/resumed/{name}", "x-goog-upload-status": "active"}
    )


async def _upload(self: BatchProvider, http: web.Request, name: str) -> web.Response:
    self.objects[name] = self.objects.get(name, b"") + await http.read()
    is_last = "finalize" in http.headers["X-Goog-Upload-Command"]
    told = {"file": {"name": name, "mimeType": "application/jsonl", "state": "ACTIVE"}}
    return web.json_response(told, headers={"x-goog-upload-status": "final" if is_last else "active"})


async def _create_gemini(self: BatchProvider, http: web.Request, model: str) -> web.Response:
    if refused := self._refused():
        return refused
    asked = (await http.json())["batch"]
    content = self.objects[asked["inputConfig"]["fileName"]]
    job = self._begin("gemini", asked["displayName"], f"batches/{len(self.jobs)}", model, content)
    if self._lost():
        return web.json_response({"error": {"code": 503, "message": "lost", "status": "UNAVAILABLE"}}, status=503)
    return web.json_response(_gemini_job(job, None))


async def _get_gemini(self: BatchProvider, http: web.Request, name: str) -> web.Response:
    job = next(job for job in self.jobs if job.provider_id == f"batches/{name}")
    ended = await self._poll(job)
    if ended and job.out:
        content = "".join(f"{json.dumps(line)}\n" for line in reversed(job.out))
        self.objects[f"files/out-{name}"] = content.encode()
    return web.json_response(_gemini_job(job, ended))


async def _list_gemini(self: BatchProvider, http: web.Request) -> web.Response:
    known = [_gemini_job(job, None) for job in self.jobs if job.provider == "gemini"]
    return web.json_response({"operations": known})


async def _download(self: BatchProvider, http: web.Request, name: str) -> web.Response:
    return web.Response(body=self.objects[f"files/{name}"], content_type="application/octet-stream")


def _gemini_job(job: FakeJob, ended: str | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "displayName": job.name,
        "model": f"models/{job.model}",
        "state": f"BATCH_STATE_{ended}" if ended else "BATCH_STATE_RUNNING",
    }
    if ended and job.out:
        told["output"] = {"responsesFile": f"files/out-{job.provider_id.removeprefix('batches/')}"}
    return {"name": job.provider_id, "metadata": told}


async def _create_bedrock(self: BatchProvider, http: web.Request) -> web.Response:
    if refused := self._refused():
        return refused
    asked = await http.json()
    assert asked["modelInvocationType"] == "Converse"
    assert asked["roleArn"] == ROLE
    # The token makes a second request the first one's.
    known = next((job for job in self.jobs if job.name == asked["clientRequestToken"]), None)
    if known is None:
        content = self.objects[_key(asked["inputDataConfig"]["s3InputDataConfig"]["s3Uri"])]
        arn = f"arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/{len(self.jobs):012d}"
        known = self._begin("bedrock", asked["jobName"], arn, asked["modelId"], content)
        assert len(known.lines) >= 100, "Bedrock takes no fewer"
        known.output = _key(asked["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"])
        if self._lost():
            return web.json_response({"message": "lost"}, status=503)
    return web.json_response({"jobArn": known.provider_id})


async def _get_bedrock(self: BatchProvider, http: web.Request, arn: str) -> web.Response:
    job = next(job for job in self.jobs if job.provider_id == arn)
    ended = await self._poll(job)
    if ended and job.out:
        under = f"{job.output}{arn.rpartition('/')[2]}/"
        self.objects[f"{under}requests.jsonl.out"] = "".join(f"{json.dumps(line)}\n" for line in job.out).encode()
        self.objects[f"{under}manifest.json.out"] = b"{}"
    return web.json_response({**_bedrock_job(job), "status": ended or "InProgress"})


async def _list_bedrock(self: BatchProvider, http: web.Request) -> web.Response:
    wanted = http.query.get("nameContains", "")
    known = [_bedrock_job(job) for job in self.jobs if job.provider == "bedrock" and wanted in job.name]
    return web.json_response({"invocationJobSummaries": known})


def _bedrock_job(job: FakeJob) -> dict[str, Any]:
    data = {
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": S3}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": S3}},
    }
    when = "2026-11-29T10:00:00Z"
    return {
        "jobArn": job.provider_id, "jobName": job.name, "modelId": job.model, "roleArn": ROLE,
        "submitTime": when, "status": "InProgress", **data,
    }  # fmt: skip


async def _put(self: BatchProvider, http: web.Request, key: str) -> web.Response:
    body = await http.read()
    is_chunked = "aws-chunked" in http.headers.get("Content-Encoding", "")
    self.objects[key] = _unchunked(body) if is_chunked else body
    return web.Response(headers={"ETag": '"1"'})


async def _get(self: BatchProvider, http: web.Request, key: str) -> web.Response:
    bucket, _, rest = key.partition("/")
    if rest:
        return web.Response(body=self.objects[key], content_type="binary/octet-stream")
    prefix = http.query["prefix"]
    under = [name.removeprefix(f"{bucket}/") for name in self.objects if name.startswith(f"{bucket}/{prefix}")]
    listed = "".join(f"<Contents><Key>{name}</Key><Size>1</Size></Contents>" for name in under)
    head = '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    said = f"{head}<Name>{bucket}</Name><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>"
    return web.Response(text=said, content_type="application/xml")


def _key(uri: str) -> str:
    return uri.removeprefix("s3://")


def _unchunked(body: bytes) -> bytes:
    """Return what AWS's own chunks hold; signatures and the checksum after them are left."""
    found = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if not length:
            return found
        found, body = found + body[:length], body[length + 2 :]


_ROUTES: list[tuple[str, str, Any]] = [
    ("POST", r"/upload/v1beta/files", _start_upload),
    ("POST", r"/resumed/(files/[\w-]+)", _upload),
    ("POST", r"/v1beta/models/([^:]+):batchGenerateContent", _create_gemini),
    ("GET", r"/v1beta/batches/(\w+)", _get_gemini),
    ("GET", r"/v1beta/batches", _list_gemini),
    ("GET", r"/v1beta/files/([\w-]+):download", _download),
    ("POST", r"/model-invocation-job", _create_bedrock),
    ("GET", r"/model-invocation-job/(arn:.+)", _get_bedrock),
    ("GET", r"/model-invocation-jobs", _list_bedrock),
    ("PUT", r"/(jobs/.+)", _put),
    ("GET", r"/(jobs(?:/.+)?)/?", _get),
]
