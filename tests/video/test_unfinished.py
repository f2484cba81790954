from pathlib import Path

import pytest

from temporal_colorize.video import Frame, VideoError, VideoReader
from temporal_colorize.video.unfinished import GROWN, lacks_index
from tests.support.footage import clip

FRAGMENTS = {"movflags": "frag_keyframe+empty_moov"}
NO_B = {"qp": "10", "g": "5", "bf": "0", "preset": "veryfast"}


def box(kind: bytes, content: bytes = b"", *, length: int | None = None) -> bytes:
    return (8 + len(content) if length is None else length).to_bytes(4, "big") + kind + content


@pytest.mark.parametrize(
    ("content", "lacks"),
    [
        (box(b"ftyp", b"isom") + box(b"mdat", b"x" * 50), True),
        (box(b"ftyp", b"isom") + box(b"mdat", b"x" * 50, length=1000), True),  # cut off
        (box(b"ftyp", b"isom") + box(b"mdat", (66).to_bytes(8, "big") + b"x" * 50, length=1), True),
        (box(b"ftyp", b"isom") + box(b"mdat", length=0), True),
        (box(b"ftyp", b"isom") + box(b"mdat", b"x" * 50) + box(b"moov"), False),
        (box(b"ftyp", b"isom") + box(b"moof") + box(b"mdat"), False),
        (b"\x1a\x45\xdf\xa3" * 10, False),
        (b"no video at all", False),
        (b"", False),
    ],
)
def test_lacks_index(tmp_path: Path, content: bytes, lacks: bool) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    assert lacks_index(tmp_path / "a.mp4") is lacks


def test_an_index_that_is_missing_is_said_to_be(tmp_path: Path) -> None:
    clip(tmp_path / "a.mp4")
    content = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(content[: content.rindex(b"moov") - 4])
    with pytest.raises(VideoError, match=r"index \(moov\) is missing: the recording was not finished; repair it"):
        VideoReader(tmp_path / "a.mp4")


@pytest.mark.parametrize(("name", "options"), [("a.ts", {}), ("a.mkv", {}), ("a.mp4", FRAGMENTS)])
def test_a_file_that_grows_while_it_is_read(tmp_path: Path, name: str, options: dict[str, str]) -> None:
    whole = clip(tmp_path / f"whole.{name}", count=60, options=NO_B, container_options=options).read_bytes()
    half = tmp_path / name
    half.write_bytes(whole[: len(whole) // 2])
    count = 0
    with VideoReader(half) as reader:
        for item in reader:
            count += isinstance(item, Frame)
            if count == 5:
                half.write_bytes(whole[: len(whole) * 2 // 3])
    assert 20 <= count <= 45 and GROWN in reader.notes


def test_a_file_that_stays_is_not_said_to_grow(tmp_path: Path) -> None:
    with VideoReader(clip(tmp_path / "a.ts")) as reader:
        assert sum(isinstance(item, Frame) for item in reader) == 30
    assert reader.notes == []
