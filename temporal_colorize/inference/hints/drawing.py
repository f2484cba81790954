"""Hints drawn at chroma resolution."""

from pathlib import Path

import numpy as np

from temporal_colorize.inference.hints.entries import Hint, read_colors, read_mask
from temporal_colorize.inference.hints.growing import grow
from temporal_colorize.inference.turn import UNTURNED, Turn

_Drawn = tuple[np.ndarray, np.ndarray]


def draw(
    hint: Hint,
    shape: tuple[int, int],
    chroma_shape: tuple[int, int],
    *,
    turn: Turn = UNTURNED,
    luma: np.ndarray | None = None,
) -> _Drawn:
    """Draw a hint: a and b, (2, h, w) float32, and where they hold, (h, w) bool, for luma of `shape`, (H, W).

    A pixel of chroma that touches a hinted pixel of luma is hinted. Hints are of the picture as it is shown, shapes and
    luma of how it is stored. `luma`, `working_luma` of the frame, is what a point grows in; without it, none does.

    Raises:
        ValueError: If the hint is outside the picture, or its own picture is of another size.
    """
    if hint.ab is None:
        return _draw_picture(hint, shape, chroma_shape, turn)
    mask = turn.stored(_mask_of(hint, turn.shape(shape), None if luma is None else turn.shown(luma)))
    if not mask.any():
        raise ValueError(f"{hint.name}: nothing of it is inside the picture of {_size(turn.shape(shape))}")
    ab = np.empty((2, *chroma_shape), np.float32)
    ab[:] = np.array(hint.ab)[:, None, None]
    return ab, _shrink(mask.astype(np.float32), chroma_shape) > 0


def _draw_picture(hint: Hint, shape: tuple[int, int], chroma_shape: tuple[int, int], turn: Turn) -> _Drawn:
    ab, mask = read_colors(hint.mask)
    _require_size(hint, mask.shape, turn.shape(shape))
    ab, mask = [turn.stored(plane) for plane in ab], turn.stored(mask)
    if not mask.any():
        raise ValueError(f"{hint.name}: none of its pixels is coloured, so it hints nothing")
    cover = _shrink(mask.astype(np.float32), chroma_shape)
    mean = np.stack([_shrink(plane * mask, chroma_shape) for plane in ab]) / np.maximum(cover, 1e-6)
    return mean, cover > 0


def _mask_of(hint: Hint, shape: tuple[int, int], luma: np.ndarray | None) -> np.ndarray:
    if hint.mask is not None:
        mask = read_mask(hint.mask)
        _require_size(hint, mask.shape, shape)
        return mask
    if hint.grow:
        _require_inside(hint, shape)
        if luma is not None:
            return grow(luma, at=hint.point, radius=hint.radius, shape=shape)
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5  # pixels' middles
    if hint.point is not None:
        x, y = hint.point
        return (columns - x - 0.5) ** 2 + (rows - y - 0.5) ** 2 <= hint.radius**2
    x, y, width, height = hint.box
    return (columns > x) & (columns < x + width) & (rows > y) & (rows < y + height)


def _require_inside(hint: Hint, shape: tuple[int, int]) -> None:
    x, y = hint.point
    if x >= shape[1] or y >= shape[0]:
        raise ValueError(
            f"{hint.name}: point {x:g},{y:g} is outside the picture of {_size(shape)}, and cannot grow there"
        )


def _require_size(hint: Hint, found: tuple[int, int], shape: tuple[int, int]) -> None:
    if found != shape:
        path: Path = hint.mask
        raise ValueError(f"{hint.name}: {path} is {_size(found)}, and the video {_size(shape)}; give it that size")


def _shrink(plane: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Average over the luma pixels of each chroma pixel; of an odd size, the last one has fewer."""
    import cv2

    if plane.shape == shape:
        return plane
    steps = [round(large / small) for large, small in zip(plane.shape, shape, strict=True)]
    margins = [step * small - large for step, small, large in zip(steps, shape, plane.shape, strict=True)]
    padded = cv2.copyMakeBorder(plane, 0, max(0, margins[0]), 0, max(0, margins[1]), cv2.BORDER_REPLICATE)
    return cv2.resize(padded, shape[::-1], interpolation=cv2.INTER_AREA)


def _size(shape: tuple[int, int]) -> str:
    return f"{shape[1]}x{shape[0]}"
