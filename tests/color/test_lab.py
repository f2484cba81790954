import numpy as np
import torch
from skimage.color import rgb2lab

from temporal_colorize.color.lab import lab_to_rgb, rgb_to_lab


def test_agrees_with_scikit_image() -> None:
    rgb = np.random.default_rng(0).random((64, 64, 3))
    ours = rgb_to_lab(torch.from_numpy(rgb).permute(2, 0, 1)).permute(1, 2, 0)
    np.testing.assert_allclose(ours.numpy(), rgb2lab(rgb), atol=2e-3)


def test_forth_and_back() -> None:
    rgb = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(lab_to_rgb(rgb_to_lab(rgb)), rgb, atol=1e-4, rtol=0)


def test_stays_in_float32_under_autocast() -> None:
    rgb = torch.rand(3, 16, 16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = rgb_to_lab(rgb.bfloat16().float())
    assert inside.dtype == torch.float32
    torch.testing.assert_close(inside, rgb_to_lab(rgb.bfloat16().float()))
