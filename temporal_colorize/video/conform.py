"""Makes pictures that change in the middle of a file fit its first one."""

from __future__ import annotations

from typing import Any

from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation

from temporal_colorize.video.info import VideoInfo, is_full_range
from temporal_colorize.video.pixels import SWSCALE_MATRIX, layout_of

_MOST_NOTES = 5
_SCALER = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


class Conformer:
    """Scales and converts pictures whose luma differs in size, depth or range from the first picture's.

    Attributes:
        changed: whether any picture was.
    """

    def __init__(self, info: VideoInfo, notes: list[str]) -> None:
        """Take the first picture's measures; ``notes`` gets a line for each change, as far as they are few."""
        self.changed = False
        self._notes = notes
        self._info = info
        self._first = (info.width, info.height, info.layout.depth, info.layout.kind == "rgb", info.full_range)
        self._last = self._first
        self._changes = 0

    def __call__(self, picture: VideoFrame, frames: int) -> VideoFrame:
        """Return a picture whose luma is like the first one's.

        Args:
            picture: a decoded one.
            frames: how many came before it, for the notes.
        """
        layout = layout_of(picture.format.name)
        full = is_full_range(picture, self._info.codec)
        kind = (picture.width, picture.height, layout.depth, layout.kind == "rgb", full)
        if kind != self._last and kind != self._first:
            self._note(picture, frames, full=full)
        self._last = kind
        if kind == self._first:
            return picture
        self.changed = True
        return self._convert(picture, full=full or layout.kind == "rgb")

    def state(self) -> dict[str, Any]:
        """Copy what is carried from picture to picture; JSON can hold it."""
        return {"changed": self.changed, "last": list(self._last), "changes": self._changes}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a ``state``."""
        self.changed, self._last, self._changes = state["changed"], tuple(state["last"]), state["changes"]

    def _convert(self, picture: VideoFrame, *, full: bool) -> VideoFrame:
        info = self._info
        return picture.reformat(
            width=info.width,
            height=info.height,
            format=info.layout.convert_to or info.pix_fmt,
            src_colorspace=SWSCALE_MATRIX[info.matrix],
            dst_colorspace=SWSCALE_MATRIX[info.matrix],
            src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG if info.full_range else ColorRange.MPEG,
            interpolation=_SCALER,
            threads=1,  # see pixels.luma_of
        )

    def _note(self, picture: VideoFrame, frames: int, *, full: bool) -> None:
        self._changes += 1
        if self._changes > _MOST_NOTES:
            return
        info = self._info
        now = f"{picture.width}x{picture.height} {picture.format.name}{' in full range' * full}"
        if (picture.width, picture.height) != (info.width, info.height):
            done = f"scaled to {info.width}x{info.height}"
        else:
            done = f"converted to {info.pix_fmt}{' in full range' * info.full_range}"
        more = "; further changes likewise" if self._changes == _MOST_NOTES else ""
        self._notes.append(f"the picture changes to {now} after {frames} frames: {done}{more}")
