import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from skimage import data

from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.metrics.consistency import ab_distribution_consistency, color_distribution_consistency


def moving_photograph() -> list[torch.Tensor]:
    picture = torch.from_numpy(data.astronaut()).permute(2, 0, 1).float() / 255
    return [picture[:, 10 * number : 10 * number + 200, 100:300] for number in range(8)]


def test_agrees_with_scipy() -> None:
    frames = [torch.from_numpy(frame) for frame in np.random.default_rng(0).random((7, 3, 12, 12)) ** 2]

    def histogram(frame: torch.Tensor, channel: int) -> np.ndarray:
        return np.histogram(np.rint(255 * frame[channel].float().numpy()), bins=256, range=(0, 256))[0]

    # SciPy's is the root of the divergence, with natural logarithms.
    divergences = [
        np.mean([jensenshannon(histogram(frames[t], c), histogram(frames[t + gap], c)) ** 2 for t in range(7 - gap)])
        for c in range(3)
        for gap in (1, 2, 4)
    ]
    expected = np.mean(divergences)
    assert color_distribution_consistency(frames) == pytest.approx(expected)


def test_a_constant_clip_has_none() -> None:
    frame = torch.rand(3, 20, 20)
    assert color_distribution_consistency([frame] * 6) == 0
    assert ab_distribution_consistency([rgb_to_lab(frame)[1:]] * 6) == 0


def test_a_flip_of_two_colours_by_hand() -> None:
    black, red = torch.zeros(3, 4, 4), torch.zeros(3, 4, 4)
    red[0] = 1
    clip = [black, red] * 4
    # Only R changes, and only at the odd gap: disjoint histograms diverge by ln 2.
    assert color_distribution_consistency(clip) == pytest.approx(math.log(2) / 3 / 3)
    assert color_distribution_consistency(clip, gaps=(1,)) == pytest.approx(math.log(2) / 3)
    colours = [rgb_to_lab(frame)[1:] for frame in clip]  # a and b both change
    assert ab_distribution_consistency(colours, gaps=(1, 2)) == pytest.approx(math.log(2) / 2)


def test_grey_scores_like_the_truth_except_on_ab_alone() -> None:
    frames = moving_photograph()
    grey = [rgb.mean(0, keepdim=True).expand(3, -1, -1) for rgb in frames]
    truth, left_grey = color_distribution_consistency(frames), color_distribution_consistency(grey)
    assert 0.5 * truth < left_grey < 2 * truth
    assert ab_distribution_consistency(rgb_to_lab(rgb)[1:] for rgb in frames) > 1e-3
    assert ab_distribution_consistency(rgb_to_lab(rgb)[1:] for rgb in grey) == 0


def test_a_clip_shorter_than_the_gaps_is_refused() -> None:
    with pytest.raises(ValueError, match="has 4 frames"):
        color_distribution_consistency([torch.rand(3, 4, 4)] * 4)
    with pytest.raises(ValueError, match="must be positive"):
        color_distribution_consistency([torch.rand(3, 4, 4)] * 4, gaps=(0,))
