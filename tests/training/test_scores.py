import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from temporal_colorize.inference.planes import render
from temporal_colorize.training.scores import picture_scores


def test_by_hand_and_by_scikit_image() -> None:
    luma = torch.linspace(0.3, 0.7, 64).reshape(1, 1, 1, 8, 8).repeat(2, 3, 1, 1, 1)
    target = torch.tensor([10.0, 5.0])[:, None, None].expand(2, 3, 2, 4, 4)
    ab = target + torch.tensor([3.0, 4.0])[:, None, None]  # 5 ab units off, all inside the gamut
    scores = picture_scores(luma, ab, target)
    assert scores["auc"] == pytest.approx(100 * 146 / 151)  # within t for t = 5..150 of 0..150
    small = torch.nn.functional.avg_pool2d(luma[0], 2)
    shown, true = (render(small, colours[0])[0].numpy() for colours in (ab, target))
    assert scores["psnr"] == pytest.approx(peak_signal_noise_ratio(true, shown, data_range=1), abs=1e-3)
    assert scores["colourfulness"] > scores["colourfulness_true"] > 0
    assert np.isfinite(list(scores.values())).all()


def test_grey_is_not_colourful_and_the_truth_is_right() -> None:
    luma, grey = torch.full((1, 1, 1, 8, 8), 0.5), torch.zeros(1, 1, 2, 8, 8)
    scores = picture_scores(luma, grey, grey)
    assert scores["auc"] == 100 and scores["psnr"] == pytest.approx(100)  # its ceiling
    assert scores["colourfulness"] == pytest.approx(0, abs=0.01)
