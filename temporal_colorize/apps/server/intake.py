"""How much requests bring: counted as it comes in, before anything that takes it apart can hold or keep it."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from temporal_colorize.apps.server.guard import App, Receive, Scope, Send
from temporal_colorize.apps.server.room import Room

_OF_PAGE = "/gradio_api/upload"
_UPLOADS = frozenset({_OF_PAGE, "/api/jobs", "/api/ask"})
_ENVELOPE = 300_000  # bytes of an upload that are no content
_MOST = 1_000_000  # bytes of any other request, which is held in memory
_BODILESS = ("GET", "HEAD", "OPTIONS")
_GONE = {"type": "http.disconnect"}


class Intake:
    """Breaks off requests that bring too much, or nothing for too long; an ASGI middleware.

    Args:
        app: What answers.
        upload_mb: Of an upload, 10^6 bytes.
        room: Says how many bytes all uploads may still write, besides what they have written.
        patience: Seconds without a byte of a request that has not ended; and so many more than it takes with
        slowest: bytes a second.
        arrived: Is called when an upload to the page is whole.
    """

    def __init__(
        self, app: App, *, upload_mb: float, room: Callable[[], float], patience: float = 30.0, slowest: float = 10_000,
        arrived: Callable[[], object] = lambda: None,
    ) -> None:  # fmt: skip
        self._app, self._upload, self.room = app, upload_mb * 1e6 + _ENVELOPE, Room(room)
        self._patience, self._slowest, self._arrived = patience, slowest, arrived

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _BODILESS:
            return await self._app(scope, receive, send)
        body = _Body(self, scope, receive, send)
        try:
            if not await body.is_refused_at_once():
                await self._app(scope, body.receive, body.send)
        except Exception:
            if body.refused is None:
                raise
        finally:
            body.let_go()
        if body.refused is not None and not body.is_answered:
            await body.refused(scope, receive, send)

    def most(self, scope: Scope) -> float:
        """Return how many bytes a request may have."""
        return self._upload if scope["path"] in _UPLOADS else _MOST

    def ends(self, scope: Scope) -> None:
        """Note that all of a request has come."""
        if scope["path"] == _OF_PAGE:
            self._arrived()

    async def next(self, receive: Receive, *, come: int, seconds: float) -> Any:
        """Return what comes next of a request of which so many bytes have come in so many seconds; None after too
        long."""
        left = self._patience + come / self._slowest - seconds
        try:
            return await asyncio.wait_for(receive(), min(self._patience, left))
        except TimeoutError:
            return None


class _Body:
    """What one request brings. Once it is refused, the app sees a client that has gone, and its answer is dropped."""

    def __init__(self, intake: Intake, scope: Scope, receive: Receive, send: Send) -> None:
        self._intake, self._scope, self._receive, self._send = intake, scope, receive, send
        self._come, self._most, self._is_whole = 0, intake.most(scope), False
        self._began, self._is_upload, self._held = time.monotonic(), scope["path"] in _UPLOADS, 0
        self.refused: JSONResponse | None = None
        self.is_answered = False

    async def is_refused_at_once(self) -> bool:
        announced = Headers(scope=self._scope).get("content-length", "")
        await self._judge(int(announced) if announced.isdecimal() else 0, 0)
        return self.refused is not None

    async def receive(self) -> Any:
        if self.refused is not None or self._is_whole:
            return _GONE if self.refused is not None else await self._receive()
        self.let_go()  # the app writes before it asks for more
        seconds = time.monotonic() - self._began
        message = await self._intake.next(self._receive, come=self._come, seconds=seconds)
        if message is None:
            self._refuse(408, "nothing came for too long: send it again")
        elif message["type"] == "http.request":
            self._is_whole = not message.get("more_body", False)
            come = len(message.get("body", b""))
            self._come += come
            await self._judge(self._come, come)
            if self._is_whole and self.refused is None:
                self._intake.ends(self._scope)
        return _GONE if self.refused is not None else message

    def let_go(self) -> None:
        """Note that the app has done with what it was given."""
        self._intake.room.written(self._held)
        self._held = 0

    async def send(self, message: Any) -> None:
        if self.refused is None:
            self.is_answered = True
            await self._send(message)

    async def _judge(self, size: int, come: int) -> None:
        if size > self._most:
            self._refuse(413, f"a request may have {self._most / 1e6:.4g} MB: cut the file, or encode it smaller")
        elif self._is_upload:
            self._held = come
            if not await self._intake.room.take(come):
                self._refuse(429, "the server has no room for more files: try again later")

    def _refuse(self, status: int, line: str) -> None:
        self.refused = JSONResponse({"error": line}, status, {"Connection": "close"})
