"""Requests that name another host, come from another page or lack the password get nowhere."""

import asyncio
import base64

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from temporal_colorize.apps.server import ServerOptions
from temporal_colorize.apps.server.guard import Guard
from temporal_colorize.apps.server.logins import Logins


async def reached(request: Request) -> PlainTextResponse:
    return PlainTextResponse("reached", headers={"Access-Control-Allow-Origin": "*"})


def guarded(*, host: str = "127.0.0.1", logins: Logins | None = None) -> TestClient:
    app = Starlette(routes=[Route("/{path:path}", reached, methods=["GET", "POST"])])
    hosts = ServerOptions(host=host, insecure=True).hosts
    return TestClient(Guard(app, hosts=hosts, logins=logins), base_url="http://127.0.0.1:7860")


def basic(password: str, name: str = "any") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:7860", "LOCALHOST", "[::1]:7860"])
def test_this_machine_by_its_names(host: str) -> None:
    assert guarded().get("/", headers={"Host": host}).text == "reached"


@pytest.mark.parametrize(
    ("host", "named"), [("127.0.0.2", "127.0.0.2:7860"), ("::1", "[::1]"), ("127.9.9.9", "localhost")]
)
def test_the_name_that_is_listened_at(host: str, named: str) -> None:
    assert guarded(host=host).get("/", headers={"Host": named}).text == "reached"
    assert guarded(host=host).get("/", headers={"Host": "127.3.3.3"}).status_code == 421


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:7860", "", "[::2]"])
def test_a_name_that_was_made_to_point_here_is_refused(host: str) -> None:
    answer = guarded().get("/", headers={"Host": host})
    assert answer.status_code == 421 and "is not this machine" in answer.json()["error"]
    assert guarded(host="0.0.0.0").get("/", headers={"Host": host}).text == "reached"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999"])
def test_another_page_cannot_send_anything(origin: str) -> None:
    answer = guarded().post("/", headers={"Origin": origin})
    assert answer.status_code == 403 and "access-control-allow-origin" not in answer.headers
    assert guarded().post("/", headers={"Origin": "http://127.0.0.1:7860"}).text == "reached"
    assert "access-control-allow-origin" not in guarded().get("/", headers={"Origin": origin}).headers


@pytest.mark.parametrize(
    "path",
    [
        "", "config", "theme.css", "assets/x.js", "api/jobs/1/events", "gradio_api/upload", "gradio_api/queue/join",
        "gradio_api/heartbeat/a-1", "gradio_api/file=/tmp/a%20b/clip.color.mp4",
    ],
)  # fmt: skip
def test_what_the_page_asks_for(path: str) -> None:
    assert guarded().get(f"/{path}").text == "reached"


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/file=http://evil.example/x", "gradio_api/file/http://evil.example/x", "gradio_api/file=//evil/x",
        "/gradio_api/file=http://evil.example/x", "gradio_api/file=%68ttp%3A%2F%2Fevil.example/x", "file=/etc/passwd",
        "gradio_api/proxy=http://evil.example/x", "gradio_api/process_recording", "gradio_api/deep_link", "monitoring",
        "gradio_api/component_server", "gradio_api/call/x", "gradio_api/run/x", "gradio_api/stream/x", "config/",
        "gradio_api/vibe-code", "gradio_api/info", "gradio_api/file=/a%0Ab", "gradio_api/upload/", "api",
        "gradio_api/queue/status", "gradio_api/file=/tmp/http://evil.example/x",
        f"assets/{'x' * 300}",
    ],
)  # fmt: skip
def test_what_it_does_not_is_not_there(path: str) -> None:
    answer = guarded().get(f"http://127.0.0.1:7860/{path}")
    assert answer.status_code == 404 and answer.json() == {"error": "nothing is here"}


def test_every_answer_carries_the_headers() -> None:
    headers = guarded().get("/").headers
    assert "default-src 'self'" in headers["content-security-policy"] and headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY" and headers["referrer-policy"] == "no-referrer"


def test_the_password_and_the_delay_after_wrong_ones() -> None:
    now = [100.0]
    client = guarded(host="0.0.0.0", logins=Logins("right word", first=1, most=4, clock=lambda: now[0]))
    nothing = client.get("/")
    assert nothing.status_code == 401 and nothing.headers["www-authenticate"].startswith("Basic")
    assert client.get("/").status_code == 401  # which is not counted
    assert client.get("/", headers=basic("right word")).text == "reached"
    for wait in (1, 2, 4, 4):
        assert client.get("/", headers=basic("wrong")).status_code == 401
        now[0] += wait - 0.1
        early = client.get("/", headers=basic("right word"))
        assert early.status_code == 429 and int(early.headers["retry-after"]) >= 1
        now[0] += 0.2
    assert client.get("/", headers=basic("right word", name="")).text == "reached"
    assert client.get("/", headers=basic("wrong")).status_code == 401
    now[0] += 1.1  # it began anew
    assert client.get("/", headers=basic("right word")).text == "reached"


@pytest.mark.parametrize("value", ["Basic !!!", "Basic //4=", "Basic ", "Basic eA=="])
def test_what_is_no_password_is_wrong(value: str) -> None:
    client = guarded(host="0.0.0.0", logins=Logins("right word", first=0, most=0))
    assert client.get("/", headers={"Authorization": value}).status_code == 401


def test_the_table_of_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("temporal_colorize.apps.server.logins._MOST_REMEMBERED", 3)
    logins = Logins("right word", first=60, most=60)
    for number in range(5):
        logins.allows(str(number), basic("wrong")["Authorization"])
    assert [logins.wait(str(number)) > 0 for number in range(5)] == [False, False, True, True, True]


async def seen(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.url.query}|{request.headers.get('range', '')}")


async def broken(scope: object, receive: object, send: object) -> None:
    raise TypeError("\x1b[31mx\nserver: all is well")


def test_links_that_were_saved_and_parts_of_files_are_not_asked_for() -> None:
    guard = Guard(Starlette(routes=[Route("/{path:path}", seen)]), hosts=None, logins=None)
    client, part = TestClient(guard), {"Range": "bytes=1-2-3"}
    assert [client.get(path, headers=part).text for path in ("/?deep_link=x", "/config?page=x")] == [
        f"|{part['Range']}"
    ] * 2
    assert client.get("/gradio_api/file=/tmp/a?b=c", headers=part).text == "b=c|"
    assert client.get("/api/jobs/1/result?token=x", headers=part).text == f"token=x|{part['Range']}"


def test_what_fails_is_said_in_a_line_where_it_failed_before(capsys: pytest.CaptureFixture[str]) -> None:
    client = TestClient(Guard(broken, hosts=None, logins=None))
    lines = []
    for _ in range(3):
        answer = client.get("/")
        assert answer.status_code == 500 and "the server failed (TypeError)" in answer.json()["error"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        lines.append(capsys.readouterr().err)
    assert "Traceback" in lines[0] and lines[1] == lines[2]
    assert (
        lines[1].startswith("TypeError at test_guard.py:")
        and lines[1].count("\n") == 1
        and "\x1b" not in "".join(lines)
    )


def test_who_goes_away_leaves_nothing_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    async def gone(scope: object, receive: object, send: object) -> None:
        raise ClientDisconnect

    async def nothing(*given: object) -> None:
        return None

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    asyncio.run(Guard(gone, hosts=None, logins=None)(scope, nothing, nothing))
    assert capsys.readouterr().err == ""


def test_another_address_of_the_same_customer_waits_as_well() -> None:
    guard = guarded(host="0.0.0.0", logins=Logins("right word", first=60, most=60)).app
    first, second, other = (TestClient(guard, client=(address, 1)) for address in ("2001:db8::1", "2001:db8::2", "::1"))
    assert first.get("/", headers=basic("wrong")).status_code == 401
    assert [one.get("/", headers=basic("right word")).status_code for one in (second, other)] == [429, 200]
