"""Where programs submit, follow and fetch."""

import json
import mimetypes
import re
import secrets
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from temporal_colorize.apps.rest.docs import add_docs
from temporal_colorize.apps.rest.errors import NotDone, say_errors
from temporal_colorize.apps.rest.events import events
from temporal_colorize.apps.rest.schema import REFUSALS, Health, Status, Submitted, form
from temporal_colorize.apps.rest.uploads import Form, Malformed, receive
from temporal_colorize.apps.service import Job, NoSuchJob, Service
from temporal_colorize.config.asking import parse_box, parse_time

_TOKEN = re.compile(r"[\w-]{22,100}")
_BESIDE_HINTS = ("hints", "masks")  # which are named in the hints
_FILES = ("video", "reference", *_BESIDE_HINTS)
_TYPES = {".mkv": "video/x-matroska", ".webm": "video/webm", ".m4v": "video/mp4"}
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
_NO_STORE = {"Cache-Control": "no-store"}
_SUBMIT = form(
    ["video"],
    video="file: a video or a picture",
    options='JSON: {"vividness": 0.5, "confidence": true, "encoder": "lossless"}; see docs/rest.md',
    reference="file: the same place by day, in colour; several may be given",
    hints="file: a list of hints, or a picture of them",
    masks="file: a mask that the hints name; several may be given",
)
_ASK = form(["video", "box"], video="file: a video or a picture", box="left,top,width,height in pixels", at="seconds")


def _given_token(
    x_job_token: Annotated[str | None, Header(description="that the submission gave")] = None,
    token: Annotated[str | None, Query(description="the same, where no header can be sent")] = None,
) -> str | None:
    return x_job_token or token


Token = Annotated[str | None, Depends(_given_token)]


def api(service: Service) -> FastAPI:
    """Make the app: everything under /api."""
    app = FastAPI(
        title="temporal-colorize", version=version("temporal-colorize"), openapi_url="/api/openapi.json", docs_url=None,
        redoc_url=None, responses=REFUSALS, description="Colours are estimated: they are not evidence.",
    )  # fmt: skip
    say_errors(app)
    add_docs(app)
    _add_jobs(app, service)
    _add_results(app, service)

    @app.get("/api/health")
    def health() -> Health:
        """Say that the server works."""
        return Health(status="ok", version=app.version, waiting=service.waiting)

    @app.post("/api/ask", openapi_extra=_ASK)
    async def ask(request: Request) -> dict[str, Any]:
        """Say which colours a thing could have, with probabilities."""
        visitor = _visitor(secrets.token_urlsafe(32))
        try:
            sent = await _receive(request, service, visitor)
            where, when = parse_box(sent.fields.get("box")), parse_time(sent.fields.get("at"))
            answer = await run_in_threadpool(service.ask, visitor, sent.files["video"][0], box=where, at=when)
        finally:
            await run_in_threadpool(service.forget, visitor)
        return answer.as_json()

    _refuse_others(app)  # last: what is before it is asked first
    return app


def _refuse_others(app: FastAPI) -> None:
    """Refuse what no call is under /api, which would else fall to what is mounted at /: 404 or 405."""
    calls = [route for route in app.routes if isinstance(route, Route)]

    @app.api_route("/api", methods=_METHODS, include_in_schema=False)
    @app.api_route("/api/{rest:path}", methods=_METHODS, include_in_schema=False)
    def refuse(request: Request) -> None:
        path = request.url.path
        allowed = {method for call in calls if call.path_regex.match(path) for method in call.methods or ()}
        if allowed:
            headers = {"Allow": ", ".join(sorted(allowed))}
            raise HTTPException(405, f"{request.method} is not for {path[:80]}: use {headers['Allow']}", headers)
        raise HTTPException(404, f"{path[:80]} is no call here: see /api/docs")


def _add_jobs(app: FastAPI, service: Service) -> None:
    @app.post("/api/jobs", status_code=202, openapi_extra=_SUBMIT)
    async def submit(request: Request, token: Token) -> Submitted:
        """Put a file into the queue. Who sends the token of an earlier job has both under it."""
        token = token or secrets.token_urlsafe(32)
        if not _TOKEN.fullmatch(token):
            raise Malformed("X-Job-Token is none that a submission gave: leave it out")
        visitor = _visitor(token)
        try:
            sent = await _receive(request, service, visitor)
            options, spend = _options(sent), [file for files in sent.files.values() for file in files]
            job = await run_in_threadpool(service.submit, visitor, sent.files["video"][0], options, spend=spend)
        finally:
            if not service.jobs(visitor):
                await run_in_threadpool(service.forget, visitor)
        return Submitted(token=token, **job.as_json())

    @app.get("/api/jobs/{id}")
    def status(id: str, token: Token) -> Status:
        """Say how a job stands."""
        return Status(**_job(service, id, token).as_json())

    @app.delete("/api/jobs/{id}", status_code=204)
    def remove(id: str, token: Token) -> Response:
        """End a job, wherever it is, and remove its files."""
        job = _job(service, id, token)
        service.remove(job.id, job.visitor)
        if not service.jobs(job.visitor):
            service.forget(job.visitor)
        return Response(status_code=204)

    @app.get("/api/jobs/{id}/events", response_class=StreamingResponse)
    async def follow(id: str, token: Token) -> StreamingResponse:
        """Follow a job: server-sent events `progress`, each with its status as data, and `end`."""
        headers = {**_NO_STORE, "X-Accel-Buffering": "no"}
        return StreamingResponse(events(_job(service, id, token)), media_type="text/event-stream", headers=headers)


def _add_results(app: FastAPI, service: Service) -> None:
    @app.get("/api/jobs/{id}/result", response_class=FileResponse)
    def result(id: str, token: Token) -> FileResponse:
        """Fetch the coloured file."""
        return _file(_done(_job(service, id, token)).output)

    @app.get("/api/jobs/{id}/confidence", response_class=FileResponse)
    def confidence(id: str, token: Token) -> FileResponse:
        """Fetch the file that says how sure the colours are, where the job was asked for it."""
        path = _done(_job(service, id, token)).confidence
        if path is None:
            raise NotDone('this job was not asked for it: options={"confidence": true}')
        return _file(path)

    @app.get("/api/jobs/{id}/record", response_class=FileResponse)
    def record(id: str, token: Token) -> FileResponse:
        """Fetch the record of the coloured file; verify.py reads it."""
        return _file(_done(_job(service, id, token)).record)


async def _receive(request: Request, service: Service, visitor: str) -> Form:
    """Receive a form with one video, its files in the visitor's folder."""
    hints: list[Path] = []

    def place(field: str, name: str) -> Path:
        if field not in _FILES:
            raise Malformed(f"{field[:40]} is no file here: send {', '.join(_FILES)}")
        if field not in _BESIDE_HINTS:
            return service.place(visitor, name)
        hints.append(service.place(visitor, name, beside=hints[0] if hints else None))
        return hints[-1]

    sent = await receive(request, place, most_mb=service.options.upload_mb)
    if len(sent.files.get("video", [])) != 1 or len(sent.files.get("hints", [])) > 1:
        raise Malformed("send one file as `video`, and at most one as `hints`")
    return sent


def _options(sent: Form) -> dict[str, object]:
    text = sent.fields.get("options") or "{}"
    try:
        options = json.loads(text)
    except (ValueError, RecursionError):
        options = None
    if not isinstance(options, dict):
        raise Malformed('options must be a JSON object, such as {"vividness": 0.5}')
    if named := [name for name in ("hints", "reference") if name in options]:
        raise Malformed(f"{named[0]} is a file: send it as one, not in options")
    given: dict[str, object] = {"hints": sent.files["hints"][0]} if "hints" in sent.files else {}
    return {**options, **given, **({"reference": sent.files["reference"]} if "reference" in sent.files else {})}


def _visitor(token: str) -> str:
    return f"rest:{token}"  # which no visitor of the page is called


def _job(service: Service, id: str, token: str | None) -> Job:
    if not token:
        raise Malformed("X-Job-Token is missing: send the token that the submission gave")
    return service.job(id, _visitor(token))


def _done(job: Job) -> Job:
    if job.state != "done":
        raise NotDone(f"the job is {job.state}" + (f": {job.error}" if job.error else ""))
    return job


def _file(path: Path | None) -> FileResponse:
    if path is None or not path.is_file():
        raise NoSuchJob
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return FileResponse(path, media_type=kind, filename=path.name, headers=_NO_STORE)
