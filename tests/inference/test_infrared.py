"""Near-infrared footage: what tells it, what follows from that in a session, and what the command makes."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from temporal_colorize.inference.estimate import Estimate, be_cautious
from temporal_colorize.inference.infrared import ABSTAINED, FEATURES, NOTE, InfraredDetector, Model, features
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.models.contract import ColorOutput
from tests.support.networks import tiny_weights
from tests.support.places import place, view


def lit(*, lamp: bool, seed: int = 0) -> np.ndarray:
    """L* of a place, (H, W), by even light or by a lamp beside the lens."""
    grey = cv2.cvtColor(view(place(seed)), cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    height, width = grey.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = 1.6 * np.exp(-1.8 * (x**2 + y**2)) if lamp else np.ones_like(grey)
    return (100 * np.clip(grey * light, 0, 1)).astype(np.float32)


class Said(Model):
    """Scores a picture by its mean L*: 60 is 10."""

    def __init__(self) -> None:
        super().__init__(np.zeros(1), np.ones(1), np.zeros(1), 0.0)

    def __call__(self, lightness: np.ndarray) -> float:
        return float(lightness.mean()) - 50


def flat(score: float) -> np.ndarray:
    return np.full((8, 8), 50 + score, np.float32)


def test_features_are_numbers_of_ordinary_size() -> None:
    for picture in (lit(lamp=True), lit(lamp=False), np.zeros((72, 128), np.float32), np.full((96, 96), 100.0)):
        found = features(picture)
        assert found.shape == (len(FEATURES),)
        assert np.isfinite(found).all() and np.abs(found).max() < 20


def test_the_lamp_is_what_the_falloff_sees() -> None:
    by_lamp, by_day = (dict(zip(FEATURES, features(lit(lamp=lamp)), strict=True)) for lamp in (True, False))
    for name in ("falloff", "falloff explains", "lamp", "lamp explains"):
        assert by_lamp[name] > by_day[name] + 0.2, name


def test_the_shipped_model_tells_a_lamp_from_day() -> None:
    by_lamp, by_day = (
        [InfraredDetector()(lit(lamp=lamp, seed=seed), cut=False) for seed in range(8)] for lamp in (True, False)
    )
    assert sum(by_day) == 0
    assert sum(by_lamp) >= 4


def test_it_is_slow_to_change_its_mind_and_forgets_at_cuts() -> None:
    detector = InfraredDetector(Said())
    assert detector(flat(2), cut=False)
    later = [detector(flat(-1.1), cut=False) for _ in range(6)]  # means 0.45, -0.07, -0.33, -0.48, -0.58, -0.66
    assert later == [True, True, True, True, False, False]
    assert not detector(flat(0.2), cut=False)
    assert detector(flat(0.2), cut=True)
    assert detector.share == pytest.approx(6 / 9)


def test_a_detector_restored_goes_on_as_it_was() -> None:
    whole, resumed = InfraredDetector(Said()), InfraredDetector(Said())
    for score in (3, -1, -1):
        whole(flat(score), cut=False)
    resumed.restore(whole.snapshot())
    for score in (-1, -1, 4):
        assert whole(flat(score), cut=False) == resumed(flat(score), cut=False)
    assert whole.share == resumed.share


def output(*, caution: float | None, known: float | None = None) -> ColorOutput:
    ab = torch.full((1, 1, 2, 2, 2), 20.0)
    mark = None if caution is None else torch.tensor([[caution]])
    return ColorOutput(ab, None, None if known is None else torch.full((1, 1, 3, 2, 2), known), mark)


def test_caution_takes_colour_and_confidence_where_no_hint_gives_them() -> None:
    sure = Estimate(torch.full((2, 2, 2), 20.0), torch.full((2, 2), 0.8))
    assert be_cautious(sure, output(caution=None), keep=0.5) is sure
    assert be_cautious(sure, output(caution=0.0), keep=0.5) is sure
    halved = be_cautious(sure, output(caution=1.0), keep=0.5)
    assert float(halved.ab[0, 0, 0]) == 10 and float(halved.confidence[0, 0]) == pytest.approx(0.4)
    hinted = be_cautious(sure, output(caution=1.0, known=1.0), keep=0.0)
    assert torch.equal(hinted.ab, sure.ab)
    assert be_cautious(Estimate(sure.ab), output(caution=1.0), keep=0.5).confidence is None


@pytest.mark.parametrize("infrared, keep, note", [("auto", 0.5, NOTE), ("abstain", 0.0, ABSTAINED)])
def test_a_session_is_cautious_of_infrared_alone(infrared: str, keep: float, note: str) -> None:
    clip = torch.from_numpy(np.stack([np.full((64, 64), value, np.float32) for value in (60, 60, 20)]))[:, None]
    plain, asked = Session(tiny_weights(), SessionOptions()), Session(tiny_weights(), SessionOptions(infrared=infrared))
    asked._watch = InfraredDetector(Said())
    expected, found = ([session.decode(one).ab for one in session.steps(clip)] for session in (plain, asked))
    assert torch.allclose(found[0], keep * expected[0]) and torch.allclose(found[1], keep * expected[1])
    assert torch.equal(found[2], expected[2])  # behind a cut
    assert float(expected[0].abs().max()) > 0
    assert asked.notes == [note]
    assert asked.infrared == pytest.approx(2 / 3) and plain.infrared is None


def test_a_resumed_session_is_as_cautious() -> None:
    frame = torch.full((1, 64, 64), 60.0)
    begun, resumed = (Session(tiny_weights(), SessionOptions(infrared="auto")) for _ in range(2))
    begun._watch = InfraredDetector(Said())
    resumed._watch = InfraredDetector(Said())
    begun.step(frame)
    resumed.restore(begun.snapshot())
    assert torch.equal(begun.color(frame), resumed.color(frame))
    assert begun.infrared == resumed.infrared == 1


@pytest.mark.parametrize("options, fault", [({"infrared": "maybe"}, "infrared=maybe is unknown"),
                                            ({"infrared_keep": 2}, "inference.infrared_keep=2 must be")])  # fmt: skip
def test_wrong_options_are_refused(options: dict[str, object], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        SessionOptions(**options)


def test_the_command_trains_a_model_that_knows_what_it_has_not_seen(tmp_path: Path) -> None:
    from data_prep.infrared import measure, train

    names = {f"place {seed}" for seed in range(16)}
    model = train(measure((f"place {seed}", view(place(seed))) for seed in range(16)), 0.1, clips=names)
    assert [row["name"] for row in model["features"]] == list(FEATURES)
    assert model["held out"]["false alarms"] <= 0.15
    assert model["held out"]["found"] > 0.5
