import csv

import pytest
import torch

from temporal_colorize.color.bins import (
    BIN_COUNT,
    bin_centres,
    count_prior,
    decode_annealed_mean,
    encode_soft,
    load_prior,
    posterior,
    rebalancing_weights,
)
from tests.support.shared import shared


def logits_of(index: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    batch, _, height, width = index.shape
    probabilities = torch.full((batch, BIN_COUNT, height, width), 1e-12)
    return probabilities.scatter_(1, index, weight.clamp_min(1e-12)).log()


def test_the_centres_are_those_of_the_published_file() -> None:
    with open(shared("facts", "ab_gamut_313.csv"), newline="") as file:
        published = [(int(row["a"]), int(row["b"])) for row in csv.DictReader(file)]
    assert [tuple(map(int, centre)) for centre in bin_centres().tolist()] == published


def test_the_centres_have_known_ends() -> None:
    # Zhang et al.'s pts_in_hull.npy: 313 points on a grid of 10, from (-90, 50) to (100, 10)... hand-copied ends.
    centres = bin_centres()
    assert centres.shape == (BIN_COUNT, 2)
    assert centres[0].tolist() == [-90, 50]
    assert bool((centres % 10 == 0).all())
    assert len({tuple(centre) for centre in centres.tolist()}) == BIN_COUNT


def test_encoding_finds_the_nearest_bins() -> None:
    ab = (torch.rand(1, 2, 40, 40) - 0.5) * 200
    index, weight = encode_soft(ab)
    distance = torch.cdist(ab[0].flatten(1).T, bin_centres())
    nearest = distance.topk(5, largest=False).values
    chosen = distance.gather(1, index[0].flatten(1).T)
    torch.testing.assert_close(chosen, nearest, atol=0.05, rtol=0)
    by_hand = torch.exp(-nearest.square() / (2 * 5**2))
    by_hand = by_hand / by_hand.sum(1, keepdim=True)
    inside = nearest[:, 0] < 20  # farther away the formula itself underflows, which ours does not
    torch.testing.assert_close(weight[0].flatten(1).T[inside], by_hand[inside], atol=5e-3, rtol=0)


def test_a_colour_far_outside_the_gamut_is_encoded_without_nan() -> None:
    _, weight = encode_soft(torch.tensor([-300.0, 300.0])[None, :, None, None])
    assert bool(weight.isfinite().all())
    assert weight.sum().item() == pytest.approx(1)


def test_encode_decode_round_trip() -> None:
    rgb_grid = bin_centres()[torch.randperm(BIN_COUNT)[:100]]
    ab = (rgb_grid * 0.8).T.reshape(1, 2, 10, 10)
    decoded = decode_annealed_mean(logits_of(*encode_soft(ab)), torch.zeros(BIN_COUNT), temperature=1.0)
    assert (decoded - ab).norm(dim=1).mean() < 1.5  # ab units: the soft encoding spreads over bins 10 apart
    assert (decoded - ab).norm(dim=1).max() < 6


def test_a_low_temperature_decodes_the_mode() -> None:
    logits = torch.zeros(1, BIN_COUNT, 1, 1)
    logits[0, 42] = 3.0
    decoded = decode_annealed_mean(logits, torch.zeros(BIN_COUNT), temperature=0.02)
    torch.testing.assert_close(decoded[0, :, 0, 0], bin_centres()[42], atol=1e-3, rtol=0)


def test_rebalancing_weights_have_expectation_one_and_favour_the_rare() -> None:
    prior = torch.rand(BIN_COUNT, dtype=torch.float64) ** 8
    prior[0] = prior.sum() * 10
    weights = rebalancing_weights(prior, sigma=1e-3)  # sigma towards 0 leaves the prior unsmoothed
    assert (prior / prior.sum() * weights.double()).sum().item() == pytest.approx(1, abs=1e-6)
    assert weights[0] == weights.min()
    # hand-worked: w0 / w1 = ((1 - l) p1 + l / Q) / ((1 - l) p0 + l / Q)
    p = prior / prior.sum()
    expected = (0.5 * p[1] + 0.5 / BIN_COUNT) / (0.5 * p[0] + 0.5 / BIN_COUNT)
    assert (weights[0] / weights[1]).item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_uniform_share_of_one_turns_rebalancing_off() -> None:
    weights = rebalancing_weights(load_prior(), uniform=1.0)
    torch.testing.assert_close(weights, torch.ones(BIN_COUNT))


@pytest.mark.parametrize("prior", [torch.ones(310), torch.zeros(BIN_COUNT), -torch.ones(BIN_COUNT)])
def test_an_impossible_prior_is_refused(prior: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="313"):
        rebalancing_weights(prior)


def test_taking_the_weights_out_gives_the_true_posterior_back() -> None:
    # A classifier trained with weights w on a distribution p learns q proportional to w * p.
    p = torch.softmax(torch.randn(BIN_COUNT), 0)
    weights = rebalancing_weights(load_prior())
    learnt = (weights * p / (weights * p).sum()).log()[None, :, None, None]
    honest = posterior(learnt, weights.log(), vividness=0.0)[0, :, 0, 0]
    vivid = posterior(learnt, weights.log(), vividness=1.0)[0, :, 0, 0]
    torch.testing.assert_close(honest, p, atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(vivid, weights * p / (weights * p).sum(), atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("options", [{"vividness": 1.5}, {"temperature": 0.0}, {"temperature": -1.0}])
def test_impossible_decoding_is_refused(options: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        decode_annealed_mean(torch.zeros(1, BIN_COUNT, 1, 1), torch.zeros(BIN_COUNT), **options)


def test_counting_a_prior() -> None:
    ab = bin_centres()[7].reshape(1, 2, 1, 1).expand(2, 2, 4, 4)
    counts = count_prior(ab)
    assert counts.sum().item() == pytest.approx(32)
    assert counts.argmax() == 7


def test_the_shipped_prior_is_a_distribution() -> None:
    prior = load_prior()
    assert prior.sum().item() == pytest.approx(1, abs=1e-3)
    grey = int(bin_centres().norm(dim=1).argmin())
    assert prior.argmax() == grey


def test_what_is_kept_between_calls_can_be_trained_with() -> None:
    bin_centres.cache_clear()
    with torch.inference_mode():
        encode_soft(torch.zeros(1, 2, 1, 1))
        bin_centres()
    logits = torch.zeros(1, BIN_COUNT, 1, 1, requires_grad=True)
    decode_annealed_mean(logits, torch.zeros(BIN_COUNT)).sum().backward()
    assert logits.grad is not None


def test_decoding_is_exact_inside_autocast() -> None:
    logits = torch.randn(2, 313, 3, 3, generator=torch.Generator().manual_seed(0))
    exact = decode_annealed_mean(logits, torch.zeros(313))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(decode_annealed_mean(logits, torch.zeros(313)), exact)
