"""A job that is stopped anywhere and gone on with gives what it would have given."""

import contextlib
import errno
import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.job import Job
from temporal_colorize.inference.journal import Journal
from temporal_colorize.inference.report import Report
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.video import colorize_video
from temporal_colorize.video import Position, VideoError
from tests.support.damage_table import CASES, Case
from tests.support.networks import tiny_weights
from tests.support.stopping import StoppedError, stopping
from tests.support.videos import damage, frame_times, packets_of, variable_pts, write_video

LOSSLESS = {"preset": "ultrafast", "qp": 0}


def colorize(source: Path, output: Path, *, stop_after: int | None = None, **options: object) -> Report:
    """Colour a file in segments of 10 frames; the network fails after so many, as if the process were stopped."""
    session = stopping(Session(tiny_weights(), SessionOptions(size=64)), after=stop_after)
    options = {"codec": "libx264", "options": LOSSLESS, "segment": 10, **options}
    return colorize_video(source, output, session, **options)


def pictures(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray() for frame in container.decode(video=0)])


def files_of(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


SOURCES = {
    "plain": {"suffix": ".mp4"},
    "B-frames and long groups": {"suffix": ".mp4", "options": {"crf": "20", "bf": "3", "g": "25"}},
    "no keyframe but the first": {"suffix": ".mkv", "options": {"crf": "20", "bf": "3", "g": "600"}},
    "all keyframes": {"suffix": ".avi", "codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "variable rate and sound": {
        "suffix": ".mp4", "audio": "aac", "pts": variable_pts(55), "time_base": Fraction(1, 1000),
        "options": {"crf": "20", "g": "8"},
    },
    "transport stream": {"suffix": ".ts", "audio": "mp2", "options": {"crf": "20", "bf": "2", "g": "12"}},
    "ten bits": {"suffix": ".mkv", "pix_fmt": "yuv420p10le", "options": {"crf": "20", "g": "12"}},
    "HEVC": {"suffix": ".mp4", "codec": "libx265", "options": {"x265-params": "log-level=none:keyint=12"}},
}  # fmt: skip


@pytest.mark.parametrize("kind", SOURCES)
def test_stopped_and_gone_on_with_equals_never_stopped(tmp_path: Path, kind: str) -> None:
    options = dict(SOURCES[kind])
    source = tmp_path / f"a{options.pop('suffix')}"
    write_video(source, count=55, **options)
    whole, pieces = tmp_path / "whole.mkv", tmp_path / "pieces.mkv"
    colorize(source, whole)
    for stop_after in (13, 1, 25):  # in the second segment, in that again, and in a later one
        with pytest.raises(StoppedError):
            colorize(source, pieces, stop_after=stop_after)
        assert not pieces.exists()
    report = colorize(source, pieces)
    assert report.frames == 55 and report.kept == 30
    np.testing.assert_array_equal(pictures(pieces), pictures(whole))
    assert frame_times(pieces) == frame_times(whole)
    if "audio" in options:
        assert packets_of(pieces, "audio") == packets_of(whole, "audio")
    assert files_of(tmp_path) == {source.name, "whole.mkv", "pieces.mkv"}


@pytest.mark.parametrize(
    "options",
    [
        {"gate": GateOptions()},
        {"gate": GateOptions(every=3, settle=2, ease=4)},
        {"batch": 4},
        {"start": 0.3, "end": 2.0},
        {"options": {"preset": "medium", "crf": 23}},
        {"codec": "ffv1", "options": {}},
    ],
    ids=["gate", "busy gate", "batch", "part", "lossy", "ffv1"],
)
def test_whatever_the_options(tmp_path: Path, options: dict) -> None:
    source, whole, pieces = tmp_path / "a.mp4", tmp_path / "whole.mkv", tmp_path / "pieces.mkv"
    write_video(source, count=55, options={"crf": "20", "g": "12"})
    colorize(source, whole, **options)
    with pytest.raises(StoppedError):
        colorize(source, pieces, stop_after=12, **options)
    assert colorize(source, pieces, **options).kept >= 10
    np.testing.assert_array_equal(pictures(pieces), pictures(whole))
    assert frame_times(pieces) == frame_times(whole)


def test_damage_is_met_and_counted_alike(tmp_path: Path) -> None:
    source, whole, pieces = tmp_path / "a.mp4", tmp_path / "whole.mkv", tmp_path / "pieces.mkv"
    write_video(source, count=60, audio="aac", options={"crf": "20", "g": "12"})
    damage(source, start=0.2, stop=0.23)
    damage(source, start=0.6, stop=0.65)
    expected = colorize(source, whole)
    assert expected.damaged
    times = [time for _, time in packets_of(whole, "audio")]
    assert len(times) == len(set(times)) == len(packets_of(source, "audio"))
    with pytest.raises(StoppedError):
        colorize(source, pieces, stop_after=32)
    report = colorize(source, pieces)
    assert report.kept == 30 and report.damaged == expected.damaged and report.retimed == expected.retimed
    np.testing.assert_array_equal(pictures(pieces), pictures(whole))
    assert packets_of(pieces, "audio") == packets_of(whole, "audio")


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_seams_of_a_variable_rate_with_b_frames(tmp_path: Path, suffix: str) -> None:
    """Each segment's encoder begins its decoding times before its first picture: they must not go back."""
    pts = [40 * number for number in range(70) if number % 7]
    write_video(tmp_path / "a.mp4", count=len(pts), pts=pts, time_base=Fraction(1, 1000))
    report = colorize(tmp_path / "a.mp4", tmp_path / f"b.{suffix}", options={"preset": "medium", "crf": 30})
    assert report.frames == 60
    assert frame_times(report.output) == [Fraction(stamp, 1000) for stamp in pts]


def test_stopped_near_the_end_nothing_is_counted_as_lost(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=43, options={"crf": "20", "bf": "3"})
    with pytest.raises(StoppedError):
        colorize(tmp_path / "a.mp4", tmp_path / "b.mp4", stop_after=41)
    report = colorize(tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert (report.frames, report.kept, report.damaged) == (43, 40, 0)


def test_a_recording_that_has_grown_is_gone_on_with(tmp_path: Path) -> None:
    source, output = tmp_path / "a.ts", tmp_path / "b.mp4"
    write_video(source, count=60, options={"crf": "20", "g": "10"})
    content = source.read_bytes()
    source.write_bytes(content[: len(content) // 2])
    with pytest.raises(StoppedError):
        colorize(source, output, stop_after=15)
    source.write_bytes(content)
    report = colorize(source, output)
    assert (report.frames, report.kept) == (60, 10)


@pytest.mark.parametrize("line", ["[]", "{}", "\xff", '{"format": 1}'])
def test_a_damaged_journal_is_no_journal(tmp_path: Path, line: str) -> None:
    source, output, folder = stopped(tmp_path)
    journal = folder / "journal.jsonl"
    rest = journal.read_text().splitlines()[1:]
    journal.write_text("\n".join([line, *rest]), encoding="latin-1")
    assert colorize(source, output).kept == 0


def test_a_damaged_line_of_the_journal_costs_its_segment_alone(tmp_path: Path) -> None:
    source, output, folder = stopped(tmp_path)
    colorize(source, tmp_path / "whole.mp4")
    header, _, *rest = (folder / "journal.jsonl").read_text().splitlines()
    (folder / "journal.jsonl").write_text("\n".join([header, '{"segment": "000000.pac', *rest]))
    assert colorize(source, output).kept == 10
    np.testing.assert_array_equal(pictures(output), pictures(tmp_path / "whole.mp4"))


# FFmpeg's VP8 decoder says nothing of damage, and shows whatever the memory held before.
READABLE = {name: case for name, case in CASES.items() if case.error is None and name != "vp8 packets of noise"}


@pytest.mark.slow
@pytest.mark.parametrize("case", READABLE.values(), ids=READABLE)
def test_every_odd_recording_is_gone_on_with(tmp_path: Path, case: Case) -> None:
    source = case.make(tmp_path)
    given = {"segment": 4, **case.options}
    expected = colorize(source, tmp_path / "whole.mkv", **given)
    for stop_after in (5, 10):
        with contextlib.suppress(StoppedError):  # some are shorter
            colorize(source, tmp_path / "pieces.mkv", stop_after=stop_after, **given)
    report = colorize(source, tmp_path / "pieces.mkv", **given)
    np.testing.assert_array_equal(pictures(tmp_path / "pieces.mkv"), pictures(tmp_path / "whole.mkv"))
    assert frame_times(tmp_path / "pieces.mkv") == frame_times(tmp_path / "whole.mkv")
    told = ("frames", "damaged", "retimed", "ends_at", "left_out", "luma_changed", "notes", "cuts")
    assert {name: getattr(report, name) for name in told} == {name: getattr(expected, name) for name in told}


def stopped(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Make a source, an output's name and the folder of a job that was stopped after 20 frames."""
    source, output = tmp_path / "a.mp4", tmp_path / "b.mp4"
    write_video(source, count=40)
    with pytest.raises(StoppedError) as raised:
        colorize(source, output, stop_after=25)
    assert raised.value.__notes__ == ["20 frames are kept: the same command goes on from there"]
    return source, output, tmp_path / ".b.mp4.job"


def test_what_a_kill_leaves_half_done_is_done_again(tmp_path: Path) -> None:
    source, output, folder = stopped(tmp_path)
    colorize(source, tmp_path / "whole.mp4")
    (folder / "000002.packets").write_bytes(b"half")  # complete, but not in the journal
    with (folder / "journal.jsonl").open("a") as journal:
        journal.write('{"segment": "000002.packets", "sta')
    (folder / "output").write_bytes(b"half")
    assert colorize(source, output).kept == 20
    np.testing.assert_array_equal(pictures(output), pictures(tmp_path / "whole.mp4"))


def test_killed_while_the_output_was_put_together(tmp_path: Path, monkeypatch) -> None:
    source, output = tmp_path / "a.mp4", tmp_path / "b.mp4"
    write_video(source, count=25)

    def fail(*_: object) -> None:
        raise StoppedError

    with monkeypatch.context() as patched:
        patched.setattr("temporal_colorize.video.VideoWriter.put", fail)
        with pytest.raises(StoppedError):
            colorize(source, output)
    report = colorize(source, output, stop_after=0)  # the network is not needed any more
    assert report.frames == report.kept == 25
    assert len(pictures(output)) == 25


def test_other_settings_do_not_go_on_from_it(tmp_path: Path) -> None:
    source, output, _ = stopped(tmp_path)
    with pytest.raises(VideoError, match=r"20 frames of it are kept from a run with segment=10 \(now 12\).*resume=off"):
        colorize(source, output, segment=12)
    write_video(source, count=41)
    with pytest.raises(VideoError, match=r"another source, a\.mp4 of \d+ bytes"):
        colorize(source, output)
    assert colorize(source, output, resume="off").kept == 0


def test_settings_that_did_not_get_far_do_not_stand_in_the_way(tmp_path: Path) -> None:
    source, output = tmp_path / "a.mp4", tmp_path / "b.mp4"
    write_video(source, count=20)
    with pytest.raises(StoppedError):
        colorize(source, output, stop_after=5)
    assert files_of(tmp_path) == {"a.mp4"}
    assert colorize(source, output, segment=7).frames == 20


def test_two_processes_do_not_write_one_output(tmp_path: Path) -> None:
    source, output = tmp_path / "a.mp4", tmp_path / "b.mp4"
    write_video(source, count=12)
    with Job(output, [source], {}), pytest.raises(VideoError, match="another process is writing it"):
        colorize(source, output)
    assert colorize(source, output).frames == 12


def test_a_full_disk_keeps_what_is_finished(tmp_path: Path, monkeypatch) -> None:
    source, output = tmp_path / "a.mp4", tmp_path / "b.mp4"
    write_video(source, count=40)
    written = []

    def full(self, entry: dict) -> None:
        written.append(entry)
        if len(written) == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(self, entry)

    append = Journal.append
    with monkeypatch.context() as patched:
        patched.setattr(Journal, "append", full)
        with pytest.raises(VideoError, match=r"No space left on device; is the disk full\?") as raised:
            colorize(source, output)
    assert raised.value.__notes__ == ["20 frames are kept: the same command goes on from there"]
    assert colorize(source, output).kept == 20


def test_places_are_plain_json(tmp_path: Path) -> None:
    place = Position(frames=3, packets=9, keyframe=None, pts=4, luma=5, state={"clock": {"_last": 3}})
    assert Position.from_json(json.loads(json.dumps(place.as_json()))) == place
