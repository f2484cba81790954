"""A night coloured by a daytime reference: as a whole, and stopped and gone on with."""

import functools
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.hints.entries import ab_of_rgb
from temporal_colorize.inference.reference.guide import ReferenceGuide
from temporal_colorize.inference.reference.picture import Reference
from temporal_colorize.inference.report import Report
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.split import Finished, Run, Start, color_segment
from temporal_colorize.inference.video import colorize_video
from temporal_colorize.inference.video_options import VideoOptions
from temporal_colorize.video import VideoWriter
from tests.support.networks import tiny_weights
from tests.support.places import at_night, place, view
from tests.support.stopping import StoppedError, stopping

OPTIONS = {"codec": "ffv1", "options": {}, "segment": 8, "gate": GateOptions(settle=2, every=1, patience=0)}


def write_night(path: Path, count: int = 24) -> np.ndarray:
    """Write a night in which somebody walks by, and return the place by day, (H, W, 3) uint8 RGB."""
    rgb = view(place())
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.height, stream.width, stream.pix_fmt = *rgb.shape[:2], "yuv420p"
        for number in range(count):
            luma = at_night(rgb, seed=number)
            luma[60:140, 6 * number : 6 * number + 30] = 150
            container.mux(stream.encode(av.VideoFrame.from_ndarray(luma, format="gray")))
        container.mux(stream.encode())
    return rgb


def test_a_job_gone_on_with_after_its_last_segment_still_names_the_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = write_night(tmp_path / "night.mkv", count=8)

    def stop(*_: object) -> None:
        raise StoppedError

    with monkeypatch.context() as patched, pytest.raises(StoppedError):
        patched.setattr(VideoWriter, "put", stop)  # the segments are done, the file is not yet put together
        colorize(tmp_path / "night.mkv", tmp_path / "b.mkv", day)
    again = colorize(tmp_path / "night.mkv", tmp_path / "b.mkv", day)
    assert again.kept == again.frames == 8 and again.hints[0].startswith("reference=day: edges agree by 0.")


def colorize(
    night: Path, output: Path, day: np.ndarray, *, stop_after: int | None = None, run: Run | None = None
) -> Report:
    session = stopping(fresh_session(), after=stop_after)
    return colorize_video(night, output, session, guide=fresh_guide(day), run=run, **OPTIONS)


def fresh_session() -> Session:
    return Session(tiny_weights(), SessionOptions(size=64, infrared="auto"))


def fresh_guide(day: np.ndarray) -> ReferenceGuide:
    return ReferenceGuide([Reference("reference=day", cv2.cvtColor(day, cv2.COLOR_RGB2GRAY), ab_of_rgb(day), "day")])


def pictures(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_the_background_has_its_colours_and_a_stopped_job_goes_on_with_them(tmp_path: Path) -> None:
    day = write_night(tmp_path / "night.mkv")
    report = colorize(tmp_path / "night.mkv", tmp_path / "whole.mkv", day)
    assert report.hints[0].startswith("reference=day: edges agree by 0.")
    assert "; with a reference" in str(report) and "hint" not in str(report)
    assert report.infrared is not None and 0 <= report.infrared <= 1
    whole = pictures(tmp_path / "whole.mkv")
    far = np.linalg.norm(ab_of_rgb(whole[20]) - ab_of_rgb(day), axis=-1)
    grey = np.linalg.norm(ab_of_rgb(day), axis=-1)
    assert np.median(far) < 0.4 * np.median(grey)  # dark luma holds less chroma
    with pytest.raises(StoppedError):
        colorize(tmp_path / "night.mkv", tmp_path / "pieces.mkv", day, stop_after=13)
    again = colorize(tmp_path / "night.mkv", tmp_path / "pieces.mkv", day)
    assert again.kept >= 8
    assert np.array_equal(pictures(tmp_path / "pieces.mkv"), whole)
    assert (again.hints, again.infrared) == (report.hints, report.infrared)


def test_segments_that_others_colour_have_them_too(tmp_path: Path) -> None:
    night, whole, split = tmp_path / "night.mkv", tmp_path / "whole.mkv", tmp_path / "split.mkv"
    day = write_night(night)
    colorize(night, whole, day)

    def elsewhere(start: Start) -> Finished:
        return color_segment(night, split, fresh_session(), start, how=VideoOptions(**OPTIONS), guide=fresh_guide(day))

    report = colorize(night, split, day, run=functools.partial(map, elsewhere))
    assert report.hints[0].startswith("reference=day: edges agree by 0.")
    assert split.read_bytes() == whole.read_bytes()
