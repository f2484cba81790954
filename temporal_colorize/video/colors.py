"""Reads pictures of a video in its own colours, which everything else leaves alone."""

from __future__ import annotations

import os

import av
import numpy as np
from av.video.reformatter import Colorspace

from temporal_colorize.video.errors import VideoError
from temporal_colorize.video.limits import Limits
from temporal_colorize.video.opening import open_local
from temporal_colorize.video.reader import VideoReader

_MATRICES = {"bt601": Colorspace.ITU601, "bt709": Colorspace.ITU709, "bt2020": Colorspace.ITU709}


def sample_rgb(path: str | os.PathLike[str], *, most: int, limits: Limits | None = None) -> list[np.ndarray]:
    """Read at most `most` pictures, evenly from the whole of a file, each (H, W, 3) uint8 RGB as its tags mean it.

    Every picture is decoded, and no more than twice `most` are held at once.

    Raises:
        VideoError: If it is no video, or no picture in it can be decoded.
    """
    with VideoReader(path, limits=limits) as reader:  # holds the file to the limits, and knows its matrix
        matrix, index = _MATRICES[reader.info.matrix], reader.stream_index
    taken: list[np.ndarray] = []
    step = 1
    with open_local(path, limits=limits) as container:
        try:
            for number, frame in enumerate(container.decode(container.streams[index])):
                if number % step == 0:
                    taken.append(frame.to_ndarray(format="rgb24", src_colorspace=matrix))
                if len(taken) == 2 * most:
                    taken, step = taken[::2], 2 * step
        except av.FFmpegError:  # what came before the damage is enough
            pass
    if not taken:
        raise VideoError(f"{path}: no picture in it can be decoded; copy or export it again from its source")
    return taken[:: -(-len(taken) // most)]
