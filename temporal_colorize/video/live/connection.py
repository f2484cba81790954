"""One connection to a camera: opens it and decodes its pictures, as soon as they come."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import av
from av.codec.context import Flags
from av.packet import Packet
from av.video.frame import VideoFrame

from temporal_colorize.options import require_integer, require_number, require_one_of
from temporal_colorize.video.decoder import demuxed
from temporal_colorize.video.errors import VideoError, reason
from temporal_colorize.video.info import VideoInfo, inspect
from temporal_colorize.video.limits import Limits
from temporal_colorize.video.live.addresses import redacted, scheme_of, webcam
from temporal_colorize.video.live.clock import stamp_of
from temporal_colorize.video.live.sound import Sound
from temporal_colorize.video.live.timeline import TIME_BASE, Backlog
from temporal_colorize.video.opening import network_options

_MOST_PENDING = 64  # packets whose pictures have not come out of the decoder
_FIRST = 10.0  # seconds more for the first picture: it may have to wait for a keyframe
_MOST_SKIPPING = 2.0  # seconds, then it is decoded on: some streams have no keyframes but refresh part by part
_PROBED = 500_000  # bytes that are looked at before decoding begins


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """How a live source is read; times in seconds.

    Attributes:
        queue: pictures that may wait; the oldest gives way to a new one.
        open_timeout: after which opening is given up, and
        read_timeout: a source that sends no picture any more; the first may take 10 s longer.
        wait: before the second attempt to connect; it doubles, up to
        most_wait: this.
        probe: for how long a new connection is looked at before it is decoded.
        behind: how far decoding may be behind before packets are dropped up to the next keyframe, or for 2 s.
        transport: "tcp" or "udp", of RTSP.
        limits: what the source is trusted with.

    Raises:
        ValueError: If a value is out of its range.
    """

    queue: int = 2
    open_timeout: float = 5.0
    read_timeout: float = 2.0
    wait: float = 0.1
    most_wait: float = 2.0
    probe: float = 0.5
    behind: float = 0.5
    transport: str = "tcp"
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        require_integer("live.source.queue", self.queue, least=1, most=64)
        for name in ("open_timeout", "read_timeout", "wait", "most_wait", "probe", "behind"):
            require_number(f"live.source.{name}", getattr(self, name), least=0.01, most=3600)
        require_one_of("live.source.transport", self.transport, ("tcp", "udp"))


@dataclass(frozen=True)
class Decoded:
    """A picture out of the decoder.

    Attributes:
        picture: as FFmpeg gives it.
        seconds: its timestamp; None if it has none.
        arrived: what ``time.monotonic()`` was when its packet came.
        stamp: when it was taken by the camera's clock; None if the camera has not said so.
    """

    picture: VideoFrame
    seconds: float | None
    arrived: float
    stamp: datetime | None = None


@dataclass
class Tally:
    """What happened to a source's packets, so far.

    Attributes:
        skipped: packets of pictures that were not decoded because decoding was behind.
        damaged: how often decoding failed or a picture came out marked as corrupt.
    """

    skipped: int = 0
    damaged: int = 0


class Connection:
    """An open source, to be iterated once: decoded pictures, and packets of sound.

    Attributes:
        sound: the sound streams whose packets are given; a packet's own ``stream`` ends with the connection.

    Args:
        address: of the source.
        options: see `SourceOptions`.
        tally: to add to.

    Raises:
        VideoError: If it cannot be opened or has no pictures; its text holds nothing secret.
    """

    def __init__(self, address: str, options: SourceOptions, tally: Tally) -> None:
        self._address, self._options, self._tally = address, options, tally
        self._backlog, self._skipping = Backlog(), False
        self._skipping_since = 0.0
        self._pending: dict[int, tuple[float, datetime | None]] = {}  # packets of pictures not out yet: came, stamped
        self._patience = options.read_timeout + _FIRST
        self._container = _open(address, options)
        try:
            self._stream = next(iter(self._container.streams.video), None)
            if self._stream is None or self._stream.codec_context is None:
                raise VideoError(f"{redacted(address)}: there is no video in it that FFmpeg can decode")
            context = self._stream.codec_context
            context.options = {**context.options, "max_pixels": str(options.limits.pixels)}
            context.thread_type = "SLICE"  # threads of whole frames give each picture later
            context.flags |= Flags.low_delay
            self._heard = [stream for stream in self._container.streams.audio if stream.codec_context is not None]
            self.sound = tuple(Sound.of(stream) for stream in self._heard)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it; packets and pictures already given stay valid."""
        self._container.close()

    def describe(self, picture: VideoFrame, name: str) -> VideoInfo:
        """Describe the stream by a picture of it."""
        info = inspect(Path(name), self._container, self._stream, picture)
        return replace(info, time_base=TIME_BASE, frame_count=None, duration=None)

    def __iter__(self) -> Iterator[Decoded | Packet]:
        """Read until the source ends.

        Raises:
            VideoError: If it breaks off or sends no pictures any more.
        """
        alive = time.monotonic()
        for packet, now, waited in self._packets():
            if packet.stream_index != self._stream.index:
                yield packet
            elif self._must_skip(packet, now, waited):
                alive = now
            else:
                for decoded in self._decode(packet, now):
                    alive, self._patience = now, self._options.read_timeout
                    yield decoded
            if now - alive > self._patience:
                raise VideoError(f"{redacted(self._address)}: it sends no pictures any more")

    def _packets(self) -> Iterator[tuple[Packet, float, float]]:
        packets = demuxed(self._container, [self._stream, *self._heard], [])
        before = time.monotonic()
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError as error:
                raise _broken(self._address, error, "it broke off") from None
            now = time.monotonic()
            if packet is None or not packet.size:  # the empty ones that end each stream are PyAV's own
                return
            yield packet, now, now - before
            before = time.monotonic()

    def _must_skip(self, packet: Packet, now: float, waited: float) -> bool:
        behind = self._backlog.behind(_seconds(packet.dts, packet.time_base), now, waited=waited)
        late, before = behind > self._options.behind, self._skipping
        self._skipping = late or (before and not packet.is_keyframe)
        if self._skipping and not before:
            self._skipping_since = now
        elif self._skipping and now - self._skipping_since > _MOST_SKIPPING:
            self._backlog, self._skipping = Backlog(), False
        self._tally.skipped += self._skipping
        return self._skipping

    def _decode(self, packet: Packet, now: float) -> Iterator[Decoded]:
        pending, stamp = self._pending, stamp_of(packet)
        if packet.pts is not None:
            pending[packet.pts] = now, stamp
            while len(pending) > _MOST_PENDING:
                del pending[next(iter(pending))]
        try:
            pictures = self._stream.decode(packet)
        except av.FFmpegError:
            self._tally.damaged += 1
            return
        for picture in pictures:
            self._tally.damaged += picture.is_corrupt
            came = pending.pop(picture.pts, (now, stamp))
            yield Decoded(picture, _seconds(picture.pts, picture.time_base), *came)


def _seconds(stamp: int | None, time_base: Fraction | None) -> float | None:
    return None if stamp is None or time_base is None else float(stamp * time_base)


def _open(address: str, options: SourceOptions) -> av.container.InputContainer:
    device, scheme = webcam(address), scheme_of(address)
    asked = {} if device else network_options(address, options.limits)
    asked |= {"probesize": str(_PROBED), "analyzeduration": str(round(options.probe * 1e6))}
    if scheme in ("rtsp", "rtsps"):
        asked |= {"rtsp_transport": options.transport}
    try:
        return av.open(
            device or address,
            format="v4l2" if device else None,
            options={} if device else asked,
            timeout=(options.open_timeout, options.read_timeout),
            metadata_errors="replace",
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _broken(address, error, "it cannot be opened") from None


def _broken(address: str, error: Exception, what: str) -> VideoError:
    cause = "no answer in time" if isinstance(error, av.ExitError) else reason(error)
    return VideoError(f"{redacted(address)}: {what} ({cause})")
