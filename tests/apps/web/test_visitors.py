"""Several visitors of one page, and what is refused to them, in a real browser."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from gradio.processing_utils import hash_file

from tests.support.browser import Site, Visit, browser_marks
from tests.support.service import Slow
from tests.support.videos import lumas_of, write_video

pytestmark = browser_marks()


def test_what_cannot_be_read_is_said_in_words(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(bytes(range(256)) * 40)
    write_video(tmp_path / "good.mkv", count=5)
    visitor = visit()
    visitor.upload(tmp_path / "broken.mp4")
    problem = visitor.page.locator("#problem .problem")
    problem.wait_for()
    assert "broken.mp4" in problem.inner_text() and "\n" not in problem.inner_text().strip()
    assert not any(word in visitor.page.content() for word in ("Traceback", str(tmp_path.parent)))
    visitor.upload(tmp_path / "good.mkv")
    visitor.says("is done")
    assert problem.count() == 0


def test_two_visitors_have_their_own(visit: Visit, site: Site, colorizer: Slow, tmp_path: Path) -> None:
    colorizer.pause = 0.02
    ann, bob = visit(), visit()
    for visitor, name, count in ((ann, "ann.mkv", 12), (bob, "bob.mkv", 17)):
        write_video(tmp_path / name, count=count)
        visitor.upload(tmp_path / name)
    assert "ann.mkv is done: 12 pictures" in ann.says("is done")
    assert "bob.mkv is done: 17 pictures" in bob.says("is done")
    assert "bob" not in ann.page.content() and "ann.mkv" not in bob.page.content()
    assert len(lumas_of(ann.download("#result", tmp_path))) == 12
    assert len(lumas_of(bob.download("#result", tmp_path))) == 17
    keys = [visitor.page.evaluate("localStorage.getItem('temporal-colorize')") for visitor in (ann, bob)]
    assert keys[0] != keys[1]
    outputs = [path for path in site.service.root.rglob("*.color.mkv") if "gradio" not in path.parts]
    assert {"ann.color.mkv", "bob.color.mkv"} <= {output.name for output in outputs}
    for output in outputs:  # by its own name, and by the one that Gradio would make of its content
        for path in (output, site.service.root / "gradio" / hash_file(output) / output.name):
            assert refusal(f"{site.url}gradio_api/file={path}") == 403
    assert not list((site.service.root / "gradio").rglob("ann.mkv"))


def test_two_visitors_bring_the_same_file(visit: Visit, site: Site, tmp_path: Path) -> None:
    write_video(tmp_path / "same.mkv", count=6)
    content = (tmp_path / "same.mkv").read_bytes()
    names = [sent(site, "same.mkv", content) for _ in range(2)]
    assert names[0] != names[1]
    for path in names:
        assert path.is_relative_to(site.service.root / "gradio") and path.read_bytes() == content
    for visitor in (visit(), visit()):
        visitor.upload(tmp_path / "same.mkv")
        assert "6 pictures" in visitor.says("is done")


def sent(site: Site, name: str, content: bytes) -> Path:
    """Upload a file as a browser does, and return the server's name for it."""
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n\r\n' % name.encode()
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    request = urllib.request.Request(f"{site.url}gradio_api/upload", body + content + b"\r\n--x--\r\n", headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return Path(json.load(answer)[0])


def refusal(url: str) -> int:
    """Return the status with which a request is refused."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url, timeout=10)
    return refused.value.code


def test_nothing_is_fetched_from_elsewhere(site: Site) -> None:
    assert refusal(f"{site.url}gradio_api/file=http://127.0.0.1:9/x.mp4") == 404
    assert refusal(f"{site.url}gradio_api/file=//127.0.0.1:9/x.mp4") == 404
