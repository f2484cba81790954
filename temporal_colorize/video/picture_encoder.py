"""Turns coloured pictures into packets."""

from __future__ import annotations

import av
import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from temporal_colorize.video.errors import VideoError, reason
from temporal_colorize.video.frame import Frame
from temporal_colorize.video.info import VideoInfo
from temporal_colorize.video.pixels import fill


class PictureEncoder:
    """Puts planes together to pictures and encodes them.

    Args:
        context: An open encoder.
        pix_fmt: Of the pictures that it takes.
        info: The source's.
        target: The output's name, for errors.
    """

    def __init__(self, context: VideoCodecContext, pix_fmt: str, info: VideoInfo, *, target: str) -> None:
        self._context, self._info, self._target = context, info, target
        self._picture = VideoFrame(info.width, info.height, pix_fmt)
        for tag, value in info.output_tags.items():
            setattr(self._picture, tag, value)

    def encode(self, frame: Frame, cb: np.ndarray, cr: np.ndarray, *, alone: bool = False) -> list[Packet]:
        """Encode one coloured picture; packets of earlier ones may come out.

        Args:
            frame: the source's frame, in the source's order.
            cb: (h, w) as ``VideoInfo.chroma_shape`` says, integers in the luma's depth, range and matrix.
            cr: likewise.
            alone: whether it must stand for itself, as a keyframe.

        Raises:
            ValueError: if a plane's shape or type does not fit.
            VideoError: if the encoder fails.
        """
        info = self._info
        dtype = np.dtype(info.layout.dtype)
        shapes = ((info.height, info.width), info.chroma_shape, info.chroma_shape)
        for index, (plane, shape) in enumerate(zip((frame.luma, cb, cr), shapes, strict=True)):
            if plane.shape != shape or plane.dtype != dtype:
                raise ValueError(f"plane {index} must be {shape} {dtype.name}, not {plane.shape} {plane.dtype.name}")
        picture = self._picture
        picture.make_writable()  # other memory, where the encoder still reads the last picture's
        fill(picture, frame.luma, cb, cr)
        picture.pts, picture.time_base, picture.duration = frame.pts, frame.time_base, frame.duration
        picture.pict_type = PictureType.I if alone else PictureType.NONE
        return self._packets(picture)

    def flush(self) -> list[Packet]:
        """Return the packets of the last pictures; nothing can be encoded after that."""
        return self._packets(None)

    def _packets(self, picture: VideoFrame | None) -> list[Packet]:
        try:
            return self._context.encode(picture)
        except (av.FFmpegError, ValueError) as error:
            raise VideoError(f"{self._target}: encoding failed ({reason(error)})") from None
