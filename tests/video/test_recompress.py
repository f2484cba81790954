import cv2
import numpy as np
import pytest

from temporal_colorize.video import VideoError
from temporal_colorize.video.recompress import recompress


def moving_noise(frames: int = 5, height: int = 64, width: int = 96) -> np.ndarray:
    """Smooth noise that moves by a pixel a frame and uses the whole range 0..255."""
    noise = cv2.GaussianBlur(np.random.default_rng(0).random((height, width), np.float32), (0, 0), 2)
    picture = (255 * (noise - noise.min()) / np.ptp(noise)).round().astype(np.uint8)
    return np.stack([np.roll(picture, frame, 1) for frame in range(frames)])


def error(planes: np.ndarray, **options: int) -> float:
    return float(((recompress(planes, **options).astype(float) - planes) ** 2).mean())


def test_crf_0_loses_nothing_in_full_range() -> None:
    planes = moving_noise()
    assert planes.min() == 0 and planes.max() == 255
    np.testing.assert_array_equal(recompress(planes, crf=0), planes)


def test_a_higher_crf_loses_more() -> None:
    errors = [error(moving_noise(), crf=crf) for crf in (10, 18, 26, 34, 42, 51)]
    assert errors == sorted(errors) and errors[0] > 0 and errors[-1] > 20 * errors[0]


@pytest.mark.parametrize("shape", [(1, 64, 64), (1, 1, 1), (3, 17, 33), (40, 21, 8), (2, 135, 201)])
def test_any_size_and_length_comes_back(shape: tuple[int, int, int]) -> None:
    planes = moving_noise(*shape) if min(shape[1:]) > 1 else np.full(shape, 77, np.uint8)
    coded = recompress(planes, crf=12)
    assert coded.shape == planes.shape and coded.dtype == np.uint8
    assert np.abs(coded.astype(int) - planes).mean() < 4


def test_frames_stay_in_their_order() -> None:
    """Thirty frames are enough for B-frames, which are coded out of order."""
    planes = np.stack([np.full((32, 32), 8 * frame, np.uint8) for frame in range(30)])
    levels = recompress(planes, crf=20).mean((1, 2))
    np.testing.assert_allclose(levels, 8 * np.arange(30), atol=3)


def test_the_same_every_time() -> None:
    """Many times, since x264's macroblock tree, were it on, would differ only in some."""
    planes = moving_noise(12)
    first = recompress(planes, crf=30)
    for _ in range(50):
        np.testing.assert_array_equal(recompress(planes, crf=30), first)


def test_frames_need_not_be_contiguous() -> None:
    planes = moving_noise()
    np.testing.assert_array_equal(recompress(planes[:, ::2, ::-1], crf=0), planes[:, ::2, ::-1])


def test_what_cannot_be_coded_is_said() -> None:
    planes = moving_noise()
    with pytest.raises(ValueError, match=r"\(64, 96\) uint8 must be \(T, H, W\)"):
        recompress(planes[0], crf=30)
    with pytest.raises(ValueError, match=r"float64 must be \(T, H, W\) uint8"):
        recompress(planes / 255, crf=30)
    with pytest.raises(ValueError, match="not empty"):
        recompress(planes[:0], crf=30)
    with pytest.raises(ValueError, match="crf=52 must be a number from 0 to 51"):
        recompress(planes, crf=52)
    with pytest.raises(VideoError, match="preset=hasty"):
        recompress(planes, crf=30, preset="hasty")
