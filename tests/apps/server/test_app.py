"""What Gradio offers beside the page is not reached, and files of the server stay where they are."""

import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from starlette.testclient import TestClient

from temporal_colorize.apps.server import ServerOptions
from temporal_colorize.apps.server.app import application, keep_gradio_inside, keep_temporary_inside
from temporal_colorize.apps.service import Service, ServiceOptions
from tests.support.service import tiny_colorizer

UPLOAD = "/gradio_api/upload"


class Site(TestClient):
    """A page that says what was in a file, guarded as the real one is."""

    def __init__(self, service: Service) -> None:
        with gr.Blocks() as page:
            file, said = gr.File(), gr.HTML()  # Gradio's own: nothing else looks at what it is given
            file.upload(lambda path: Path(path).read_text()[:12], file, said)
        self.service, self.file = service, file
        super().__init__(application(service, ServerOptions(), page, {}), base_url="http://127.0.0.1:7860")

    def files(self) -> set[Path]:
        return set((self.service.root / "gradio").rglob("*"))

    def read(self, path: str) -> str:
        """Have the page's only function called with a file, as the page itself would."""
        asked = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}], "session_hash": secrets.token_hex(6)}
        asked |= {"fn_index": 0, "trigger_id": self.file._id}
        assert self.post("/gradio_api/queue/join", json=asked).status_code == 200
        return self.get("/gradio_api/queue/data", params={"session_hash": asked["session_hash"]}).text


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    service = Service(tiny_colorizer(folder), ServiceOptions(upload_mb=1), parent=folder)
    before = os.environ.get("GRADIO_TEMP_DIR")
    keep_gradio_inside(service)
    with Site(service) as site:
        yield site
    service.close()
    os.environ.pop("GRADIO_TEMP_DIR") if before is None else os.environ.update(GRADIO_TEMP_DIR=before)


def test_only_what_was_uploaded_is_read(site: Site) -> None:
    sent = site.post(UPLOAD, files={"files": ("a.txt", b"what is mine")})
    assert "what is mine" in site.read(sent.json()[0])
    assert '"success":false' in site.read("/etc/passwd").replace(" ", "")
    assert "root:" not in site.read("/etc/passwd")


@pytest.mark.parametrize("part", [("files", (None, b"x" * 300_000)), ("other", ("a.txt", b"mine"))])
def test_a_part_that_is_no_file_is_not_held(site: Site, part: tuple[str, object]) -> None:
    before = site.files()
    answer = site.post(UPLOAD, files=[("files", ("b.txt", b"new")), part])
    assert answer.status_code == 400 and "files only" in answer.text and site.files() == before


def test_an_upload_that_is_too_large_leaves_nothing(site: Site) -> None:
    before = site.files()
    many = [("files", (f"{number}.txt", b"x" * 400_000)) for number in range(5)]  # each is small enough
    sent = site.build_request("POST", UPLOAD, files=many).read()
    for end, status in ((len(sent), 413), (1_200_000, 400)):  # the second breaks off
        headers = {"Content-Type": "multipart/form-data; boundary=" + sent[2:34].decode()}
        answer = site.post(UPLOAD, content=iter([sent[:end]]), headers=headers)
        assert answer.status_code == status and site.files() == before


def test_pages_of_other_hosts_read_nothing(site: Site) -> None:
    answer = site.get("/config", headers={"Origin": "http://localhost:5000"})
    assert answer.status_code == 200 and not [name for name in answer.headers if name.startswith("access-control-")]


def test_temporary_files_are_the_services(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", tempfile.gettempdir())
    monkeypatch.setenv("TMPDIR", tempfile.gettempdir())
    keep_temporary_inside(site.service)
    made = subprocess.run(["mktemp"], capture_output=True, text=True, check=True).stdout.strip()
    with tempfile.NamedTemporaryFile() as file:
        assert {Path(file.name).parent, Path(made).parent} == {site.service.root / "temporary"}
