"""What browsers have Gradio hold is bounded, and it fetches nothing for them."""

import asyncio
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from gradio import processing_utils, queueing, route_utils, routes
from starlette.testclient import TestClient

from temporal_colorize.apps.server import ServerOptions, events, forms
from temporal_colorize.apps.server.app import application, keep_gradio_inside
from temporal_colorize.apps.service import Service, ServiceOptions
from tests.support.service import tiny_colorizer

JOIN, DATA = "/gradio_api/queue/join", "/gradio_api/queue/data"
ADDRESS = {"path": "http://192.0.2.1/x", "meta": {"_type": "gradio.FileData"}}


class Site(TestClient):
    """A page with a text and a number, and no file."""

    def __init__(self, service: Service) -> None:
        with gr.Blocks() as self.page:
            text, number, said = gr.Textbox(), gr.Number(), gr.HTML()
            text.submit(lambda *given: str(given), [text, number], said)
        self.queue = self.page._queue
        super().__init__(application(service, ServerOptions(), self.page, {}), base_url="http://127.0.0.1:7860")

    def join(self, name: str, *, data: object = ("a", 1), fn: int = 0) -> int:
        asked = {"data": data, "session_hash": name, "fn_index": fn}
        return self.post(JOIN, json=asked).status_code

    def told(self, name: str) -> str:
        return self.get(DATA, params={"session_hash": name}).text.replace(" ", "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    service = Service(tiny_colorizer(folder), ServiceOptions(), parent=folder)
    before = os.environ.get("GRADIO_TEMP_DIR")
    keep_gradio_inside(service)
    with Site(service) as site:
        yield site
    service.close()
    os.environ.pop("GRADIO_TEMP_DIR") if before is None else os.environ.update(GRADIO_TEMP_DIR=before)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_SESSIONS", 5)


def test_a_page_is_answered(site: Site) -> None:
    name = secrets.token_hex(6)
    assert site.join(name) == 200 and "('a',1)" in site.told(name)


@pytest.mark.parametrize("name", ["", "x" * 65, "x" * 100_000, "a b", "é"])
def test_a_page_of_no_such_name_is_not_kept(site: Site, name: str) -> None:
    assert site.join(name) == 400
    assert name not in site.queue.pending_messages_per_session and name not in site.page.state_holder


def test_what_the_page_does_not_have_is_not_asked(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert [site.join("page", fn=number) for number in (9, -1)] == [400, 400]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("place", [0, 1])
def test_an_address_instead_of_a_value_is_not_fetched(
    site: Site, place: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reached = []
    monkeypatch.setattr(processing_utils.sh, "get", lambda *given, **options: reached.append(given))
    data: list[object] = ["a", 1]
    data[place] = ADDRESS
    name = secrets.token_hex(6)
    assert site.join(name, data=data) == 200 and '"success":false' in site.told(name)
    assert reached == [] and capsys.readouterr().err == ""


def test_who_does_not_read_is_not_answered_for_ever(site: Site) -> None:
    name = secrets.token_hex(6)
    statuses = [site.join(name) for _ in range(events._UNREAD + 5)]
    assert statuses[0] == 200 and statuses[-1] == 503
    assert "('a',1)" in site.told(name)
    assert site.join(secrets.token_hex(6)) == 200  # others are


def test_pages_that_are_quiet_are_forgotten(site: Site, few: None) -> None:
    names = [secrets.token_hex(6) for _ in range(8)]
    for name in names:
        assert site.join(name) == 200 and "('a',1)" in site.told(name)
    assert len(site.queue.pending_messages_per_session) <= 5 and len(site.queue.pending_event_ids_session) <= 5
    assert site.join(names[0]) == 200 and "('a',1)" in site.told(names[0])  # who comes again is as new


def test_one_that_was_forgotten_does_not_end_the_queue(site: Site) -> None:
    event = queueing.Event("gone", site.page.fns[0], None, None)
    site.queue.send_message(event, queueing.EstimationMessage(queue_size=1))


def test_bounds_are_set(site: Site) -> None:
    assert site.queue.max_size == events._WAITING < events._SESSIONS == site.page.state_holder.capacity


def test_only_the_last_uploads_are_followed(site: Site) -> None:
    followed = forms.LastUploads()
    for number in range(forms._FOLLOWED + 20):
        followed.append(str(number), "a.txt", b"xyz")
        followed.set_done(str(number))
    assert len(followed._statuses) == forms._FOLLOWED and followed.pop(str(forms._FOLLOWED)).chunk_size == 3
    assert type(routes.file_upload_statuses) is forms.LastUploads

    async def ask() -> None:
        await asyncio.wait_for(followed.is_tracked("nobody's"), 0.1)

    with pytest.raises(TimeoutError):
        asyncio.run(ask())
    assert not followed._signals


def test_a_form_has_few_files(site: Site) -> None:
    gradio = Path(os.environ["GRADIO_TEMP_DIR"])
    before = set(gradio.rglob("*"))
    many = [("files", (f"{number}.txt", b"x")) for number in range(forms._MOST_FILES + 1)]
    answer = site.post("/gradio_api/upload", files=many)
    assert answer.status_code == 400 and "Too many files" in answer.text and set(gradio.rglob("*")) == before
    assert route_utils.GradioMultiPartParser is forms.FilesOnly
