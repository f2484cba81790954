"""Coloured pictures one by one, of a file or of a camera, for whoever wants no file of them."""

import functools
import os
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Self

from temporal_colorize.inference.chroma_stream import ChromaStream, Work, coding_of
from temporal_colorize.inference.colored import ColoredFrame
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.hints.guidance import Guide
from temporal_colorize.inference.profile import Profile
from temporal_colorize.inference.session import Session
from temporal_colorize.inference.turn import Turn
from temporal_colorize.video import Deinterlace, Frame, Limits, VideoReader
from temporal_colorize.video.info import VideoInfo
from temporal_colorize.video.live import LiveSource, Picture, SourceOptions

_TICK = 0.5  # seconds after which somebody who waits for a camera hears that nothing came


class ColoredStream(Iterator[ColoredFrame]):
    """Coloured pictures, until there are no more or somebody closes it; a context manager that does so.

    Any thread may take the next picture, and any may close it: whoever waits for a picture then gets none.

    Args:
        frames: The pictures.
        stop: Has them end soon, and may be called while one is taken.
    """

    def __init__(self, frames: Generator[ColoredFrame], *, stop: Callable[[], object] = lambda: None) -> None:
        self._frames, self._stop = frames, stop
        self._closed, self._taking = threading.Event(), threading.RLock()

    def __next__(self) -> ColoredFrame:
        with self._taking:
            frame = None if self._closed.is_set() else next(self._frames, None)
            if frame is None or self._closed.is_set():
                self.close()
                raise StopIteration
            return frame

    def close(self) -> None:
        """End it: a camera within a second, a file after the picture in work. A second time nothing happens."""
        self._closed.set()
        self._stop()
        with self._taking:
            if not self._frames.gi_running:  # else one of its own callbacks closes it, and it ends after that
                self._frames.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def stream_of(
    session: Session,
    info: VideoInfo,
    *,
    gate: GateOptions | None = None,
    guide: Guide | None = None,
    profile: Profile | None = None,
) -> ChromaStream:
    """Begin to colour pictures of one kind, with chroma where theirs is."""
    shape = info.height, info.width
    return ChromaStream(
        session, coding_of(info), shape=shape, chroma_shape=info.chroma_shape, gate=gate, guide=guide,
        turn=Turn.of(info.display_matrix), profile=profile,
    )  # fmt: skip


def stream_video(
    source: str | os.PathLike[str],
    session: Session,
    *,
    gate: GateOptions | None = None,
    guide: Guide | None = None,
    deinterlace: Deinterlace = "auto",
    rate: float | None = None,
    limits: Limits | None = None,
    start: float = 0,
    end: float | None = None,
) -> ColoredStream:
    """Colour a file's pictures one by one; see `colorize_video` for the options.

    Raises:
        ValueError: If the guide looks ahead, which only a file's job can do; and
        VideoError: with the first picture, if the source cannot be read.
    """
    if guide is not None and guide.looks_ahead:
        raise ValueError("direction=both reads a video twice: give it with an output file, or leave it out")
    part = {"start": start, "end": end}
    opened = functools.partial(VideoReader, source, deinterlace=deinterlace, rate=rate, limits=limits, **part)
    return ColoredStream(_of_file(opened, session, gate, guide))


def _of_file(
    opened: Callable[[], VideoReader], session: Session, gate: GateOptions | None, guide: Guide | None
) -> Generator[ColoredFrame]:
    with opened() as reader:
        stream = stream_of(session, reader.info, gate=gate, guide=guide)
        total, number = reader.info.frame_count if reader.part.is_whole else None, 0
        for item in reader:
            if isinstance(item, Frame):
                (work,) = stream.look([item.luma], [item.time])
                planes = item.luma, *stream.lay(work)
                yield stream.picture(planes, time=item.time, number=number, total=total)
                number += 1


class LiveStream:
    """Colours a camera's pictures, with fresh colours whenever their shape or coding becomes another.

    Args:
        make_session: Gives a fresh session.
        gate: When the network looks again; None for every picture.

    Attributes:
        looks: On how many pictures the network ran, and
        cuts: how many cuts were found, of all streams so far.
        session: The present one; None before the first picture.
    """

    def __init__(self, make_session: Callable[[], Session], *, gate: GateOptions | None) -> None:
        self.looks = self.cuts = 0
        self.session: Session | None = None
        self._make_session, self._gate = make_session, gate
        self._info: VideoInfo | None = None
        self._earlier = 0, 0

    def look(self, picture: Picture) -> tuple[ChromaStream, Work]:
        """Let the network look at the next picture; the stream that is returned can `lay` what comes of it."""
        if picture.info is not self._info:
            self._earlier = self.looks, self.cuts
            self.session = self._make_session()
            self._stream, self._info = stream_of(self.session, picture.info, gate=self._gate), picture.info
        (work,) = self._stream.look([picture.frame.luma])
        self.looks, self.cuts = self._earlier[0] + self._stream.looks, self._earlier[1] + self.session.cuts
        return self._stream, work


def stream_camera(
    address: str,
    make_session: Callable[[], Session],
    *,
    gate: GateOptions | None = None,
    options: SourceOptions,
    tell: Callable[[str], object],
    idle: Callable[[], object] = lambda: None,
) -> ColoredStream:
    """Colour a camera's newest pictures for as long as somebody asks; the oldest are left out if he is slow.

    Args:
        address: See `LiveSource`.
        make_session: Gives a fresh session.
        gate: When the network looks again; None for every picture.
        options: See `SourceOptions`.
        tell: Takes a line whenever the connection is lost or made.
        idle: Is called now and then while no picture comes; what it raises ends the stream.

    Raises:
        ValueError: If the address is of no known kind.
    """
    source = LiveSource(address, options, start=time.monotonic(), name="camera", tell=tell)
    frames = _of_camera(source, LiveStream(make_session, gate=gate), idle)
    return ColoredStream(frames, stop=functools.partial(source.stop, wait=False))


def _of_camera(source: LiveSource, live: LiveStream, idle: Callable[[], object]) -> Generator[ColoredFrame]:
    number = 0
    source.start()
    try:
        while not source.stopped:
            item = source.take(_TICK)
            if isinstance(item, Picture):
                stream, work = live.look(item)
                planes = item.frame.luma, *stream.lay(work)
                frame = stream.picture(planes, time=item.frame.time, number=number)
                yield replace(frame, taken=item.taken, taken_by=item.taken_by)
                number += 1
            elif not source.stopped:
                idle()
    finally:
        source.stop()
