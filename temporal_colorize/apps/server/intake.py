"""How much requests bring: counted as it comes in, before anything that takes it apart can hold or keep it."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from temporal_colorize.apps.server.guard import App, Receive, Scope, Send

_OF_PAGE = "/gradio_api/upload"
_UPLOADS = frozenset({_OF_PAGE, "/api/jobs", "/api/ask"})
_ENVELOPE = 300_000  # bytes of an upload that are no content
_MOST = 1_000_000  # bytes of any other request, which is held in memory
_STEP = 4_000_000  # bytes of all uploads together, after which the disk is looked at again
_BODILESS = ("GET", "HEAD", "OPTIONS")
_GONE = {"type": "http.disconnect"}


class Intake:
    """Breaks off requests that bring too much, or nothing for too long; an ASGI middleware.

    Args:
        app: What answers.
        upload_mb: Of an upload, 10^6 bytes.
        full: Says whether the visitors' share of the disk is used up, with what uploads under way have written.
        patience: Seconds without a byte of a request that has not ended.
        arrived: Is called when an upload to the page is whole.
    """

    def __init__(
        self, app: App, *, upload_mb: float, full: Callable[[], bool], patience: float = 30.0,
        arrived: Callable[[], object] = lambda: None,
    ) -> None:  # fmt: skip
        self._app, self._upload, self._full, self._patience = app, upload_mb * 1e6 + _ENVELOPE, full, patience
        self._since_look, self._arrived = 0, arrived

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _BODILESS:
            return await self._app(scope, receive, send)
        body = _Body(self, scope, receive, send)
        if not await body.is_refused_at_once():
            try:
                await self._app(scope, body.receive, body.send)
            except Exception:
                if body.refused is None:
                    raise
        if body.refused is not None and not body.is_answered:
            await body.refused(scope, receive, send)

    def most(self, scope: Scope) -> float:
        """Return how many bytes a request may have."""
        return self._upload if scope["path"] in _UPLOADS else _MOST

    async def lacks_room(self, scope: Scope, come: int | None) -> bool:
        """Say whether the disk is full; looks at it every few MB of all uploads, and where `come` is None."""
        if scope["path"] not in _UPLOADS:
            return False
        self._since_look += come or 0
        if come is not None and self._since_look < _STEP:
            return False
        self._since_look = 0
        return await run_in_threadpool(self._full)

    def ends(self, scope: Scope) -> None:
        """Note that all of a request has come."""
        if scope["path"] == _OF_PAGE:
            self._arrived()

    async def next(self, receive: Receive) -> Any:
        """Return what comes next, None after too long."""
        try:
            return await asyncio.wait_for(receive(), self._patience)
        except TimeoutError:
            return None


class _Body:
    """What one request brings. Once it is refused, the app sees a client that has gone, and its answer is dropped."""

    def __init__(self, intake: Intake, scope: Scope, receive: Receive, send: Send) -> None:
        self._intake, self._scope, self._receive, self._send = intake, scope, receive, send
        self._come, self._most, self._is_whole = 0, intake.most(scope), False
        self.refused: JSONResponse | None = None
        self.is_answered = False

    async def is_refused_at_once(self) -> bool:
        announced = Headers(scope=self._scope).get("content-length", "")
        await self._judge(int(announced) if announced.isdecimal() else 0, None)
        return self.refused is not None

    async def receive(self) -> Any:
        if self.refused is not None or self._is_whole:
            return _GONE if self.refused is not None else await self._receive()
        message = await self._intake.next(self._receive)
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

    async def send(self, message: Any) -> None:
        if self.refused is None:
            self.is_answered = True
            await self._send(message)

    async def _judge(self, size: int, come: int | None) -> None:
        if size > self._most:
            self._refuse(413, f"a request may have {self._most / 1e6:.4g} MB: cut the file, or encode it smaller")
        elif await self._intake.lacks_room(self._scope, come):
            self._refuse(429, "the server has no room for more files: try again later")

    def _refuse(self, status: int, line: str) -> None:
        self.refused = JSONResponse({"error": line}, status, {"Connection": "close"})
