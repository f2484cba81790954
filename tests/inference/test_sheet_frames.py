"""Which frames a sheet takes of a video that goes by, and how they look then."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.inference.colored import ColoredFrame
from temporal_colorize.inference.sheet_frames import LONGEST, ROWS, SheetFrames, small_picture
from temporal_colorize.inference.turn import Turn
from temporal_colorize.video import VideoInfo

CODING = ChromaCoding("bt601", full_range=True)
QUARTER = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)  # FFmpeg's display matrix of a turn by 90 degrees


def info(**other: object) -> VideoInfo:
    known = {"width": 64, "height": 32, "bit_depth": 8, "matrix": "bt601", "time_base": Fraction(1, 10), **other}
    return VideoInfo(path=Path("a.mp4"), codec="h264", pix_fmt="yuv420p", full_range=True, **known)


def show(frames: SheetFrames, numbers: range, cuts: tuple[int, ...] = ()) -> None:
    """Show frames of one colour that are the surer the later they come."""
    plane = np.full((16, 32), 128, np.uint8)
    for number in numbers:
        luma, before = np.full((32, 64), number % 256, np.uint8), sum(cut <= number for cut in cuts)
        about = {"coding": CODING, "certainty": torch.full((4, 8), number / 1000)}
        frames.add(ColoredFrame(time=number / 10, number=number, cuts=before, planes=(luma, plane, plane), **about))


@pytest.mark.parametrize(("count", "shown"), [(1, 1), (5, 5), (100, ROWS), (777, ROWS)])
def test_frames_are_spread_over_any_length(count: int, shown: int) -> None:
    frames = SheetFrames(info(), maps=False)
    show(frames, range(count))
    numbers = [small.number for small in frames.chosen()]
    assert len(numbers) == shown and numbers[0] == 0
    steps = np.diff([*numbers, count])
    assert steps.min() > 0 and steps.max() <= 2 * count / shown + 1
    assert [small.time for small in frames.chosen()] == pytest.approx([number / 10 for number in numbers])
    assert [small.luma[0, 0] for small in frames.chosen()] == [number % 256 for number in numbers]
    assert frames.confidence == pytest.approx((count - 1) / 2000)


def test_what_is_held_does_not_grow() -> None:
    frames = SheetFrames(info(), maps=True)
    sizes = []
    for start in range(0, 1200, 100):
        show(frames, range(start, start + 100), cuts=tuple(range(3, 1200, 7)))
        sizes.append(sum(part.nbytes for part in frames.snapshot().values()))
    assert max(sizes) <= 3 * ROWS * (LONGEST * LONGEST // 2 * 4 + 4 * 8 * 4 + 100)


def test_few_cuts_are_shown_and_many_are_not() -> None:
    few, many = (SheetFrames(info(), maps=False) for _ in range(2))
    show(few, range(300), cuts=(101, 203))
    show(many, range(300), cuts=tuple(range(5, 300, 10)))
    assert [small.number for small in few.chosen() if small.after_cut] == [101, 203]
    assert len(few.chosen()) == ROWS + 2 and len(many.chosen()) == ROWS


@pytest.mark.parametrize("at", [1, 9, 40, 99])
def test_gone_on_with_equals_never_stopped(at: int) -> None:
    whole, before, after = (SheetFrames(info(), maps=True) for _ in range(3))
    show(whole, range(100), cuts=(30, 50))
    show(before, range(at), cuts=(30, 50))
    after.restore(before.snapshot())
    show(after, range(at, 100), cuts=(30, 50))
    assert after.confidence == pytest.approx(whole.confidence)
    for one, other in zip(after.chosen(), whole.chosen(), strict=True):
        assert one[:3] == other[:3]
        assert all(np.array_equal(part, twin) for part, twin in zip(one[3:], other[3:], strict=True))


def test_colours_turn_and_pixels_are_as_they_are_shown() -> None:
    frames = SheetFrames(info(display_matrix=QUARTER, sample_aspect_ratio=Fraction(2)), maps=True)
    luma, grey, red = (
        np.full((32, 64), 100, np.uint8),
        np.full((16, 32), 128, np.uint8),
        np.full((16, 32), 188, np.uint8),
    )
    luma[:, :32], sure = 50, torch.arange(8.0).expand(4, 8)
    about = {"coding": CODING, "turn": Turn.of(QUARTER), "certainty": sure, "time": 3.0, "number": 0, "cuts": 0}
    frames.add(ColoredFrame(planes=(luma, grey, red), **about))
    (small,) = frames.chosen()
    assert small.luma.shape == (LONGEST, LONGEST // 4) and small.confidence.shape == (8, 4)
    dark, bright = (slice(10, 20), slice(-20, -10))[:: 1 if small.confidence[0, 0] == 0 else -1]
    assert (small.luma[dark] == 50).all() and (small.luma[bright] == 100).all()  # turned as the map is
    # By BT.601: R = Y + 1.402 (Cr - 128), G = Y - 0.714 (Cr - 128), B = Y.
    np.testing.assert_allclose(small.rgb[bright, 40].mean(0), [184.1, 57.2, 100], atol=1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_picture_of_any_depth(dtype: type) -> None:
    luma = np.full((900, 300), np.iinfo(dtype).max // 2, dtype)
    small = small_picture(luma, np.stack([luma] * 3, -1), None)
    assert small.luma.shape == (LONGEST, round(LONGEST / 3)) and small.time is None
    assert np.abs(small.luma - 127.0).max() <= 1 and np.abs(small.rgb - 127.0).max() <= 1
