"""A second video beside the coloured one: how sure each of its pictures is, at the same times."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from av.packet import Packet
from torch import Tensor

from temporal_colorize.inference.confidence_map import ConfidenceMap, Style
from temporal_colorize.video import Frame, VideoError, VideoInfo, VideoWriter
from temporal_colorize.video.info import UNSPECIFIED
from temporal_colorize.video.picture_encoder import PictureEncoder

CONFIDENCE = -2  # the stream of its packets, see `video.packets`
_SUFFIXES = (".mp4", ".mkv")
# Smooth areas, so veryfast loses nothing; what programs read is not to be changed by the encoder.
_ENCODING: dict[Style, dict[str, object]] = {
    "viridis": {"preset": "veryfast", "crf": 18},
    "luma": {"preset": "veryfast", "qp": 0},
}


class ConfidenceVideo(VideoWriter):
    """Writes the maps of one video; of its packets, those of stream CONFIDENCE.

    Args:
        path: The output, .mp4 or .mkv.
        info: The source's.
        style: See `ConfidenceMap`.
        words: See `ConfidenceMap`.
        comment: Goes into the file's metadata.
        part: Where to write until the end.

    Raises:
        VideoError: If it cannot be written there.
    """

    def __init__(
        self, path: Path, info: VideoInfo, *, style: Style, words: str, comment: str, part: Path | None = None
    ) -> None:
        if path.suffix.lower() not in _SUFFIXES:
            raise VideoError(f"confidence={path}: end the name in {' or '.join(_SUFFIXES)} beside a video")
        self.map = ConfidenceMap((info.height, info.width), style, words=words)
        super().__init__(
            path, _own(info, self.map.shape), options=_ENCODING[style], metadata={"comment": comment}, part=part
        )

    def segment(self) -> "MapEncoder":
        """Open an encoder for the maps of a segment."""
        return MapEncoder(self.encoder(), self.map, self.chroma_shape)


class MapEncoder:
    """Encodes maps, in the order of the pictures."""

    def __init__(self, encoder: PictureEncoder, draw: ConfidenceMap, chroma_shape: tuple[int, int]) -> None:
        self._encoder, self._draw, self._chroma_shape = encoder, draw, chroma_shape
        self._of: Tensor | None = None
        self._planes: tuple[np.ndarray, np.ndarray, np.ndarray]

    def encode(self, frame: Frame, confidence: Tensor) -> list[Packet]:
        """Encode the map, (h, w), that belongs to a frame."""
        if confidence is not self._of:  # most frames of a still scene show the one before them
            self._of, self._planes = confidence, self._draw.planes(confidence, self._chroma_shape)
        luma, cb, cr = self._planes
        return self._encoder.encode(replace(frame, luma=luma), cb, cr)

    def flush(self) -> list[Packet]:
        """Return the packets of the last maps."""
        return self._encoder.flush()


def _own(info: VideoInfo, shape: tuple[int, int]) -> VideoInfo:
    """Describe the maps: the source's times and pixels, in colours of their own."""
    height, width = shape
    return replace(
        info, pix_fmt="yuv420p", bit_depth=8, matrix="bt601", full_range=True, color_primaries=UNSPECIFIED,
        color_trc=UNSPECIFIED, colorspace=UNSPECIFIED, color_range=0, height=height, width=width, audio_codecs=(),
        interlaced=False,
    )  # fmt: skip
