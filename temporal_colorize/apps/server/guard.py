"""What stands before every request: the host that it names, where it comes from, the password; and what answers carry.

An ASGI middleware, so that the page, the REST endpoint and whatever else is mounted have the same.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from temporal_colorize.apps.rest.errors import failure
from temporal_colorize.apps.server.logins import Logins
from temporal_colorize.apps.server.options import neighbourhood

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# All that the page asks for; Gradio has much more, which fetches, records and keeps for whoever asks.
_OFFERED = re.compile(
    r"/|/config|/theme\.css|/favicon\.ico|/(assets|static|api)/.+"
    r"|/gradio_api/(upload|upload_progress|queue/(join|data)|heartbeat/[\w-]+|file=/[^/].*)"
)
_WHOLE, _FILE = ("/", "/config"), "/gradio_api/file="
_LONGEST = 250  # characters of a name; a file system says no to more as to nothing else
_READING = ("GET", "HEAD", "OPTIONS")
# Nothing is loaded from another host, whatever a library's page asks for; Gradio needs what is inline.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "connect-src 'self' data: blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """Refuses requests, and adds security headers to every answer.

    Args:
        app: What is guarded.
        hosts: That requests may name where only this machine is to reach it, or a page of another host whose name was
            made to point here could read what it likes (DNS rebinding); None for any.
        logins: Checks the password; None where there is none.
    """

    def __init__(self, app: App, *, hosts: Collection[str] | None, logins: Logins | None) -> None:
        self._app, self._hosts, self._logins = app, hosts, logins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)

        begun = False

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name in [name for name in headers if name.startswith("access-control-")]:
                    del headers[name]  # Gradio would let pages of other hosts in
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        refused = self._refusal(scope, Headers(scope=scope))
        if refused is None:
            try:
                await self._app(_plain(scope), receive, sending)
            except ClientDisconnect:  # nobody is left to tell
                pass
            except Exception as error:  # uvicorn would print all of it, every time
                failed = failure(error)
                if not begun:
                    await failed(scope, receive, sending)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refused(scope, receive, sending)

    def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> JSONResponse | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._hosts is not None and _without_port(host) not in self._hosts:
            return _refused(421, f"{host[:80]} is not this machine: open it as localhost or 127.0.0.1")
        if origin is not None and origin.partition("://")[2] != host and not _only_reads(scope):
            return _refused(403, "a page of another host asks for this: open this server's own")
        return self._without_password(scope, headers) or self._beside_the_page(scope)

    def _without_password(self, scope: Scope, headers: Mapping[str, str]) -> JSONResponse | None:
        if self._logins is None:
            return None
        client = neighbourhood((scope.get("client") or ("",))[0])
        if wait := self._logins.wait(client):
            return _refused(429, "wrong passwords came from this address: wait", {"Retry-After": str(round(wait) + 1)})
        if not self._logins.allows(client, headers.get("authorization")):
            return _refused(401, "give the password", {"WWW-Authenticate": 'Basic realm="temporal-colorize"'})
        return None

    def _beside_the_page(self, scope: Scope) -> JSONResponse | None:
        path = scope["path"]
        if "://" in path or not _OFFERED.fullmatch(path) or any(len(name) > _LONGEST for name in path.split("/")):
            return _refused(404, "nothing is here")
        return None


def _plain(scope: Scope) -> Scope:
    """Leave out of a request what Gradio would take from it and the page never asks for: links that were saved, and
    parts of files, which it answers with the request's own headers and breaks off at three numbers."""
    if scope["path"] in _WHOLE:
        return {**scope, "query_string": b""}
    if scope["path"].startswith(_FILE):
        return {**scope, "headers": [one for one in scope["headers"] if one[0] != b"range"]}
    return scope


def _refused(status: int, line: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": line}, status, headers)


def _without_port(host: str) -> str:
    name = host.lower()
    return name[: name.find("]") + 1] if name.startswith("[") else name.partition(":")[0]


def _only_reads(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] in _READING
