import numpy as np
import pytest
import torch
from torch.nn import functional as F

from temporal_colorize.data.moving import FLOW_SCALE, moving_clip, random_crop, still_clip, turned
from temporal_colorize.losses import warp


@pytest.fixture
def pictures() -> list[np.ndarray]:
    """Smooth coloured noise: sharp enough to show motion, smooth enough to be sampled between pixels."""
    rng = np.random.default_rng(0)
    coarse = torch.from_numpy(rng.random((3, 3, 12, 16), np.float32))
    fine = F.interpolate(coarse, (192, 256), mode="bicubic").clamp(0, 1)
    return [(picture.permute(1, 2, 0).numpy() * 255).astype(np.uint8) for picture in fine]


@pytest.mark.parametrize("seed", range(6))
def test_the_flow_carries_each_frame_onto_the_next(pictures: list[np.ndarray], seed: int) -> None:
    clip = moving_clip(pictures[0], pictures[1:], frames=5, size=128, rng=np.random.default_rng(seed))
    frames = F.avg_pool2d(torch.from_numpy(clip.rgb).float(), FLOW_SCALE)
    carried = warp(frames[:-1], torch.from_numpy(clip.flow))
    visible = torch.from_numpy(clip.visible)
    error = ((carried - frames[1:]).abs() * visible).sum() / (3 * visible.sum())
    still = ((frames[:-1] - frames[1:]).abs() * visible).sum() / (3 * visible.sum())
    assert visible.mean() > 0.5
    assert error < max(1.5, 0.5 * still)  # of 255


def test_what_a_cut_out_uncovers_is_not_visible(pictures: list[np.ndarray]) -> None:
    clips = [moving_clip(pictures[0], pictures[1:], frames=4, size=128, rng=np.random.default_rng(s)) for s in range(8)]
    assert min(clip.visible.mean() for clip in clips) < 1
    assert {0.0, 1.0} == set(np.unique(np.concatenate([clip.visible.ravel() for clip in clips])))


def test_the_same_seed_gives_the_same_clip(pictures: list[np.ndarray]) -> None:
    first, second, other = (
        moving_clip(pictures[0], pictures[1:2], frames=3, size=64, rng=np.random.default_rng(seed))
        for seed in (7, 7, 8)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first.rgb, other.rgb)


def test_motion_that_is_not_known_is_nowhere_visible() -> None:
    clip = still_clip(np.zeros((3, 64, 64, 3), np.uint8))
    assert clip.rgb.shape == (3, 3, 64, 64)
    assert clip.visible.shape == (2, 1, 16, 16)
    assert not clip.visible.any()


def test_crops_are_squares_of_what_is_there() -> None:
    picture = np.arange(40 * 60 * 3, dtype=np.uint8).reshape(40, 60, 3)
    for seed in range(20):
        assert random_crop(picture, 32, np.random.default_rng(seed)).shape == (32, 32, 3)


def test_a_quarter_turn_is_numpy_s() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    np.testing.assert_array_equal(turned(picture, 90), np.rot90(picture))
    np.testing.assert_array_equal(turned(picture, 0), picture)
