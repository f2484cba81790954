"""Writes picture files, whole or not at all."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from temporal_colorize.video.labels import Label, label_picture

WITH_LOSS = frozenset({".jpg", ".jpeg"})
EIGHT_BITS = frozenset({".jpg", ".jpeg", ".webp", ".bmp"})  # at most, a sample


class PictureError(ValueError):
    """A picture that cannot be read or written; the message names it."""


def write_picture(
    option: str,
    target: Path,
    bgr: np.ndarray,
    *,
    label: Label | None = None,
    seal: Callable[[Path], None] | None = None,
) -> None:
    """Write a picture, (H, W, 3) uint8 or uint16 with blue first, whole or not at all; 16 bits become 8 where the
    format has no more.

    Args:
        option: That names the target.
        target: Its suffix chooses the format.
        bgr: The picture.
        label: What the file says of its colours.
        seal: Changes the file before it takes its name; its errors are passed on.

    Raises:
        PictureError: If it cannot be written; the message names the option.
    """
    import cv2

    if bgr.dtype == np.uint16 and target.suffix.lower() in EIGHT_BITS:
        bgr = (bgr >> 8).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 95] if target.suffix.lower() in WITH_LOSS else []
    done, content = cv2.imencode(target.suffix, bgr, quality)
    if not done:
        raise PictureError(f"{option}={target}: this picture does not fit the format {target.suffix}")
    part = target.with_name(f".{target.name}.part")
    try:
        plain = content.tobytes()
        part.write_bytes(plain if label is None else label_picture(plain, label))
        if seal is not None:
            seal(part)
        part.replace(target)
    except OSError as error:
        raise PictureError(f"{option}={target}: cannot be written there ({error.strerror})") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
