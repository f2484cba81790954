"""The second video: as many pictures at the same times, what they say, and a job that was stopped."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

from temporal_colorize.inference.certainty import Certainty
from temporal_colorize.inference.confidence_map import Style
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.hints.entries import Hint
from temporal_colorize.inference.hints.guide import HintGuide
from temporal_colorize.inference.picture import colorize_picture
from temporal_colorize.inference.planes import see
from temporal_colorize.inference.report import Report
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.video import colorize_video
from temporal_colorize.inference.weights import Decoding, Weights
from temporal_colorize.video import VideoError
from tests.support.networks import tiny_weights
from tests.support.stopping import StoppedError, stopping
from tests.support.videos import frame_times, variable_pts, write_video

PLAIN, ASKED = SessionOptions(size=64), SessionOptions(size=64, confidence=True)
CODING = {"codec": "libx264", "options": {"preset": "ultrafast", "qp": 0}, "segment": 10}


def weights() -> Weights:
    """Make some that are surer than random ones are, and not equally sure everywhere."""
    return replace(
        tiny_weights(), decoding=Decoding(temperature=0.02, calibration=0.02), certainty=Certainty(within=40)
    )


def colorize(
    source: Path, output: Path, confidence: Path | None, *, stop_after: int | None = None, style: Style = "luma",
    gate: GateOptions | None = None,
) -> Report:  # fmt: skip
    session = stopping(Session(weights(), ASKED if confidence else PLAIN), after=stop_after)
    return colorize_video(source, output, session, gate=gate, confidence=confidence, confidence_style=style, **CODING)


def lumas(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="gray") for frame in container.decode(video=0)])


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_same_times_and_the_colours_of_a_run_without(tmp_path: Path, suffix: str) -> None:
    source, maps = tmp_path / "a.mp4", tmp_path / f"sure{suffix}"
    write_video(source, count=24, pts=variable_pts(24), time_base=Fraction(1, 1000), audio="aac")
    report = colorize(source, tmp_path / "with.mkv", maps)
    colorize(source, tmp_path / "without.mkv", None)
    assert report.confidence == maps and frame_times(maps) == frame_times(source)
    np.testing.assert_array_equal(lumas(tmp_path / "with.mkv"), lumas(tmp_path / "without.mkv"))
    with av.open(str(maps)) as container:
        said = {name.lower(): value for name, value in container.metadata.items()}["comment"]
        assert not container.streams.audio and "within 40 ab units" in said and "not calibrated" in said


def test_luma_says_what_the_session_says(tmp_path: Path) -> None:
    source, maps = tmp_path / "a.png", tmp_path / "sure.png"
    picture = np.random.default_rng(0).integers(0, 256, (64, 96), np.uint8)
    cv2.imwrite(str(source), cv2.GaussianBlur(picture, (0, 0), 4))
    report = colorize_picture(source, None, Session(weights(), ASKED), confidence=maps, confidence_style="luma")
    session = Session(weights(), ASKED)
    luma = torch.from_numpy(cv2.imread(str(source), cv2.IMREAD_GRAYSCALE))
    sure = session.decode(session.step(see(luma.numpy(), session.network_size(64, 96)))).confidence
    assert report.notes == ["confidence of weights=tiny is not calibrated: it is what the network says"]
    found = cv2.imread(str(maps), cv2.IMREAD_UNCHANGED)
    assert report.confidence == maps and found.shape == (64, 96)
    np.testing.assert_allclose(found / 255, cv2.resize(sure.numpy(), (96, 64)), atol=0.003)


@pytest.mark.parametrize("gate", [None, GateOptions(every=3, settle=2, ease=4)], ids=["gate off", "gate on"])
def test_stopped_and_gone_on_with_equals_never_stopped(tmp_path: Path, gate: GateOptions | None) -> None:
    source = tmp_path / "a.mp4"
    write_video(source, count=45)
    colorize(source, tmp_path / "whole.mkv", tmp_path / "whole sure.mkv", gate=gate)
    for stop_after in (13, 4):
        with pytest.raises(StoppedError):
            colorize(source, tmp_path / "pieces.mkv", tmp_path / "pieces sure.mkv", stop_after=stop_after, gate=gate)
        assert not (tmp_path / "pieces sure.mkv").exists()
    assert colorize(source, tmp_path / "pieces.mkv", tmp_path / "pieces sure.mkv", gate=gate).kept >= 10
    for name in ("", " sure"):
        np.testing.assert_array_equal(lumas(tmp_path / f"pieces{name}.mkv"), lumas(tmp_path / f"whole{name}.mkv"))
    maps = lumas(tmp_path / "whole sure.mkv")
    assert len(maps) == 45 and maps.std() > 20
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_another_style_does_not_go_on_with_what_is_kept(tmp_path: Path) -> None:
    source, output, maps = tmp_path / "a.mp4", tmp_path / "b.mkv", tmp_path / "sure.mkv"
    write_video(source, count=24)
    with pytest.raises(StoppedError):
        colorize(source, output, maps, stop_after=13)
    with pytest.raises(VideoError, match="confidence_style=luma"):
        colorize(source, output, maps, style="viridis")


@pytest.mark.parametrize(
    ("name", "message"),
    [("sure.avi", "confidence=.*end the name in .mp4 or .mkv"), ("b.mkv", "would be written over output=")],
)
def test_names_that_cannot_be(tmp_path: Path, name: str, message: str) -> None:
    source = tmp_path / "a.mp4"
    write_video(source, count=3)
    with pytest.raises(ValueError, match=message):
        colorize(source, tmp_path / "b.mkv", tmp_path / name)


def test_pictures_of_other_names_and_sessions_that_do_not_know(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    cv2.imwrite(str(source), np.full((40, 40), 99, np.uint8))
    for name, message in (("sure.mp4", "end the name in .png or .jpg"), ("a.color.png", "be written over output=")):
        with pytest.raises(ValueError, match=message):
            colorize_picture(source, None, Session(weights(), ASKED), confidence=tmp_path / name)
    with pytest.raises(ValueError, match="asked for it"):
        colorize_picture(source, None, Session(weights(), PLAIN), confidence=tmp_path / "sure.png")


def test_what_is_hinted_is_sure_at_its_frame(tmp_path: Path) -> None:
    source, maps = tmp_path / "a.mp4", tmp_path / "sure.mkv"
    write_video(source, count=8)
    guide = HintGuide([Hint(name="hints[0]", frame=5, box=(40, 30, 60, 40), ab=(35.0, -28.0))])
    session = Session(weights(), ASKED)
    colorize_video(source, tmp_path / "b.mkv", session, guide=guide, confidence=maps, confidence_style="luma", **CODING)
    inside = lumas(maps)[:, 45:55, 55:85]
    assert (inside[5] == 255).all() and inside[4].mean() < 250
    assert 230 < inside[6].max() < 255  # from there on it is followed, which may fail
