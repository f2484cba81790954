"""Contact sheets: what they show, and that a job that was stopped anywhere has the same."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from temporal_colorize.inference import sheet
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.picture import colorize_picture
from temporal_colorize.inference.picture_file import PictureError
from temporal_colorize.inference.report import Report
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.sheet import clock, draw_sheet, sheet_path
from temporal_colorize.inference.sheet_frames import ROWS, SmallFrame
from temporal_colorize.inference.statement import STATEMENT
from temporal_colorize.inference.video import colorize_video
from tests.support.networks import tiny_weights
from tests.support.stopping import StoppedError, stopping
from tests.support.videos import write_video

LOSSLESS = {"codec": "libx264", "options": {"preset": "ultrafast", "qp": 0}, "segment": 10}
CUTS = SessionOptions(size=64, confidence=True, cut_threshold=3)  # of the pictures' blocks and noise


def colorize(
    source: Path, output: Path, *, stop_after: int | None = None, gate: GateOptions | None = None, maps: bool = False
) -> Report:
    session = stopping(Session(tiny_weights(), CUTS), after=stop_after)
    confidence = output.with_suffix(".sure.mkv") if maps else None
    return colorize_video(source, output, session, gate=gate, confidence=confidence, sheet=True, **LOSSLESS)


def small(number: int, code: int, *, sure: float | None = None, after_cut: bool = False) -> SmallFrame:
    rgb = np.zeros((90, 160, 3), np.uint8) + np.array([code, 0, 0], np.uint8)
    confidence = None if sure is None else torch.full((3, 4), sure)
    return SmallFrame(number, number / 10, after_cut, np.full((90, 160), code, np.uint8), rgb, confidence)


@pytest.mark.parametrize("sure", [None, 0.0, 1.0])
def test_rows_are_grey_beside_coloured_beside_confidence(sure: float | None) -> None:
    drawn = draw_sheet([small(0, 100, sure=sure), small(7, 200, sure=sure)], ["a"], words="right")
    for code in (100, 200):
        red = np.argwhere((drawn == [code, 0, 0]).all(-1))
        places = np.argwhere((drawn == code).all(-1))
        places = places[(places[:, 0] >= red[0, 0]) & (places[:, 1] < red[0, 1])]  # letters are grey at their borders
        assert len(places) == len(red) == 90 * 160
        assert np.ptp(places[:, 0]) == 89 and np.ptp(places[:, 1]) == 159
    viridis = {0.0: (68, 1, 84), 1.0: (253, 231, 37)}  # its ends, by matplotlib
    maps = sum((np.abs(drawn.astype(int) - end).max(-1) <= 2).sum() for end in viridis.values())
    assert maps >= 2 * 90 * 160 if sure is not None else maps == 0


def test_after_a_cut_it_says_so() -> None:
    plain, cut = (draw_sheet([small(3, 100, after_cut=after)], ["a"], words="") for after in (False, True))
    assert plain.shape == cut.shape and (plain != cut).any()


@pytest.mark.parametrize("name", ["a" * 400, "night camera " * 30, "Überwachung 監視.mp4", "\u202e.mp4"])
def test_words_of_any_length_stay_on_the_sheet(name: str) -> None:
    short = draw_sheet([small(0, 100)], ["a", STATEMENT], words="")
    long = draw_sheet([small(0, 100)], [name, STATEMENT], words="")
    assert long.shape[1] == short.shape[1] and (len(long) > len(short)) == (len(name) > 100)
    assert (long[:, -4:] == long[0, 0]).all()  # nothing runs over the edge


@pytest.mark.parametrize(("seconds", "said"), [(0, "0:00.0"), (7.46, "0:07.5"), (59.97, "1:00.0"), (3727, "1:02:07.0")])
def test_clock(seconds: float, said: str) -> None:
    assert clock(seconds) == said


@pytest.mark.parametrize("gate", [None, GateOptions(every=3, settle=2, ease=4)], ids=["gate off", "gate on"])
def test_a_video_stopped_and_gone_on_with_has_the_same_sheet(tmp_path: Path, gate: GateOptions | None) -> None:
    source = tmp_path / "a.mp4"
    write_video(source, count=35)
    (tmp_path / "whole").mkdir()
    whole = colorize(source, tmp_path / "whole/a.mkv", gate=gate, maps=True)
    assert whole.sheet == tmp_path / "whole/a.mkv.sheet.png" and 0 < whole.cuts <= ROWS
    with pytest.raises(StoppedError):
        colorize(source, tmp_path / "a.mkv", stop_after=13 if gate else 25, gate=gate, maps=True)
    report = colorize(source, tmp_path / "a.mkv", gate=gate, maps=True)
    assert report.kept > 0 and not (tmp_path / "a.mp4.sheet.png").exists()
    assert report.sheet.read_bytes() == whole.sheet.read_bytes()


def test_killed_when_all_but_the_sheet_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "a.mp4"
    write_video(source, count=15)
    with monkeypatch.context() as broken:
        broken.setattr(sheet, "write_picture", lambda *_, **__: (_ for _ in ()).throw(StoppedError))
        with pytest.raises(StoppedError):
            colorize(source, tmp_path / "a.mkv")
    report = colorize(source, tmp_path / "a.mkv", stop_after=0)  # the network is not asked again
    (tmp_path / "whole").mkdir()
    whole = colorize(source, tmp_path / "whole/a.mkv")
    assert report.kept == 15 and report.sheet.read_bytes() == whole.sheet.read_bytes()


def test_a_picture_and_its_statement(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    cv2.imwrite(str(source), np.random.default_rng(0).integers(0, 256, (64, 96), np.uint8))
    session = Session(tiny_weights(), SessionOptions(size=64))
    report = colorize_picture(source, None, session, sheet=True)
    assert report.sheet == tmp_path / "a.color.png.sheet.png" and STATEMENT.encode() in report.sheet.read_bytes()
    drawn, output = (cv2.imread(str(path)) for path in (report.sheet, report.output))
    large = cv2.resize(output, (320, 213), interpolation=cv2.INTER_AREA)
    found = cv2.matchTemplate(drawn, large, cv2.TM_SQDIFF_NORMED)
    assert found.min() < 1e-3  # it is on the sheet


def test_other_formats_are_refused_before_any_work(tmp_path: Path) -> None:
    assert sheet_path(tmp_path / "a.jpg", tmp_path / "b.mp4") == tmp_path / "a.jpg"
    assert sheet_path(False, tmp_path / "b.mp4") is sheet_path(None, tmp_path / "b.mp4") is None
    with pytest.raises(PictureError, match=r"sheet=.*a\.gif: end the name in \.png or \.jpg"):
        sheet_path(tmp_path / "a.gif", tmp_path / "b.mp4")
