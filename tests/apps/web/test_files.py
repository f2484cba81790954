"""Results are offered by names that nobody can work out, for as long as they are there."""

import asyncio
import os
from pathlib import Path

import gradio as gr
import pytest
from gradio.data_classes import FileData

from temporal_colorize.apps.web.files import Offers, upload


def test_an_offer_is_another_name_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "clip.color.mp4").write_bytes(b"coloured")
    offers = Offers(tmp_path / "gradio")
    address = offers.address(tmp_path / "clip.color.mp4")
    assert address.samefile(tmp_path / "clip.color.mp4") and address.name == "clip.color.mp4"
    assert address.is_relative_to(tmp_path / "gradio") and len(address.parent.name) == 22
    assert offers.address(tmp_path / "clip.color.mp4") == address


def test_the_same_content_has_another_address(tmp_path: Path) -> None:
    addresses = set()
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "clip.mp4").write_bytes(b"the same")
        addresses.add(Offers(tmp_path / "gradio").address(tmp_path / folder / "clip.mp4"))
    assert len(addresses) == 2


def test_what_is_removed_is_taken_back(tmp_path: Path) -> None:
    offers = Offers(tmp_path / "gradio")
    for name in ("first", "second"):
        (tmp_path / name).write_bytes(b"x")
    first = offers.address(tmp_path / "first")
    (tmp_path / "first").unlink()
    second = offers.address(tmp_path / "second")
    assert not first.exists() and not first.parent.exists() and second.exists()
    second.unlink()  # as Gradio does in time
    assert offers.address(tmp_path / "second").exists()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gradio's, with an upload, and beside it what is none: pipes and devices would hold up whoever opens them."""
    folder = tmp_path / "gradio"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "clip.mp4").write_bytes(b"x")
    (folder / "a" / "link").symlink_to("/etc/passwd")
    (folder / "out").symlink_to("/etc")
    os.mkfifo(folder / "pipe")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


@pytest.mark.parametrize(
    "sent",
    [
        "http://127.0.0.1:9/x.mp4", "https://example.com/x.mp4", "ftp://127.0.0.1/x", "/etc/passwd", "README.md", ".",
        "/dev/zero", "{}/pipe", "{}/a", "{}/a/link", "{}/out/passwd", "{}/../../../../../../../etc/passwd", "{}/gone",
        "a\0b",
    ],
)  # fmt: skip
def test_only_what_was_uploaded_is_taken(folder: Path, sent: str) -> None:
    made, path = upload(render=False), sent.format(folder)
    with pytest.raises(gr.Error, match="upload it itself"):
        made.move_resource_to_block_cache(path)
    with pytest.raises(gr.Error, match="upload it itself"):
        asyncio.run(made.async_move_resource_to_block_cache(path))
    with pytest.raises(gr.Error, match="upload it itself"):
        made.preprocess(FileData(path=path, is_stream=True))


def test_an_upload_is_taken(folder: Path) -> None:
    made, path = upload(render=False), str(folder / "a" / "clip.mp4")
    assert made.move_resource_to_block_cache(path) == path == made.preprocess(FileData(path=path))
    assert made.preprocess(None) is None
