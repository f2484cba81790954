import numpy as np
import pytest
import torch
from skimage.color import deltaE_ciede2000

from temporal_colorize.metrics.ciede2000 import ciede2000

# From table 1 of Sharma, Wu and Dalal 2005: the first colour, the second, their difference to four digits.
# The pairs about (2.49, -0.001) and (-0.001, 2.49) are nearly or just opposite hues, where the mean hue jumps.
PUBLISHED = [
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0000),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, -1.0, 2.0), (50.0, 0.0, 0.0), 2.3669),
    ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0009), 7.1792),
    ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0010), 7.1792),
    ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0011), 7.2195),
    ((50.0, -0.001, 2.49), (50.0, 0.0009, -2.49), 4.8045),
    ((50.0, -0.001, 2.49), (50.0, 0.0011, -2.49), 4.7461),
    ((50.0, 2.5, 0.0), (50.0, 0.0, -2.5), 4.3065),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((50.0, 2.5, 0.0), (61.0, -5.0, 29.0), 22.8977),
    ((50.0, 2.5, 0.0), (56.0, -27.0, -3.0), 31.9030),
    ((50.0, 2.5, 0.0), (58.0, 24.0, 15.0), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


def colours(rows: list[tuple[float, ...]], dtype: torch.dtype) -> torch.Tensor:
    return torch.tensor(rows, dtype=dtype).T[:, None]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_published_pairs(dtype: torch.dtype) -> None:
    first, second, expected = zip(*PUBLISHED, strict=True)
    difference = ciede2000(colours(first, dtype), colours(second, dtype))
    assert difference.dtype == dtype and difference.shape == (1, len(PUBLISHED))
    np.testing.assert_allclose(difference[0], expected, atol=6e-5)


def test_agrees_with_scikit_image() -> None:
    rng = np.random.default_rng(0)
    lab = rng.uniform([[[0]], [[-110]], [[-110]]], [[[100]], [[110]], [[110]]], (2, 3, 50, 60))
    near = lab + rng.normal(size=lab.shape)
    for other in (near, lab[::-1].copy()):
        ours = ciede2000(torch.from_numpy(lab).float(), torch.from_numpy(other).float())
        np.testing.assert_allclose(ours, deltaE_ciede2000(lab, other, channel_axis=1), atol=2e-3)


def test_grey_and_equal_pictures_differ_by_no_nan() -> None:
    lab = torch.rand(3, 8, 8) * 100
    assert ciede2000(lab, lab).abs().max() == 0
    grey = torch.stack([lab[0], torch.zeros(8, 8), torch.zeros(8, 8)])
    expected = deltaE_ciede2000(grey.numpy(), lab.numpy(), channel_axis=0)  # scikit-image
    np.testing.assert_allclose(ciede2000(grey, lab), expected, atol=1e-3)


def test_shapes_must_fit() -> None:
    with pytest.raises(ValueError, match="CIEDE2000 compares two"):
        ciede2000(torch.zeros(2, 4, 4), torch.zeros(2, 4, 4))
