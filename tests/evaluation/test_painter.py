from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from temporal_colorize.color.bins import encode_soft
from temporal_colorize.evaluation.painter import Condition, judge_posterior, paint
from temporal_colorize.evaluation.scenes import Scene, TruthFrame, read_truth
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.session import SessionOptions
from temporal_colorize.models.contract import ColorOutput
from tests.support.networks import tiny_weights

OPTIONS = SessionOptions(size=64)


@pytest.fixture
def truths() -> list[TruthFrame]:
    rng = np.random.default_rng(0)
    scene = np.kron(rng.integers(0, 255, (4, 6, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    frames = [np.roll(scene, shift, axis=1) for shift in range(3)]
    return read_truth(Scene(("clips",), "made up", lambda: frames))


def halved(rgb: Tensor, *, matrix: str, generator: torch.Generator) -> Tensor:
    """A degradation that stands for all: dark, and with noise from the generator."""
    noise = 0.1 * torch.rand(rgb.shape[0], rgb.shape[1], 1, *rgb.shape[3:], generator=generator)
    return rgb.mean(2, keepdim=True) / 2 + noise


def test_one_row_a_vividness_over_the_clean_luma(truths: list[TruthFrame]) -> None:
    condition = Condition(name="dark", degrade=halved, vividness=("honest", None, 1))
    weights = replace(tiny_weights(), log_weights=torch.linspace(-1, 1, 313))
    painted = paint(weights, truths, condition, OPTIONS, seed="a")
    assert list(painted.rows) == ["tiny, honest", "tiny, default", "tiny, vividness 1"]
    for frames in painted.rows.values():
        for rgb, truth in zip(frames, truths, strict=True):
            luma = (rgb * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0)
            assert (luma - truth.luma[0]).abs().max() < 0.5 / 255
    assert not torch.equal(painted.rows["tiny, honest"][0], painted.rows["tiny, vividness 1"][0])


def test_what_the_network_sees_is_the_condition_s(truths: list[TruthFrame]) -> None:
    weights = tiny_weights()

    def last(seed: str = "a", **condition: object) -> Tensor:
        return paint(weights, truths, Condition(name="x", **condition), OPTIONS, seed=seed).rows["tiny, default"][-1]

    clean = last()
    for condition in ({"degrade": halved}, {"size": 96}, {"first_frame": True}, {"carry": False}):
        assert not torch.equal(last(**condition), clean), condition
    assert torch.equal(last(), clean)
    assert torch.equal(last(degrade=halved), last(degrade=halved))
    assert not torch.equal(last(degrade=halved), last("b", degrade=halved))


def test_as_a_video_it_is_the_same_within_eight_bits(truths: list[TruthFrame]) -> None:
    def default(**condition: object) -> Tensor:
        painted = paint(tiny_weights(), truths, Condition(name="x", **condition), OPTIONS, seed="a")
        return torch.stack(painted.rows["tiny, default"])

    plain, video = default(), default(as_video=True)
    assert 0 < (plain - video).abs().max() < 2.5 / 255  # a code of chroma is up to 1.8 codes of blue
    assert not torch.equal(default(as_video=True, gate=GateOptions(settle=1, sudden=1.0)), video)


def test_a_given_first_frame_is_not_judged(truths: list[TruthFrame]) -> None:
    condition = Condition(name="x", first_frame=True)
    given, unhinted = (
        paint(tiny_weights(), truths, c, OPTIONS, seed="a").reliability for c in (condition, Condition(name="x"))
    )
    assert sum(bar.weight for bar in given.table()) == 2 / 3 * sum(bar.weight for bar in unhinted.table())


def test_without_memory_a_frame_is_coloured_as_if_alone(truths: list[TruthFrame]) -> None:
    weights = tiny_weights()
    forgetful = paint(weights, truths, Condition(name="x", carry=False), OPTIONS, seed="a").rows["tiny, default"][-1]
    alone = paint(weights, truths[-1:], Condition(name="x"), OPTIONS, seed="a").rows["tiny, default"][0]
    assert torch.equal(forgetful, alone)


def test_the_posterior_is_judged_by_the_true_bin_of_each_output_pixel() -> None:
    true_ab = torch.tensor([[-20.0, 30.0]]).T[..., None].expand(2, 8, 8)
    right = int(encode_soft(true_ab[None, :, :1, :1], neighbours=1)[0])
    logits = torch.zeros(1, 1, 313, 2, 2)
    logits[..., right, :, 0] = 4.0
    logits[..., 0, :, 1] = 4.0  # sure, and wrong
    weights = tiny_weights()
    weights = replace(weights, decoding=replace(weights.decoding, calibration=2.0))
    confidence, correct = judge_posterior(ColorOutput(torch.zeros(1, 1, 2, 2, 2), logits), true_ab, weights)
    assert correct.tolist() == [[True, False]] * 2
    # exp(4 / 2) against 312 others at exp(0)
    assert confidence.flatten().tolist() == pytest.approx([np.exp(2) / (np.exp(2) + 312)] * 4, rel=1e-5)


def test_a_network_without_bins_has_one_row_and_no_reliability(truths: list[TruthFrame]) -> None:
    painted = paint(tiny_weights(classify=False), truths, Condition(name="x", vividness=(0, 1)), OPTIONS, seed="a")
    assert list(painted.rows) == ["tiny, default"] and painted.reliability is None
