"""Requests that bring too much are broken off while they come, and the app never holds more."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from temporal_colorize.apps.server.intake import Intake

UPLOAD = "/gradio_api/upload"
MB = b"x" * 1_000_000


class Site(TestClient):
    """Takes what comes.

    Attributes:
        come: Bytes that the app has been given.
        gone: Whether it was told that the client has gone.
    """

    def __init__(self, *, room: Callable[[], float] = lambda: 1e9, **options: Any) -> None:
        self.come, self.gone = 0, False
        app = Starlette(routes=[Route(path, self.take, methods=["POST"]) for path in (UPLOAD, "/api/jobs", "/other")])
        self.app_ = Intake(app, upload_mb=10, room=room, **{"patience": 5, **options})
        super().__init__(self.app_)

    async def take(self, request: Request) -> PlainTextResponse:
        try:
            async for piece in request.stream():
                self.come += len(piece)
        except ClientDisconnect:
            self.gone = True
            raise
        return PlainTextResponse(str(self.come))


def told(
    site: Site, pieces: list[bytes], path: str = UPLOAD, *, headers: Any = (), end: bool = True, pause: float = 0
) -> list[Any]:
    """Return what is sent to somebody whose request comes in pieces, as TestClient's do not."""
    sent: list[Any] = []
    left = list(pieces)

    async def receive() -> Any:
        if not left and not end:
            await asyncio.sleep(60)
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left) or not end}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": list(headers), "query_string": b""}
    asyncio.run(site.app_(scope, receive, send))
    return [sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]).decode()]


def test_an_upload_within_the_limit() -> None:
    assert told(Site(), [MB] * 10) == [200, "10000000"]


@pytest.mark.parametrize(("path", "most"), [(UPLOAD, 10_300_000), ("/api/jobs", 10_300_000), ("/other", 1_000_000)])
def test_more_is_broken_off_as_it_comes(path: str, most: int) -> None:
    site = Site()
    status, said = told(site, [MB] * 300, path)
    assert status == 413 and "a request may have" in said and said.count("error") == 1
    assert most - len(MB) <= site.come <= most and site.gone


def test_what_is_announced_is_not_waited_for() -> None:
    site = Site()
    assert told(site, [], headers=[(b"content-length", b"10300001")])[0] == 413 and site.come == 0
    assert site.post(UPLOAD, content=b"x").headers.get("connection") is None


def test_uploads_have_the_room_that_there_is() -> None:
    assert told(Site(room=lambda: 0), [MB])[0] == 429
    site = Site(room=lambda: 2.5e6 - site.come)
    assert told(site, [MB] * 10)[0] == 429 and site.come == 2 * len(MB) and site.gone
    assert told(Site(room=lambda: 0), [b"x"], "/other")[0] == 200


def test_who_dribbles_is_let_go() -> None:
    site = Site(patience=0.3, slowest=1e6)
    began = time.monotonic()
    assert told(site, [b"x"] * 1000, pause=0.05)[0] == 408 and site.gone
    assert time.monotonic() - began < 3
    assert told(Site(patience=0.3, slowest=1e3), [b"x" * 1000] * 10, pause=0.05) == [200, "10000"]


def test_who_stops_in_the_middle_is_let_go() -> None:
    site = Site(patience=0.05)
    assert told(site, [MB], end=False)[0] == 408 and site.gone


@pytest.mark.parametrize(
    ("path", "pieces", "times"), [(UPLOAD, 3, 1), (UPLOAD, 11, 0), ("/api/jobs", 3, 0), ("/other", 0, 0)]
)
def test_the_end_of_an_upload_to_the_page_is_told(path: str, pieces: int, times: int) -> None:
    ended: list[None] = []
    site = Site(patience=0.3, arrived=lambda: ended.append(None))
    told(site, [MB] * pieces or [b"x"], path)
    assert len(ended) == times
    told(site, [MB], path, end=False)
    assert len(ended) == times
