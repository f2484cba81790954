import cv2
import numpy as np
import pytest

from temporal_colorize.data.balance import random_gains, rebalance


def test_by_hand() -> None:
    """Code 188 is linear 0.503; half of it, 0.251, is code 137, and twice it is beyond white."""
    frames = np.full((2, 3, 4, 5), 188, np.uint8)
    coloured = rebalance(frames, np.array([0.5, 1.0, 2.0]))
    assert coloured.shape == frames.shape and coloured.dtype == np.uint8
    assert [set(np.unique(coloured[:, channel])) for channel in range(3)] == [{137}, {188}, {255}]


def test_ones_change_nothing() -> None:
    frames = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16).repeat(3, 1)
    np.testing.assert_array_equal(rebalance(frames, np.ones(3)), frames)


def test_as_opencv_says() -> None:
    """Against OpenCV's own sRGB curve, by way of XYZ: (T, 3, H, W) of any colours, within a code."""
    rng = np.random.default_rng(0)
    frame, gains = rng.integers(0, 256, (8, 8, 3), np.uint8), np.array([0.9, 1.05, 1.2])
    linear = _to_linear_by_lab(frame)
    expected = np.clip(linear * gains, 0, 1)
    got = _to_linear_by_lab(rebalance(frame.transpose(2, 0, 1)[None], gains)[0].transpose(1, 2, 0))
    np.testing.assert_allclose(got, expected, atol=0.009)


def _to_linear_by_lab(rgb: np.ndarray) -> np.ndarray:
    """Linear RGB of sRGB codes through OpenCV: Lab with the curve, and back without it."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    return cv2.cvtColor(lab, cv2.COLOR_Lab2LRGB)


@pytest.mark.parametrize("deviation", [0.1, 0.3])
def test_gains(deviation: float) -> None:
    rng = np.random.default_rng(0)
    gains = np.stack([random_gains(deviation, rng) for _ in range(4000)])
    np.testing.assert_allclose(gains @ [0.2126, 0.7152, 0.0722], 1)
    ratio = np.log(gains[:, 0] / gains[:, 2])
    assert ratio.std() == pytest.approx(deviation * 2**0.5, rel=0.05) and abs(ratio.mean()) < 0.05 * deviation
