"""Connections that ask for nothing do not keep others out."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from temporal_colorize.apps.server import ServerOptions, connections
from tests.support.rtsp import free_port, wait_until


async def slowly(request: Request) -> PlainTextResponse:
    time.sleep(0.7)
    return PlainTextResponse("reached")


@contextmanager
def served(**options: object) -> Iterator[int]:
    """Serve five connections, with half a second for a request's head; yields the port."""
    app = Starlette(routes=[Route("/", lambda request: PlainTextResponse("reached")), Route("/slow", slowly)])
    http = connections.prompt(ServerOptions(**{"head_seconds": 0.5, **options}))
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, http=http, log_level="error", limit_concurrency=6))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, seconds=10, what="the server is up")
    yield port
    server.should_exit = True
    thread.join(10)


def status(port: int) -> int:
    return httpx.get(f"http://127.0.0.1:{port}/").status_code


def is_closed(one: socket.socket) -> bool:
    one.settimeout(3)
    return one.recv(1000) == b""


def is_answered(one: socket.socket) -> bool:
    """Head and body may come one after the other."""
    one.settimeout(3)
    come = b""
    while not come.endswith(b"reached") and (piece := one.recv(1000)):
        come += piece
    return come.startswith(b"HTTP/1.1 200")


HALF = b"GET / HTTP/1.1\r\nHost: a\r\n"
WHOLE = HALF + b"\r\n"


@pytest.mark.parametrize("sent", [b"", b"GE", HALF, WHOLE + HALF])
def test_who_does_not_ask_is_let_go(sent: bytes) -> None:
    with served() as port:
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
        for one in held:
            one.sendall(sent)
            if WHOLE in sent:
                assert is_answered(one)
        assert status(port) == 503
        assert all(is_closed(one) for one in held)
        assert status(port) == 200


def test_an_answer_may_take_longer() -> None:
    with served() as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert [client.get("/slow").text for _ in range(2)] == ["reached"] * 2


def test_one_address_has_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(connections_each=2, head_seconds=60) as port:
        assert status(port) == 200
        monkeypatch.setattr(connections, "is_local", lambda address: False)  # as if from elsewhere
        first, second, third = (socket.create_connection(("127.0.0.1", port)) for _ in range(3))
        assert is_closed(third)
        first.sendall(WHOLE)
        assert is_answered(first)
        second.close()
