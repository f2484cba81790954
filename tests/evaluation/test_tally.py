import math

import numpy as np
import pytest
import torch
from torch import Tensor

from temporal_colorize.evaluation.scenes import Scene, TruthFrame, read_truth
from temporal_colorize.evaluation.tally import Tally


def truth_of(*frames: np.ndarray) -> list[TruthFrame]:
    return read_truth(Scene(("clips",), "made up", lambda: frames))


def flat(*rgb: int, size: int = 16) -> np.ndarray:
    return np.full((size, size, 3), rgb, np.uint8)


def grey_of(truths: list[TruthFrame]) -> list[Tensor]:
    return [truth.luma.expand(3, -1, -1) for truth in truths]


def test_measures_are_means_over_all_pixels_together() -> None:
    """One grey and one red picture: the balanced AuC weighs the rare red pixel, whichever picture it is in."""
    red, black = flat(255, 0, 0), flat(0, 0, 0)
    apart, together = Tally(), Tally()
    for picture in (red, black):
        truths = truth_of(picture)
        part = Tally()
        part.add(grey_of(truths), truths)
        apart.merge(part)
    truths = truth_of(np.concatenate([red, black]))
    together.add(grey_of(truths), truths)
    apart, together = apart.scores(), together.scores()
    for measure in ("ab error", "ab RMSE", "AuC", "balanced AuC", "PSNR", "within 20", "CIEDE2000"):
        assert apart[measure] == pytest.approx(together[measure], rel=1e-5), measure
    # red is Lab (53.24, 80.09, 67.20): its distance to grey is 104.5, so it is right for t = 105..150
    assert apart["AuC"] == pytest.approx((100 + 100 * 46 / 151) / 2, abs=0.1)
    assert apart["balanced AuC"] < 35
    assert apart["within 10"] == apart["within 20"] == 50


def test_the_truth_scores_best_and_every_ratio_to_it_is_one() -> None:
    rng = np.random.default_rng(0)
    frames = [np.kron(rng.integers(0, 255, (4, 4, 3)), np.ones((12, 12, 1))).astype(np.uint8)] * 6
    truths = truth_of(*frames)
    tally = Tally()
    features = list(np.random.default_rng(0).normal(size=(4, 5)))
    tally.add([truth.rgb for truth in truths], truths, features)
    scores = tally.scores(tally)
    assert math.isinf(scores["PSNR"]) and scores["SSIM"] == pytest.approx(1)
    assert scores["AuC"] == scores["balanced AuC"] == scores["within 10"] == 100
    assert scores["ab error"] == scores["CIEDE2000"] == scores["flicker"] == scores["ab warp RMSE"] == 0
    assert scores["colourfulness / truth"] == 1
    assert scores["Frechet-Lite2"] == pytest.approx(0, abs=1e-6)


def test_a_flickering_tint_shows_in_the_measures_of_time_alone() -> None:
    truths = truth_of(*[flat(120, 120, 120, size=32)] * 10)
    calm, flickering = Tally(), Tally()
    tints = [torch.tensor([0.06, -0.03, -0.06])[:, None, None] * sign for sign in (1, -1)]
    calm.add([truth.rgb + tints[0] for truth in truths], truths)
    flickering.add([truth.rgb + tints[t % 2] for t, truth in enumerate(truths)], truths)
    calm, flickering = calm.scores(), flickering.scores()
    assert calm["flicker"] == calm["warp error x1000"] == calm["ab CDC x1000"] == 0
    # Between frames red and blue change by 0.12, green by 0.06: the mean of their squares.
    assert flickering["warp error x1000"] == pytest.approx(1000 * (2 * 0.12**2 + 0.06**2) / 3, rel=1e-3)
    assert flickering["flicker"] == pytest.approx(flickering["ab warp RMSE"] * 2**0.5, rel=1e-3)  # over two channels
    # At gaps 1, 2 and 4 only the first sees two histograms without overlap, each worth log 2.
    assert flickering["ab CDC x1000"] == pytest.approx(1000 * math.log(2) / 3, rel=1e-3)
    assert flickering["ab error"] == pytest.approx(calm["ab error"], rel=0.1)


def test_the_ends_of_a_clip_are_scored_apart() -> None:
    truths = truth_of(*[flat(120, 120, 120)] * 20)
    fading = Tally()
    fading.add([truth.rgb + 0.001 * t for t, truth in enumerate(truths)], truths)
    scores = fading.scores()
    # The last tenth is frames 18 and 19.
    assert scores["PSNR last tenth"] == pytest.approx(-10 * math.log10((0.018**2 + 0.019**2) / 2), abs=0.01)
    assert scores["PSNR first tenth"] == pytest.approx(-10 * math.log10(0.001**2 / 2), abs=0.1)


def test_a_still_has_no_measures_of_time() -> None:
    truths = truth_of(flat(9, 99, 199))
    tally = Tally()
    tally.add(grey_of(truths), truths)
    assert not {"flicker", "CDC x1000", "warp error x1000", "PSNR last tenth"} & set(tally.scores(tally))
