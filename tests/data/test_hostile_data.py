"""What archives and lists call their files leads nowhere but to themselves."""

import io
import json
import tarfile
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from data_prep.check import faults
from temporal_colorize.data.manifest import MANIFEST, Entry, read_manifest, write_manifest
from temporal_colorize.data.pictures import DataError, FilePictures, decode_picture
from temporal_colorize.data.shard_index import read_index
from temporal_colorize.data.shards import _as_file
from tests.support.videos import write_video

NAMES = ["../outside.tar", "/etc/passwd", "a/../../b.tar", "x; touch ran", "$(touch ran)", "pipe:touch ran", "-o", ""]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("template", ["{folder}", "pipe:cat {folder}/{{}}"])
def test_an_index_names_shards_beside_it_alone(name: str, template: str, tmp_path: Path) -> None:
    """By a template a name becomes part of a shell command."""
    rows = [{"name": name, "kind": "picture", "samples": 1, "bytes": 1, "sha256": "0" * 64}]
    (tmp_path / "index.json").write_text(json.dumps({"version": 1, "splits": {"train": rows}}))
    with pytest.raises(DataError, match="the index names a shard"):
        read_index(template.format(folder=tmp_path))
    rows[0]["name"] = "train/picture-000.tar"
    (tmp_path / "index.json").write_text(json.dumps({"version": 1, "splits": {"train": rows}}))
    assert read_index(template.format(folder=tmp_path))["train"][0].url.endswith("train/picture-000.tar")


@pytest.mark.parametrize("name", ["../../a.mp4", "/a/b.mp4", "..mp4", "x" * 300 + ".mp4", "set/a.mp4"])
def test_a_sample_s_name_leads_nowhere(name: str, tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=2)
    with _as_file(name, (tmp_path / "a.mp4").read_bytes()) as clips:
        assert clips.files[0].parent == Path(tempfile.gettempdir())
        assert len(clips.frames(0)) == 2


def tar_of(path: Path, picture: bytes) -> None:
    """A tar of one honest picture, and of links, a device and names that lead out of it."""
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, kind in [
            ("a.png", tarfile.REGTYPE),
            ("../out.png", tarfile.REGTYPE),
            ("link.png", tarfile.SYMTYPE),
            ("hard.png", tarfile.LNKTYPE),
            ("device.png", tarfile.CHRTYPE),
        ]:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            member.size = len(picture) if kind == tarfile.REGTYPE else 0
            tar.addfile(member, io.BytesIO(picture) if member.size else None)


def test_links_and_devices_in_a_tar_are_not_followed(tmp_path: Path) -> None:
    picture = cv2.imencode(".png", np.full((8, 9, 3), 90, np.uint8))[1].tobytes()
    tar_of(tmp_path / "pictures" / "set.tar", picture)
    pictures = FilePictures([tmp_path / "pictures" / "set.tar"])
    assert pictures.names == ["set.tar/a.png", "set.tar/../out.png"]
    assert all(pictures[number].shape == (8, 9, 3) for number in range(2))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["pictures", "set.tar"]  # nothing is unpacked
    (tmp_path / "clips").mkdir()
    write_manifest(tmp_path / MANIFEST, [])
    complaints = list(faults(tmp_path))
    assert sum("is a link, a folder or a device" in text for text in complaints) == 3


@pytest.mark.parametrize("path", ["../a.mp4", "/etc/passwd", "clips/../../a.mp4"])
def test_a_manifest_names_files_below_it_alone(path: str, tmp_path: Path) -> None:
    entry = Entry(path, "s", "s/1", "train", "clip", "0" * 64, 1, 1, 1, 1, "n", "0" * 16)
    write_manifest(tmp_path / MANIFEST, [entry])
    with pytest.raises(DataError, match="must lie below the manifest's folder"):
        read_manifest(tmp_path / MANIFEST)


def test_a_huge_picture_is_not_decoded() -> None:
    content = bytearray(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    content[16:24] = (30_000).to_bytes(4, "big") * 2  # OpenCV itself would take 2.7 GB for it
    with pytest.raises(DataError, match=r"a\.png is 30000x30000, too large"):
        decode_picture(bytes(content), "a.png")
