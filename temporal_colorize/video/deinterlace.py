"""Makes whole pictures of interlaced ones, by FFmpeg's bwdif filter."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

import av
from av.filter import Graph
from av.video.frame import VideoFrame

from temporal_colorize.video.errors import reason

Deinterlace = Literal["auto", "on", "off"]
DEINTERLACE = ("auto", "on", "off")
_NOTE = "deinterlaced (bwdif): the luma is not the source's"
_KEPT = "interlaced and left so, but marked as progressive: players will show its combs (deinterlace=auto)"


class Deinterlacer:
    """A picture in, a picture out, one picture late once it works; the times and the number of pictures stay.

    "auto" starts at the first picture that is marked as interlaced and changes only such pictures; "on" changes every
    picture, for recordings whose marks are wrong.

    Attributes:
        used: whether it changes pictures.
    """

    def __init__(self, mode: Deinterlace, time_base: Fraction, notes: list[str]) -> None:
        """Start.

        Args:
            mode: "off" passes everything on.
            time_base: of the pictures' times.
            notes: gets a line that says what was done.
        """
        self.used = False
        self._notes = notes
        self._mode = mode
        self._time_base = time_base
        self._graph: Graph | None = None
        self._wanted = mode == "on"
        self._made_for: tuple[int, int, str] | None = None

    def begin(self, *, at_once: bool) -> None:
        """Take the next picture for interlaced, if ``at_once``, whatever it is marked as."""
        self._wanted |= at_once

    def feed(self, picture: VideoFrame | None) -> Iterator[VideoFrame]:
        """Give the next picture, or None for the end, and yield those that are ready."""
        kind = picture and (picture.width, picture.height, picture.format.name)
        if self._graph is not None and kind != self._made_for:
            self._graph.push(None)
            yield from self._ready()
            self._graph = None
        if picture is None:
            return
        if picture.interlaced_frame and self._mode == "off":
            self._say(_KEPT)
        self._wanted |= self._mode == "auto" and picture.interlaced_frame
        if self._wanted and kind != self._made_for:
            self._graph, self._made_for = self._make(picture), kind
        if self._graph is None:
            yield picture
            return
        self._graph.push(picture)
        yield from self._ready()

    def _make(self, picture: VideoFrame) -> Graph | None:
        graph = Graph()
        graph.threads = 1
        which = "all" if self._mode == "on" else "interlaced"
        base = f"{self._time_base.numerator}/{self._time_base.denominator}"
        try:
            nodes = [
                graph.add(
                    "buffer",
                    f"video_size={picture.width}x{picture.height}:pix_fmt={picture.format.name}:time_base={base}"
                    f":colorspace={int(picture.colorspace)}:range={int(picture.color_range)}",
                ),
                graph.add("bwdif", f"mode=send_frame:parity=auto:deint={which}"),
                graph.add("buffersink"),
            ]
            graph.link_nodes(*nodes).configure()
        except (av.FFmpegError, ValueError) as error:  # less than three lines, say
            self._say(f"not deinterlaced: the filter refuses {picture.width}x{picture.height} {picture.format.name} "
                      f"({reason(error)})")  # fmt: skip
            return None
        self.used = True
        self._say(_NOTE)
        return graph

    def _say(self, note: str) -> None:
        if note not in self._notes:
            self._notes.append(note)

    def _ready(self) -> Iterator[VideoFrame]:
        while True:
            try:
                picture = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            picture.pts = round(picture.pts * picture.time_base / self._time_base)
            picture.duration = round(picture.duration * picture.time_base / self._time_base)
            picture.time_base = self._time_base
            yield picture
