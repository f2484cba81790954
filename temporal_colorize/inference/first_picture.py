"""The first picture that is coloured of a file, as a network sees it."""

import os
from typing import NamedTuple

from torch import Tensor

from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.inference.picture import is_picture, read_luma
from temporal_colorize.inference.planes import see
from temporal_colorize.inference.session import Session
from temporal_colorize.inference.turn import UNTURNED, Turn
from temporal_colorize.video import Deinterlace, Frame, Limits, VideoReader


class FirstPicture(NamedTuple):
    """What is seen, (1, H, W) of L*, (height, width) of the luma that it was, and how that is turned when shown."""

    seen: Tensor
    shape: tuple[int, int]
    turn: Turn = UNTURNED


def see_first(
    source: str | os.PathLike[str],
    session: Session,
    *,
    deinterlace: Deinterlace = "auto",
    rate: float | None = None,
    limits: Limits | None = None,
    start: float = 0,
) -> FirstPicture:
    """Read a picture, or a video's first one from `start` seconds on; see `colorize_video` for the options.

    Raises:
        ValueError: If it cannot be read.
    """
    turn = UNTURNED
    if is_picture(source):
        plane = read_luma(source, limits=limits)
        coding = ChromaCoding("bt601", full_range=True, bit_depth=8 * plane.dtype.itemsize)
    else:
        with VideoReader(source, deinterlace=deinterlace, rate=rate, limits=limits, start=start) as reader:
            plane = next(item.luma for item in reader if isinstance(item, Frame))
            coding = ChromaCoding(reader.info.matrix, reader.info.full_range, reader.info.bit_depth)
            turn = Turn.of(reader.info.display_matrix)
    return FirstPicture(see(plane, session.network_size(*plane.shape), coding), plane.shape, turn)
