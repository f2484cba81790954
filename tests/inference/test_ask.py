from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from temporal_colorize.color.names import TERMS
from temporal_colorize.inference.answer import Answer, PixelBox
from temporal_colorize.inference.answer_picture import draw_answer
from temporal_colorize.inference.ask import ask
from temporal_colorize.inference.naming import NamingOptions
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.video import VideoError
from tests.support.networks import tiny_weights
from tests.support.videos import lumas_of, write_video

NAMING = NamingOptions(arithmetic=1.0, geometric=0.0, difference=100.0, reach=0.0)
BOX = PixelBox(32, 8, 64, 40)  # with the number that is drawn into the pictures of a clip


def answer(source: Path, *, box: PixelBox = BOX, naming: NamingOptions = NAMING, **options: float) -> Answer:
    session = Session(tiny_weights(), SessionOptions(size=64, cut_threshold=1000))
    return ask(source, session, box=box, naming=naming, weights="tiny", **options)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ask") / "a.mp4"
    write_video(path, count=50)  # 25 pictures a second
    return path


def test_every_name_has_a_probability(clip: Path) -> None:
    said = answer(clip, at=1.0, seconds=0.2, warmup=0.2)
    assert sorted(one.name for one in said.names) == sorted(TERMS)
    assert sum(one.probability for one in said.names) == pytest.approx(1, abs=1e-3)
    shares = [one.probability for one in said.names]
    assert shares == sorted(shares, reverse=True)
    assert said.frames == 10 and said.seconds == pytest.approx((0.8, 1.16))
    assert said.grey.shape == said.colored.shape == (BOX.height, BOX.width, 3)
    assert "not evidence" in str(said) and str(said).startswith(f"{clip} at 1.00 s, 64x40 pixels at 32,8")


def test_a_moment_is_the_picture_that_is_shown_then(tmp_path: Path) -> None:
    """Each picture has its number drawn in, so the crop tells which one it was."""
    write_video(tmp_path / "a.mkv", count=4, codec="ffv1", time_base=Fraction(1, 1000), pts=[0, 400, 1000, 1040])
    lumas = lumas_of(tmp_path / "a.mkv")
    for at, shown in {0.0: 0, 0.39: 0, 0.4: 1, 0.99: 1, 1.0: 2, 1.02: 2}.items():
        said = answer(tmp_path / "a.mkv", at=at, seconds=0.0, warmup=2.0)
        assert said.frames == 1
        rows, columns = slice(BOX.top, BOX.top + BOX.height), slice(BOX.left, BOX.left + BOX.width)
        expected = ((lumas[shown][rows, columns].astype(float) - 16) / 219).clip(0, 1) * 255
        np.testing.assert_allclose(said.grey[..., 0], expected, atol=0.51)


def test_a_later_start_is_on_the_same_clock(clip: Path) -> None:
    """Whether the file is read from its start or from a little before the moment, it is the same picture."""
    early, late = (answer(clip, at=1.6, seconds=0.0, warmup=warmup) for warmup in (10.0, 0.1))
    np.testing.assert_array_equal(early.grey, late.grey)
    assert early.seconds == pytest.approx(late.seconds)


def test_the_network_remembers_what_came_before(clip: Path) -> None:
    warm, cold = (answer(clip, at=1.6, seconds=0.0, warmup=warmup) for warmup in (1.0, 0.0))
    assert warm.names != cold.names


def test_frames_behind_a_cut_do_not_count(tmp_path: Path) -> None:
    dark, light = np.full((96, 128), 30, np.uint8), np.full((96, 128), 200, np.uint8)
    for number in range(20):
        cv2.imwrite(str(tmp_path / f"{number:03}.png"), light if number >= 10 else dark)
    session = Session(tiny_weights(), SessionOptions(size=64))
    said = ask(tmp_path / "%03d.png", session, box=BOX, naming=NAMING, weights="tiny", at=0.5, seconds=1.0, rate=25)
    assert said.frames == 10 and said.seconds == pytest.approx((0.4, 0.76)) and said.lightness > 60


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_the_box_is_where_a_turned_video_shows_it(tmp_path: Path, rotation: int) -> None:
    shown = write_video(tmp_path / "turned.mp4", count=4, width=160, height=96, rotation=rotation)[0]
    shown = np.rot90(shown, rotation // 90)  # FFmpeg's angle is counter-clockwise
    box = PixelBox(20, 12, 40, 64)
    said = answer(tmp_path / "turned.mp4", box=box, at=0.0, seconds=0.0)
    rows, columns = slice(box.top, box.top + box.height), slice(box.left, box.left + box.width)
    expected = ((shown[rows, columns].astype(float) - 16) / 219).clip(0, 1) * 255
    np.testing.assert_allclose(said.grey[..., 0], expected, atol=0.51)
    grey = np.repeat(expected[..., None].astype(np.float32) / 255, 3, axis=2)
    assert said.lightness == pytest.approx(cv2.cvtColor(grey, cv2.COLOR_RGB2LAB)[..., 0].mean(), abs=3)
    if rotation != 180:
        with pytest.raises(ValueError, match="which is 96x160"):
            answer(tmp_path / "turned.mp4", box=PixelBox(0, 0, 160, 40), at=0.0)


def test_of_infrared_less_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.random.default_rng(0).integers(0, 255, (96, 128), np.uint8))
    monkeypatch.setattr("temporal_colorize.inference.infrared.Model.__call__", lambda self, lightness: 1.0)

    def said(infrared: str) -> Answer:
        session = Session(tiny_weights(), SessionOptions(size=64, infrared=infrared, infrared_keep=0.25))
        return ask(tmp_path / "a.png", session, box=BOX, naming=NAMING, weights="tiny")

    whole, part, nothing = (said(infrared) for infrared in ("off", "auto", "abstain"))
    assert (whole.trusted, part.trusted, nothing.trusted) == (1, 0.25, 0) and not whole.notes
    believed, claimed = ({one.name: one.probability for one in answer.names} for answer in (whole, part))
    for name in TERMS:
        assert claimed[name] == pytest.approx(0.25 * believed[name] + 0.75 / 11, abs=1e-4)
    assert {one.probability for one in nothing.names} == {round(1 / 11, 4)}
    assert any("25 % of each probability" in note for note in part.notes) and len(part.notes) == 2


def test_a_picture_is_asked_without_a_time(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.random.default_rng(0).integers(0, 255, (96, 128), np.uint8))
    said = answer(tmp_path / "a.png")
    assert said.at is said.seconds is None and said.frames == 1
    with pytest.raises(ValueError, match="a picture, which has no time"):
        answer(tmp_path / "a.png", at=1.0)


@pytest.mark.parametrize("box", [(-1, 0, 10, 10), (0, 0, 10, 0), (120, 0, 300, 10), (0, 4000, 10, 10)])
def test_a_box_outside_is_refused(clip: Path, box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"box=.* is not inside the picture, which is \d+x\d+"):
        answer(clip, box=PixelBox(*box), at=1.0)


def test_a_time_outside_is_refused(clip: Path) -> None:
    for at, said in {
        2.5: "at=2.5 is after the last picture",
        900.0: "at=900 is after",
        -1.0: "at=-1.0 must be",
    }.items():
        with pytest.raises(ValueError, match=said):
            answer(clip, at=at)
    with pytest.raises(ValueError, match="at is missing"):
        answer(clip)
    with pytest.raises(VideoError, match=r"no\.mp4"):
        answer(clip.with_name("no.mp4"), at=1.0)


def test_a_network_without_bins_is_refused(clip: Path) -> None:
    session = Session(tiny_weights(classify=False), SessionOptions(size=64))
    with pytest.raises(ValueError, match="weights=tiny only regress"):
        ask(clip, session, box=BOX, naming=NAMING, weights="tiny", at=1.0)


def test_the_drawing_has_bars_as_long_as_the_probabilities(clip: Path) -> None:
    said = answer(clip, at=1.0, seconds=0.0)
    drawing = draw_answer(said)
    first = said.names[0]
    assert drawing.dtype == np.uint8 and drawing.shape[2] == 3
    bar = (drawing[20] == first.rgb).all(-1).sum()  # a line of pixels through the first bar
    assert bar == pytest.approx(240 * first.probability, abs=2)
    assert said.as_json()["names"][0]["rgb"] == first.rgb and "grey" not in said.as_json()
