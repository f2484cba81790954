import cv2
import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from temporal_colorize.metrics.temporal import (
    Drift,
    Motion,
    chroma_flicker,
    estimate_motion,
    visibility,
    warp,
    warp_error,
)


def texture(height: int = 96, width: int = 128) -> np.ndarray:
    noise = np.random.default_rng(0).random((height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def as_picture(grey: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(grey).float().div(255).expand(3, -1, -1)


def still(height: int, width: int) -> Motion:
    return Motion(torch.zeros(2, height, width), torch.ones(height, width, dtype=torch.bool))


def constant(x: float, y: float) -> torch.Tensor:
    return torch.tensor([float(x), float(y)])[:, None, None].expand(2, 20, 30)


def test_a_shift_is_found_and_carried_back() -> None:
    before = texture()
    after = np.roll(before, (2, 3), axis=(0, 1))  # 2 down and 3 to the right
    motion = estimate_motion(before, after)
    inner = motion.flow[:, 10:-10, 10:-10].flatten(1).median(dim=1).values
    torch.testing.assert_close(inner, torch.tensor([-3.0, -2.0]), atol=0.1, rtol=0)
    assert motion.visible[10:-10, 10:-10].float().mean() > 0.95
    total, weight = warp_error(as_picture(before), as_picture(after), motion)
    unmoved, pixels = warp_error(as_picture(before), as_picture(after), still(96, 128))
    assert weight == motion.visible.sum() and pixels == 96 * 128
    assert total / weight < 0.01 * unmoved / pixels


def test_what_a_moving_square_uncovers_is_not_visible() -> None:
    before, after = (np.roll(texture(), 50, axis=1) // 3 for _ in range(2))
    square = 128 + texture(32, 32) // 2
    before[30:62, 40:72], after[30:62, 48:80] = square, square
    motion = estimate_motion(before, after)
    assert motion.visible[34:58, 42:46].float().mean() < 0.2  # uncovered as the square moved on by 8
    assert motion.visible[36:56, 54:74].float().mean() > 0.8  # on the square
    assert motion.visible[5:25, 5:120].float().mean() > 0.8  # the background


def test_motion_does_not_depend_on_the_number_of_threads() -> None:
    before, after, threads = texture(), np.roll(texture(), 2, axis=1), cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        alone = estimate_motion(before, after)
        cv2.setNumThreads(4)
        together = estimate_motion(before, after)
    finally:
        cv2.setNumThreads(threads)
    assert torch.equal(alone.flow, together.flow) and torch.equal(alone.visible, together.visible)


def test_visibility_by_hand() -> None:
    # Back 3 and forth 3.8: 0.64 is not above 0.01 * (9 + 14.44) + 0.5.
    # Back 3 and forth 3.9: 0.81 is above 0.01 * (9 + 15.21) + 0.5.
    inner = slice(None), slice(3, None)
    assert visibility(constant(-3, 0), constant(3.8, 0))[inner].all()
    assert not visibility(constant(-3, 0), constant(3.9, 0)).any()
    assert not visibility(constant(-3, 0), constant(3, 0))[:, :3].any()  # from outside the picture


def test_motion_boundaries_by_hand() -> None:
    flow = torch.zeros(2, 20, 30)
    flow[1, :, 15:] = 0.5  # a step of 0.25 squared at column 14, above 0.01 * 0 + 0.002
    expected = torch.ones(20, 30, dtype=torch.bool)
    expected[:, 14] = False
    expected[19, 15:] = False  # from below the picture
    assert torch.equal(visibility(flow, -flow), expected)


def test_warp_agrees_with_scipy() -> None:
    rng = np.random.default_rng(0)
    before, after = rng.random((2, 3, 20, 30)).astype(np.float32)
    flow = rng.uniform(-4, 4, (2, 20, 30)).astype(np.float32)
    y, x = np.mgrid[:20, :30]
    places = [y + flow[1], x + flow[0]]
    carried = np.stack([map_coordinates(plane, places, order=1, mode="nearest") for plane in before])
    visible = rng.random((20, 30)) < 0.5
    motion = Motion(torch.from_numpy(flow), torch.from_numpy(visible))
    total, weight = warp_error(torch.from_numpy(before), torch.from_numpy(after), motion)
    assert weight == visible.sum()
    assert total == pytest.approx(np.square(after - carried).mean(0)[visible].sum(), rel=1e-4)


def test_warp_error_of_a_flicker_by_hand() -> None:
    rgb = torch.full((3, 20, 30), 0.5)
    brighter = rgb.clone()
    brighter[0] += 0.3  # one channel of three: 0.09 / 3
    total, weight = warp_error(rgb, brighter, still(20, 30))
    assert total / weight == pytest.approx(0.03)


def test_motion_needs_grey_pictures_of_one_size() -> None:
    for before, after in [
        (texture(), texture(96, 120)),
        (texture().astype(np.float32), texture()),
        (texture(10, 40), texture(10, 40)),
    ]:
        with pytest.raises(ValueError, match="uint8 picture of at least 12"):
            estimate_motion(before, after)
    with pytest.raises(ValueError, match="that of the motion"):
        warp_error(torch.zeros(3, 8, 8), torch.zeros(3, 8, 8), still(8, 9))


def test_flicker_counts_still_pixels_only() -> None:
    lightness, ab = torch.full((1, 10, 10), 50.0), torch.zeros(2, 10, 10)
    after, changed = lightness.clone(), ab + torch.tensor([3.0, 4.0])[:, None, None]
    after[0, 5, 5] += 1.0  # moved, and with it the 8 pixels around
    after[0, 0, 0] += 0.9
    changed[:, 4:7, 4:7] = 100.0
    assert chroma_flicker(ab, changed, lightness, after) == (pytest.approx(91 * 5), 91)
    total, count = chroma_flicker(ab, changed, lightness, after, margin=0)
    assert count == 99 and total == pytest.approx(91 * 5 + 8 * 100 * 2**0.5)
    assert chroma_flicker(ab, ab, lightness, lightness) == (0, 100)
    with pytest.raises(ValueError, match="of one size"):
        chroma_flicker(ab, ab, lightness[0], lightness[0])


def drift(frames: list[torch.Tensor], *, settled: int, period: int = 1) -> float:
    accumulator = Drift(settled=settled, period=period)
    for ab in frames:
        accumulator.add(ab)
    return accumulator.mean()


def test_drift_of_a_steady_wander_by_hand() -> None:
    frames = [torch.full((2, 4, 4), 0.0) + torch.tensor([0.3, 0.4])[:, None, None] * number for number in range(11)]
    # From frame 2 on it is 0.5 a frame: 0.5, 1, ... 4.
    assert drift(frames, settled=2) == pytest.approx(np.mean(np.arange(1, 9) * 0.5))
    assert drift(frames[:1] * 20, settled=2) == 0


def test_drift_of_a_loop_compares_equal_pictures() -> None:
    loop = list(torch.rand(3, 2, 4, 4, generator=torch.Generator().manual_seed(0)) * 50)
    assert drift(loop * 4, settled=4, period=3) == 0
    assert drift(loop * 4, settled=4, period=1) > 5


def test_drift_is_what_was_added() -> None:
    accumulator = Drift(settled=1)
    ab = torch.zeros(2, 4, 4)
    for number in range(4):
        ab.fill_(number)  # the caller's buffer, used again
        accumulator.add(ab)
    np.testing.assert_allclose(accumulator.distances, [2**0.5, 2 * 2**0.5], rtol=1e-6)
    with pytest.raises(ValueError, match="more than settled"):
        drift([ab] * 5, settled=4)
    with pytest.raises(ValueError, match="period=0"):
        Drift(period=0)


def test_warp_moves_whole_pixels() -> None:
    picture = torch.rand(1, 2, 6, 8)
    flow = torch.zeros(1, 2, 6, 8)
    flow[:, 0] = 2.0  # the point at x was at x + 2
    torch.testing.assert_close(warp(picture, flow)[..., :6], picture[..., 2:], atol=1e-5, rtol=0)
