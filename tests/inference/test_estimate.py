from dataclasses import replace

import pytest
import torch

from temporal_colorize.inference.certainty import Certainty
from temporal_colorize.inference.estimate import Estimate, estimate, fade
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.weights import Decoding
from temporal_colorize.models.contract import ColorOutput
from tests.support.networks import tiny_weights

CURVE = Certainty(within=20, said=(0.0, 0.5, 1.0), right=(0.2, 0.4, 0.6))


def output(*, known: float | None = None) -> ColorOutput:
    generator = torch.Generator().manual_seed(0)
    logits = 4 * torch.randn(1, 1, 313, 4, 6, generator=generator)
    hints = None if known is None else torch.full((1, 1, 3, 4, 6), known)
    return ColorOutput(torch.zeros(1, 1, 2, 4, 6), logits, hints)


def test_confidence_is_what_the_curve_makes_of_it_and_colours_stay() -> None:
    plain = estimate(output(), torch.zeros(313), Decoding(), None)
    said = estimate(output(), torch.zeros(313), Decoding(), Certainty(within=20))
    right = estimate(output(), torch.zeros(313), Decoding(), CURVE)
    assert plain.confidence is None and said.ab.equal(plain.ab) and right.ab.equal(plain.ab)
    low, high = said.confidence < 0.5, said.confidence >= 0.5
    assert said.confidence.min() < 0.3 and low.any()
    torch.testing.assert_close(right.confidence[low], 0.2 + 0.4 * said.confidence[low])
    torch.testing.assert_close(right.confidence[high], 0.4 + 0.4 * (said.confidence[high] - 0.5))


def test_what_the_network_has_kept_of_a_hint_is_no_surer_than_it_says() -> None:
    kept = output(known=1.0)  # of the colour (1, 1), of which the posterior has its own opinion
    found = estimate(kept, torch.zeros(313), Decoding(), CURVE)
    torch.testing.assert_close(found.ab, torch.ones(2, 4, 6))
    assert found.confidence.max() <= CURVE.right[-1]


def test_fading_begins_at_the_threshold_and_ends_at_half_of_it() -> None:
    sure = torch.tensor([[0.1, 0.2, 0.3, 0.4, 0.9]])
    faded = fade(Estimate(torch.full((2, 1, 5), 40.0), sure), 0.4)
    torch.testing.assert_close(faded.ab[1], torch.tensor([[0.0, 0.0, 20.0, 40.0, 40.0]]))
    assert faded.confidence.equal(sure)


def test_a_session_fades_what_it_would_have_shown() -> None:
    weights, frame = replace(tiny_weights(), certainty=CURVE), 100 * torch.rand(1, 64, 64)
    whole = Session(weights, SessionOptions(size=64, confidence=True))
    found = whole.decode(whole.step(frame))
    faded = Session(weights, SessionOptions(size=64, abstain=1.0)).color(frame)
    torch.testing.assert_close(faded, fade(found, 1.0).ab)
    assert faded.abs().sum() < 0.5 * found.ab.abs().sum()
    assert Session(weights, SessionOptions(size=64, abstain=0.0)).color(frame).equal(found.ab)


@pytest.mark.parametrize("asked", [{"confidence": True}, {"abstain": 0.3}])
def test_a_network_without_bins_cannot_say_how_sure_it_is(asked: dict) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(asked))} needs a network with bins"):
        Session(tiny_weights(classify=False), SessionOptions(size=64, **asked))


@pytest.mark.parametrize("knots", [{"said": (0.0, 1.0), "right": (1.0, 0.0)}, {"said": (0.0,), "right": ()}])
def test_a_curve_that_does_not_rise_is_refused(knots: dict) -> None:
    with pytest.raises(ValueError, match="certainty"):
        Certainty(**knots)
