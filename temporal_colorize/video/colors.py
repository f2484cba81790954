"""Reads pictures of a video in its own colours, which everything else leaves alone."""

from __future__ import annotations

import contextlib
import os

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import Colorspace

from temporal_colorize.video.errors import VideoError
from temporal_colorize.video.limits import Limits
from temporal_colorize.video.opening import open_local
from temporal_colorize.video.reader import VideoReader

_MATRICES = {"bt601": Colorspace.ITU601, "bt709": Colorspace.ITU709, "bt2020": Colorspace.ITU709}
_SLACK = 1e-3  # seconds, of times that were rounded


def sample_rgb(path: str | os.PathLike[str], *, most: int, limits: Limits | None = None) -> list[np.ndarray]:
    """Read at most `most` pictures, evenly from the whole of a file, each (H, W, 3) uint8 RGB as its tags mean it.

    Where there are enough key pictures, only such are decoded; else all, and no more than twice `most` held at once.

    Raises:
        VideoError: If it is no video, or no picture in it can be decoded.
    """
    with VideoReader(path, limits=limits) as reader:  # holds the file to the limits, and knows its matrix
        matrix, index = _MATRICES[reader.info.matrix], reader.stream_index
    with open_local(path, limits=limits) as container:
        taken = _seek(container, index, matrix, most)
    if len(taken) == most:
        return taken
    with open_local(path, limits=limits) as container:
        taken = _decode(container, index, matrix, most)
    if not taken:
        raise VideoError(f"{path}: no picture in it can be decoded; copy or export it again from its source")
    return taken[:: -(-len(taken) // most)]


def rgb_at(path: str | os.PathLike[str], seconds: float, *, limits: Limits | None = None) -> tuple[np.ndarray, float]:
    """Read the picture that is shown at a time, in seconds after the first one, and the time at which it begins.

    It is (H, W, 3) uint8 RGB as its tags mean it, as it is stored; after the end, the last one.

    Raises:
        VideoError: If it is no video, or no picture there can be decoded.
    """
    with VideoReader(path, limits=limits) as reader:
        matrix, index, origin = _MATRICES[reader.info.matrix], reader.stream_index, reader.part.origin
    wanted, found = float(origin) + seconds + _SLACK, None
    with open_local(path, limits=limits) as container, contextlib.suppress(av.FFmpegError):
        if seconds and container.duration:
            container.seek(round((float(origin) + seconds) * av.time_base))
        for frame in container.decode(container.streams[index]):
            if found is not None and (frame.time is None or frame.time > wanted):
                break
            found = frame
    if found is None:
        raise VideoError(f"{path}: no picture at {seconds:.2f} s can be decoded; choose another time")
    rgb = found.to_ndarray(format="rgb24", src_colorspace=matrix)
    return rgb, max(0.0, (found.time or 0.0) - float(origin))


def _seek(container: InputContainer, index: int, matrix: int, most: int) -> list[np.ndarray]:
    """Take key pictures evenly over the file; fewer where it has not so many, or cannot be sought in."""
    taken: dict[int, np.ndarray] = {}  # by time: neighbours may have the same key picture
    for number in range(most if container.duration else 0):
        try:
            container.seek((container.start_time or 0) + container.duration * (2 * number + 1) // (2 * most))
            frame = next(frame for frame in container.decode(container.streams[index]) if not frame.is_corrupt)
        except (av.FFmpegError, StopIteration):
            break
        if frame.pts is None or frame.pts in taken:
            break
        taken[frame.pts] = frame.to_ndarray(format="rgb24", src_colorspace=matrix)
    return list(taken.values())


def _decode(container: InputContainer, index: int, matrix: int, most: int) -> list[np.ndarray]:
    """Take `most` pictures or up to twice as many, evenly, of all up to the end or the first damage."""
    taken: list[np.ndarray] = []
    step = 1
    try:
        for number, frame in enumerate(container.decode(container.streams[index])):
            if number % step == 0:
                taken.append(frame.to_ndarray(format="rgb24", src_colorspace=matrix))
            if len(taken) == 2 * most:
                taken, step = taken[::2], 2 * step
    except av.FFmpegError:  # what came before the damage is enough
        pass
    return taken
