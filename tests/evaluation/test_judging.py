from dataclasses import replace
from pathlib import Path

import pytest
import torch

from temporal_colorize.color.bins import bin_centres
from temporal_colorize.evaluation.calibrating import fit_certainty, keep_certainty
from temporal_colorize.evaluation.judging import HALF, HALF_COLOURFUL, Judged, cross_fitted
from temporal_colorize.inference.certainty import Certainty
from temporal_colorize.inference.weights import load_weights
from temporal_colorize.models.contract import ColorOutput
from tests.support.networks import tiny_weights, tiny_weights_file

GREY = int((bin_centres() == torch.tensor([0.0, 0.0])).all(1).nonzero())
RED = int((bin_centres() == torch.tensor([60.0, 40.0])).all(1).nonzero())
SCENES = ("a", "b", "c", "d", "e", "f")  # both halves have some
SURE, DOUBTFUL = 0.95, 0.6


def judged(*, right: float, scenes: tuple[str, ...] = SCENES) -> Judged:
    """Judge a network that is 95 % sure of grey on the left, 60 % on the right, with red as the alternative.

    Of the pixels on the left all are grey in truth, of those on the right a share.
    """
    logits = torch.full((1, 1, 313, 10, 20), -30.0)
    for share, columns in ((SURE, slice(0, 10)), (DOUBTFUL, slice(10, 20))):
        logits[:, :, GREY, :, columns] = torch.tensor(share).log()
        logits[:, :, RED, :, columns] = torch.tensor(1 - share).log()
    truth = torch.zeros(2, 10, 20)
    truth[:, round(10 * right) :, 10:] = torch.tensor([60.0, 40.0])[:, None, None]
    weights = tiny_weights()  # flat weights; at temperature 0.01 grey is shown
    weights = replace(weights, decoding=replace(weights.decoding, temperature=0.01))
    result = Judged()
    for scene in scenes:
        result.add(ColorOutput(torch.zeros(1, 1, 2, 10, 20), logits), truth, weights, scene=scene)
    return result


def test_confidence_is_compared_with_what_was_right() -> None:
    assert judged(right=0.6).scores()["confidence ECE"] == pytest.approx(0.05 / 2, abs=1e-4)
    assert judged(right=0.2).scores()["confidence ECE"] == pytest.approx((0.05 + 0.4) / 2, abs=1e-4)


def test_the_surest_half_is_the_one_on_the_left() -> None:
    scores = judged(right=0.6).scores()
    assert scores[HALF] == 0  # no error there
    assert scores[HALF_COLOURFUL] == pytest.approx(100)  # only doubtful pixels are colourful


def test_each_half_goes_through_the_curve_of_the_other() -> None:
    everything = judged(right=0.2)
    assert everything.scores()["confidence ECE"] > 0.2
    assert cross_fitted(everything, everything).ece() < 0.02
    assert cross_fitted(judged(right=1.0), everything).ece() == pytest.approx(0.4, abs=0.02)


def test_the_curve_is_kept_with_the_weights_and_nothing_else_changes(tmp_path: Path) -> None:
    certainty = fit_certainty(judged(right=0.2), 20)
    before, path = tiny_weights_file(tmp_path), tmp_path / "sure.safetensors"
    keep_certainty(str(before), path, certainty)
    found, old = load_weights(str(path)), load_weights(str(before))
    assert found.certainty == certainty and certainty.is_calibrated and not old.certainty.is_calibrated
    assert found.certainty.corrected(torch.tensor([SURE, DOUBTFUL])).tolist() == pytest.approx([1, 0.2], abs=0.02)
    assert found.decoding == old.decoding and found.size == old.size and isinstance(found.certainty, Certainty)
    torch.testing.assert_close(found.net.state_dict(), old.net.state_dict(), rtol=0, atol=0)
