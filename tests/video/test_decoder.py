from pathlib import Path

import av
import pytest

from temporal_colorize.video.decoder import demuxed, first_picture
from tests.support.footage import clip, join, without_first
from tests.support.videos import index_of

NO_B = {"qp": "10", "g": "10", "bf": "0", "preset": "veryfast"}
MPEG4 = {"codec": "mpeg4", "options": {"b": "4M", "g": "10"}}


@pytest.mark.parametrize(
    ("options", "missing", "index", "skipped"),
    [({"options": NO_B}, 0, 0, 0), ({"options": NO_B}, 3, 10, 0), (MPEG4, 0, 0, 0), (MPEG4, 3, 10, 7)],
)
def test_the_first_picture_is_whole(tmp_path: Path, options: dict, missing: int, index: int, skipped: int) -> None:
    without_first(clip(tmp_path / "whole.mkv", **options), tmp_path / "a.mkv", missing)
    with av.open(str(tmp_path / "a.mkv")) as container:
        picture, before = first_picture(container, container.streams.video[0])
    assert (index_of(picture.to_ndarray(format="gray")), before) == (index, skipped)


def test_a_stream_that_begins_in_the_middle(tmp_path: Path) -> None:
    """FFmpeg finds such streams as it goes, and PyAV does not know them."""
    plain = clip(tmp_path / "0.ts", options=NO_B, count=100, width=320, height=240)
    sounding = clip(tmp_path / "1.ts", options=NO_B, audio="mp2")
    whole, notes = join(tmp_path / "a.ts", plain, plain, sounding, plain, plain), []
    with av.open(str(whole), options={"probesize": "200000"}) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        packets = [packet for packet in demuxed(container, container.streams, notes) if packet.size]
    assert len(packets) == 430
    assert notes == ["a stream that begins in the middle of the file is left out"]
