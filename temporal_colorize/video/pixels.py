"""Pixel formats: where a frame's luma lies, and which format its coloured twin is written in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

Matrix = Literal["bt601", "bt709", "bt2020"]
Subsampling = Literal["gray", "420", "422", "444"]

_PLANAR = re.compile(r"yuv[aj]?(410|411|420|422|440|444)p(9|10|12|14|16)?(le|be)?")
_GRAY = re.compile(r"gray(8|9|10|12|14|16)?(le|be)?")
_SEMI_PLANAR = re.compile(r"(?:nv|p[024])(12|16|20|21|24|42|10)(le|be)?")
# No encoder of note writes 4:1:0, 4:1:1 or 4:4:0: the next finer one loses nothing.
_WRITTEN_AS: dict[str, Subsampling] = {"410": "420", "411": "422", "440": "444"}
SWSCALE_MATRIX = {"bt601": Colorspace.ITU601, "bt709": Colorspace.ITU709, "bt2020": Colorspace.BT2020}


@dataclass(frozen=True)
class Layout:
    """Where a pixel format keeps its luma.

    Attributes:
        depth: bits per luma sample, 8..16.
        subsampling: that of the chroma planes to write; "gray" if the source has none.
        shift: bits to drop from a stored sample (P010 keeps its ten bits at the top of sixteen).
        big_endian: byte order of stored samples wider than a byte.
        convert_to: the planar format that swscale must make first; None where plane 0 is luma as it stands.
        kind: "rgb" if luma has to be computed, else "yuv" or "gray".
    """

    depth: int
    subsampling: Subsampling
    shift: int = 0
    big_endian: bool = False
    convert_to: str | None = None
    kind: Literal["yuv", "gray", "rgb"] = "yuv"

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """The type of a luma sample."""
        return np.uint8 if self.depth == 8 else np.uint16


@lru_cache
def layout_of(pix_fmt: str) -> Layout:
    """Describe a pixel format by its FFmpeg name."""
    if match := _PLANAR.fullmatch(pix_fmt):
        chroma = _WRITTEN_AS.get(match[1], match[1])
        return Layout(int(match[2] or 8), chroma, big_endian=match[3] == "be")  # type: ignore[arg-type]
    if match := _GRAY.fullmatch(pix_fmt):
        return Layout(int(match[1] or 8), "gray", big_endian=match[2] == "be", kind="gray")
    if match := _SEMI_PLANAR.fullmatch(pix_fmt):
        return _semi_planar(pix_fmt, big_endian=match[2] == "be")
    return _converted(VideoFormat(pix_fmt))


def _semi_planar(pix_fmt: str, *, big_endian: bool) -> Layout:
    family = pix_fmt.removesuffix("le").removesuffix("be")
    if family.startswith("nv"):
        chroma: Subsampling = {"16": "422", "20": "422", "24": "444", "42": "444"}.get(family[2:], "420")
        return Layout(10 if family == "nv20" else 8, chroma, big_endian=big_endian)
    depth = int(family[2:])
    chroma = {"0": "420", "2": "422", "4": "444"}[family[1]]
    return Layout(depth, chroma, shift=16 - depth, big_endian=big_endian)


def _converted(fmt: VideoFormat) -> Layout:
    bits = fmt.components[0].bits
    # Computed luma need not be deeper than what every encoder takes.
    depth = 8 if bits <= 8 else 10
    suffix = "" if depth == 8 else "10le"
    if fmt.is_rgb or fmt.has_palette or fmt.is_bayer:
        return Layout(depth, "420", convert_to=f"yuv444p{suffix}", kind="rgb")
    if len(fmt.components) < 3:
        return Layout(depth, "gray", convert_to=f"gray{suffix}", kind="gray")
    wide, tall = fmt.chroma_width(64) == 64, fmt.chroma_height(64) == 64
    chroma: Subsampling = "444" if wide else "422" if tall else "420"
    depth = bits if bits in (8, 10, 12, 16) else depth
    return Layout(depth, chroma, convert_to=f"yuv{chroma}p{'' if depth == 8 else f'{depth}le'}")


@lru_cache
def has_alpha(pix_fmt: str) -> bool:
    """Say whether pictures of a format may be transparent; of palettes nobody knows."""
    fmt = VideoFormat(pix_fmt)
    return not fmt.has_palette and any(component.is_alpha for component in fmt.components)


def luma_of(frame: VideoFrame, *, matrix: Matrix, full_range: bool) -> np.ndarray:
    """Return the luma of a decoded frame, (H, W), uint8 or uint16 in native depth, not to be written to.

    The stored samples themselves wherever the format has a luma plane, and where they are stored as we give them, not
    even a copy: the array keeps the frame alive. Packed YUV is only rearranged; RGB and palettes are converted with
    ``matrix`` and ``full_range``.
    """
    layout = layout_of(frame.format.name)
    if layout.convert_to is not None:
        inside = ColorRange.JPEG if full_range else ColorRange.MPEG
        frame = frame.reformat(
            format=layout.convert_to,
            src_colorspace=Colorspace.DEFAULT if layout.kind == "rgb" else SWSCALE_MATRIX[matrix],
            dst_colorspace=SWSCALE_MATRIX[matrix],
            src_color_range=ColorRange.JPEG if layout.kind == "rgb" else inside,
            dst_color_range=inside,
            threads=1,  # on more, swscale (FFmpeg 8) now and then leaves samples of 10-bit formats unwritten
        )
    stored = np.dtype(layout.dtype).newbyteorder(">" if layout.big_endian and layout.depth > 8 else "=")
    luma = plane_view(frame, 0, stored)
    luma = (luma >> layout.shift if layout.shift else luma).astype(layout.dtype, copy=False)
    most = (1 << layout.depth) - 1
    if layout.depth not in (8, 16) and luma.max() > most:  # of a damaged picture, half of it decoded
        luma = np.minimum(luma, layout.dtype(most))
    luma.flags.writeable = False  # the decoder predicts later pictures from the same memory
    return luma


def fill(frame: VideoFrame, luma: np.ndarray, cb: np.ndarray, cr: np.ndarray) -> None:
    """Write three planes of native depth into a planar or semi-planar frame of the same depth and subsampling."""
    layout = layout_of(frame.format.name)
    if len(frame.planes) == 3:
        for index, plane in enumerate((luma, cb, cr)):
            plane_view(frame, index, layout.dtype)[:] = plane
        return
    np.left_shift(luma, layout.shift, out=plane_view(frame, 0, layout.dtype))
    pairs = _lines(frame, 1, layout.dtype)
    for index, plane in enumerate((cb, cr)):
        np.left_shift(plane, layout.shift, out=pairs[:, index : 2 * plane.shape[1] : 2])


def plane_view(frame: VideoFrame, index: int, dtype: np.dtype | type) -> np.ndarray:
    """View one plane of a frame as (H, W) without its line padding; writing to the view writes to the frame."""
    return _lines(frame, index, dtype)[:, : frame.planes[index].width]


def _lines(frame: VideoFrame, index: int, dtype: np.dtype | type) -> np.ndarray:
    plane = frame.planes[index]
    return np.frombuffer(plane, dtype).reshape(plane.height, plane.line_size // np.dtype(dtype).itemsize)


def output_format(layout: Layout, *, width: int, height: int) -> tuple[str, tuple[int, int]]:
    """Choose the planar format to write in, and the (height, width) of its Cb and Cr planes.

    Source subsampling and depth; grey becomes 4:2:0; a size that 4:2:0 or 4:2:2 cannot halve becomes 4:4:4, because
    encoders refuse the odd line.
    """
    chroma = "420" if layout.subsampling == "gray" else layout.subsampling
    if (chroma == "420" and (width % 2 or height % 2)) or (chroma == "422" and width % 2):
        chroma = "444"
    shape = (height // 2 if chroma == "420" else height, width if chroma == "444" else width // 2)
    return f"yuv{chroma}p{'' if layout.depth == 8 else f'{layout.depth}le'}", shape
