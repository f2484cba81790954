"""An output of a live source: opened at its first picture, and anew whenever it breaks or the picture changes."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import av
import numpy as np
from av.packet import Packet

from temporal_colorize.video.encoder import choose_encoder
from temporal_colorize.video.errors import VideoError, reason
from temporal_colorize.video.info import VideoInfo
from temporal_colorize.video.live.addresses import scrubbed
from temporal_colorize.video.live.muxer import Muxer
from temporal_colorize.video.live.rolling import delete_oldest, left_over
from temporal_colorize.video.live.source import Picture
from temporal_colorize.video.live.targets import OutputClosed, Target, TargetOptions, target_of
from temporal_colorize.video.live.timeline import TIME_BASE

_STEADY = 10.0  # seconds after which an output counts as open; what is published may seem to be taken at first
_BROKEN = (av.FFmpegError, OSError, VideoError)
_CLOSED = (errno.EPIPE, errno.ECONNRESET)


class LiveOutput:
    """Writes the coloured pictures of one camera; to be used by one thread.

    What breaks is opened again, after waits that grow; pictures that come meanwhile are lost, and counted.

    Args:
        output: an RTSP, RTMP or UDP address; "pipe:1" for MPEG-TS on standard output; a name in .m3u8 for HLS; a
            file, or a file's name with fields of the date and the time (``%H-%M``) for one after the other.
        options: see `TargetOptions`.
        codec: FFmpeg's name of a video encoder.
        encoding: its options; None values are left out.
        wait: seconds before it is opened again; doubles, up to
        most_wait: this.
        metadata: of the container.
        name: of the camera, for messages.
        tell: takes a line for people; nothing secret is in it.

    Attributes:
        frames: pictures written,
        stopped: set from another thread to wait no longer for whoever reads a pipe,
        lost: pictures that came while the output was broken, and
        reopened: how often it was opened again after it broke.

    Raises:
        VideoError: If the output is of no kind that is known, or its folder cannot be written to.
    """

    def __init__(
        self,
        output: str,
        options: TargetOptions,
        *,
        codec: str,
        encoding: Mapping[str, object],
        wait: float,
        most_wait: float,
        metadata: Mapping[str, str],
        name: str,
        tell: Callable[[str], object],
    ) -> None:
        self.frames = self.lost = self.reopened = 0
        self.stopped = False
        self._target: Target = target_of(output, options)
        self._options, self._codec, self._metadata = options, codec, metadata
        self._encoding = {key: str(value) for key, value in encoding.items() if value is not None}
        self._first_wait = self._wait = wait
        self._most_wait, self._retry_at, self._opened_at = most_wait, 0.0, 0.0
        self._muxer: Muxer | None = None
        self._said: set[str] = set()
        self._broken = False
        self._tell = lambda line: tell(f"{name}: {line}")
        for path in left_over(output) if self._target.is_file else []:
            self._tell(f"an earlier run was killed: what it had written so far is {path}")

    def write(self, picture: Picture, cb: np.ndarray, cr: np.ndarray) -> bool:
        """Encode and write a picture; planes as `VideoWriter.write` takes them. Return whether it was written.

        Raises:
            OutputClosed: If whoever read the pipe has closed it.
            VideoError: If at the first attempt the encoder or the container refuses, or a file cannot be written.
        """
        if self._muxer is not None and self._must_change(picture):
            self._finish()
        if self._muxer is None and not self._open(picture):
            self.lost += 1
            return False
        try:
            self._muxer.write(picture.frame, cb, cr)
        except _BROKEN as error:
            self._break(error)
            self.lost += 1
            return False
        self.frames += 1
        if time.monotonic() - self._opened_at > _STEADY:
            self._wait, self._broken = self._first_wait, False
        return True

    def copy(self, packet: Packet) -> None:
        """Pass a packet of sound on, if the output is open and can hold it.

        Raises:
            OutputClosed: If whoever read the pipe has closed it.
        """
        if self._muxer is None:
            return
        try:
            self._muxer.copy(packet)
        except _BROKEN as error:
            self._break(error)

    def check(self) -> None:
        """Look after the output while no pictures come.

        Raises:
            OutputClosed: If whoever read the pipe has closed it.
        """
        if self._muxer is not None and self._target.is_stdout and not self._muxer.is_read:
            self._muxer.abandon()
            self._muxer = None
            raise OutputClosed

    def close(self) -> None:
        """Finish what is open."""
        if self._muxer is not None:
            self._finish()

    def _must_change(self, picture: Picture) -> bool:
        if picture.info is not self._muxer.info or picture.sound != self._muxer.sound:
            return True
        minutes, began = self._target.minutes, self._muxer.began
        return minutes is not None and began is not None and (picture.frame.pts - began) * TIME_BASE >= 60 * minutes

    def _open(self, picture: Picture) -> bool:
        now = time.monotonic()
        if now < self._retry_at:
            return False
        try:
            self._muxer = self._make(picture.info, picture)
        except (av.FFmpegError, OSError, ValueError) as error:
            if isinstance(error, VideoError) and not self.frames:
                raise
            if self._target.is_file and not self.frames:
                raise VideoError(f"{self._target.shown}: cannot be written there ({reason(error)})") from None
            self._break(error)
            return False
        self.reopened += self._broken
        self._opened_at = time.monotonic()
        for note in self._muxer.left_out:
            self._once(f"{self._target.shown} goes without {note}, which {self._target.format} cannot hold")
        return True

    def _make(self, info: VideoInfo, picture: Picture) -> Muxer:
        encoder = choose_encoder(self._codec, info, self._encoding, self._target.shown)
        if encoder.note:
            self._once(encoder.note)
        return Muxer(
            self._target,
            info,
            picture.sound,
            encoder,
            keyframe_seconds=self._options.keyframe_seconds,
            metadata=self._metadata,
            stopped=lambda: self.stopped,
        )

    def _finish(self) -> None:
        muxer, self._muxer = self._muxer, None
        try:
            complete = muxer.close()
        except _BROKEN as error:
            muxer.abandon()
            return self._tell(f"{self._target.shown} was not finished ({scrubbed(reason(error))})")
        if self._options.files is not None and complete is not None:
            self._make_room(complete)

    def _make_room(self, newest: Path) -> None:
        try:
            delete_oldest(self._target.address, self._options.files, newest=newest)
        except OSError as error:
            self._once(f"{self._target.shown}: an old file cannot be deleted ({reason(error)})")

    def _break(self, error: Exception) -> None:
        muxer, self._muxer = self._muxer, None
        cause = muxer.abandon() if muxer is not None else None
        if self._target.is_stdout and getattr(error, "errno", None) in _CLOSED:
            raise OutputClosed from None
        if not self._broken:
            self._tell(f"{self._target.shown} is broken ({cause or scrubbed(reason(error))}); opening it again")
        self._broken = True
        self._retry_at = time.monotonic() + self._wait
        self._wait = min(2 * self._wait, self._most_wait)

    def _once(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            self._tell(line)
