"""Every kind of output, read back by PyAV."""

import errno
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from temporal_colorize.video import VideoError, VideoInfo
from temporal_colorize.video.live import LiveOutput, TargetOptions
from tests.support.live import ENCODING, RATE, Receiver, live_info, live_pictures
from tests.support.rtsp import free_port
from tests.support.videos import frame_times, index_of, lumas_of


@pytest.fixture
def said() -> list[str]:
    return []


def opened(output: str | Path, said: list[str], **options: float) -> LiveOutput:
    return LiveOutput(
        str(output),
        TargetOptions(**options),
        codec="libx264",
        encoding=ENCODING,
        wait=0.05,
        most_wait=0.1,
        metadata={"comment": "estimated"},
        name="camera1",
        tell=said.append,
    )


def write(output: LiveOutput, info: VideoInfo, count: int, *, first: int = 0) -> int:
    return sum([output.write(*picture) for picture in live_pictures(info, count, first=first)])


def indices(path: Path) -> list[int]:
    return [index_of(luma) for luma in lumas_of(path)]


def test_a_file_has_a_hidden_name_until_it_is_complete_and_is_whole_so_far(tmp_path: Path, said: list[str]) -> None:
    output = opened(tmp_path / "a.mp4", said, keyframe_seconds=0.4)
    write(output, live_info(tmp_path), 30, first=50)
    part = tmp_path / ".a.mp4.part"
    assert not (tmp_path / "a.mp4").exists()
    assert indices(part)[:20] == list(range(50, 70))  # as a killed run leaves it
    output.close()
    assert not part.exists() and indices(tmp_path / "a.mp4") == list(range(50, 80))
    assert frame_times(tmp_path / "a.mp4")[0] == 0 and output.frames == 30 and not said


def test_an_earlier_file_stays_and_another_size_begins_the_next(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "a.mkv").write_text("earlier")
    output = opened(tmp_path / "a.mkv", said)
    write(output, live_info(tmp_path), 5)
    write(output, live_info(tmp_path, width=192, height=128), 5, first=5)
    output.close()
    assert (tmp_path / "a.mkv").read_text() == "earlier"
    assert indices(tmp_path / "a-2.mkv") == [0, 1, 2, 3, 4] and indices(tmp_path / "a-3.mkv") == [5, 6, 7, 8, 9]


def test_rolling_files_lose_no_picture(tmp_path: Path, said: list[str]) -> None:
    output = opened(tmp_path / "rec" / "%Y-%m-%d_%H-%M-%S.mp4", said, minutes=1 / 60)
    write(output, live_info(tmp_path), 60)
    output.close()
    files = sorted((tmp_path / "rec").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(-\d)?\.mp4", path.name) for path in files)
    assert [len(indices(path)) for path in files] == [RATE, RATE, 10]
    assert [index for path in files for index in indices(path)] == list(range(60))


def test_of_rolling_files_the_newest_are_kept(tmp_path: Path, said: list[str]) -> None:
    earlier, other = tmp_path / "2001-01-01_00-00-00.mkv", tmp_path / "holiday.mkv"
    for path in (earlier, other):
        path.write_text("earlier")
        os.utime(path, (1e9, 1e9))
    output = opened(tmp_path / "%Y-%m-%d_%H-%M-%S.mkv", said, minutes=1 / 60, files=2)
    info = live_info(tmp_path)
    write(output, info, RATE + 1)
    assert earlier.exists() and len(list(tmp_path.glob("2*.mkv"))) == 2  # and one that is being written
    write(output, info, 2 * RATE, first=RATE + 1)
    output.close()
    files = sorted(set(tmp_path.glob("2*.mkv")), key=lambda path: path.stat().st_mtime_ns)
    assert [indices(path)[0] for path in files] == [2 * RATE, 3 * RATE]
    assert other.exists() and not said


def test_an_old_file_that_cannot_be_deleted_is_named_and_nothing_ends(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    output = opened(tmp_path / "%Y-%m-%d_%H-%M-%S.mkv", said, minutes=1 / 60, files=1)
    assert write(output, live_info(tmp_path), 3 * RATE) == 3 * RATE
    output.close()
    assert len(said) == 1 and "an old file cannot be deleted (Permission denied)" in said[0]


def test_what_a_killed_run_left_is_named_and_kept(tmp_path: Path, said: list[str]) -> None:
    left = tmp_path / ".2026-01-01_00-00.mp4.part"
    left.write_text("left")
    output = opened(tmp_path / "%Y-%m-%d_%H-%M.mp4", said)
    write(output, live_info(tmp_path), 3)
    output.close()
    assert left.read_text() == "left" and len(said) == 1 and str(left) in said[0]


def test_a_playlist_holds_the_newest_segments_and_older_ones_are_deleted(tmp_path: Path, said: list[str]) -> None:
    folder = tmp_path / "hls"
    output = opened(folder / "index.m3u8", said, segment_seconds=0.4, keyframe_seconds=0.4, segments=3)
    write(output, live_info(tmp_path), 80)
    assert "EXT-X-ENDLIST" not in (folder / "index.m3u8").read_text()
    output.close()
    listed = re.findall(r"^index\d+\.ts$", (folder / "index.m3u8").read_text(), re.MULTILINE)
    assert len(listed) == 3 and len(list(folder.glob("*.ts"))) <= 3 + 2
    numbers = indices(folder / "index.m3u8")
    assert numbers == list(range(80 - len(numbers), 80)) and len(numbers) >= 20


@pytest.mark.parametrize("kind", ["rtsp", "rtmp"])
def test_streams_are_published(tmp_path: Path, said: list[str], kind: str) -> None:
    url = f"{kind}://127.0.0.1:{free_port()}/live/cam"
    listen = {"rtsp_flags": "listen", "listen_timeout": "8"} if kind == "rtsp" else {"listen": "1"}
    receiver = Receiver(url, **listen)
    output = opened(url, said)
    info, written, until = live_info(tmp_path), 0, time.monotonic() + 8
    while written < 3 * RATE and time.monotonic() < until:  # until the receiver listens, pictures are lost
        written += write(output, info, 1, first=output.lost + written)
        time.sleep(0.01)
    output.close()
    pictures = receiver.wait()
    numbers = [index_of(picture.to_ndarray(format="gray")) for picture in pictures]
    assert len(numbers) >= 2 * RATE and numbers == sorted(set(numbers))
    assert all("camera1" in line for line in said)


def test_a_server_that_is_gone_is_tried_again_while_pictures_are_lost(tmp_path: Path, said: list[str]) -> None:
    port = free_port()
    output = opened(f"rtmp://bob:secret@127.0.0.1:{port}/live/secret", said)
    info, number = live_info(tmp_path), 0

    def write_until(true: Callable[[], object]) -> None:
        nonlocal number
        until = time.monotonic() + 8
        while not true() and time.monotonic() < until:
            write(output, info, 1, first=number)
            number += 1
            time.sleep(0.02)

    write_until(lambda: output.lost > 3)
    receiver = Receiver(f"rtmp://127.0.0.1:{port}/live/secret", listen="1")
    write_until(lambda: len(receiver.pictures) > 10)
    output.close()
    assert output.reopened >= 1 and len(receiver.wait()) > 10
    assert len(said) == 1 and "secret" not in said[0] and "opening it again" in said[0]


def test_a_file_without_a_picture_is_not_left_behind(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    info, folder = live_info(tmp_path), tmp_path / "rec"
    monkeypatch.setattr("temporal_colorize.video.live.muxer.Muxer._mux", lambda *_: 1 / 0)
    output = opened(folder / "a.mkv", said)
    with pytest.raises(ZeroDivisionError):
        write(output, info, 1)
    assert [path.name for path in folder.iterdir()] == [".a.mkv.part"]
    output._muxer.abandon()
    assert not list(folder.iterdir())


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), VideoError("encoding failed")])
def test_what_fails_breaks_a_file_and_the_next_is_tried(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    output = opened(tmp_path / "a.mp4", said)
    info = live_info(tmp_path)
    write(output, info, 3)

    def full(*_: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr("temporal_colorize.video.live.muxer.Muxer._mux", full)
        assert write(output, info, 1, first=3) == 0
    time.sleep(0.1)
    assert write(output, info, 5, first=4) == 5
    output.close()
    assert output.lost == 1 and output.reopened == 1 and ("No space left" in said[0] or "encoding failed" in said[0])
    assert indices(tmp_path / "a-2.mp4") == [4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("gopher://bob:secret@host/x", "unknown kind"),
        ("a.avi", "cannot write .avi"),
        ("/proc/nowhere/a.mp4", "folder cannot be made"),
        ("/proc/a.mp4", "cannot be written|nothing can be written"),
    ],
)
def test_bad_outputs_are_refused_in_a_line(tmp_path: Path, said: list[str], output: str, words: str) -> None:
    with pytest.raises(VideoError, match=words) as error:
        write(opened(output, said), live_info(tmp_path), 1)
    assert "secret" not in str(error.value) and "\n" not in str(error.value)
