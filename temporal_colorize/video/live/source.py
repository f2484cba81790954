"""A live source: its newest pictures, over all that happens to its connection."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from av.packet import Packet
from av.video.frame import VideoFrame

from temporal_colorize.video.errors import VideoError
from temporal_colorize.video.frame import Frame
from temporal_colorize.video.info import VideoInfo
from temporal_colorize.video.live.addresses import require_source, scrubbed
from temporal_colorize.video.live.clock import Clock, taken
from temporal_colorize.video.live.connection import Connection, Decoded, SourceOptions, Tally
from temporal_colorize.video.live.sound import Sound
from temporal_colorize.video.live.timeline import TIME_BASE, Timeline
from temporal_colorize.video.pixels import luma_of

_MOST_SOUND = 256  # packets, some seconds
_END = 0.5  # seconds that closing may take


@dataclass(frozen=True, eq=False)
class Picture:
    """The newest picture of a live source.

    Attributes:
        frame: its luma, and its time since the start, in units of TIME_BASE.
        info: the stream as it is now; another object whenever it has changed.
        sound: the sound streams beside it.
        arrived: what ``time.monotonic()`` was when its packet came.
        taken: when it was taken, in UTC, and
        taken_by: by the camera's clock, which its sender reports give a second or so after a connection begins, or by
            ours when its packet came.
    """

    frame: Frame
    info: VideoInfo
    sound: tuple[Sound, ...]
    arrived: float
    taken: datetime
    taken_by: Clock


class LiveSource:
    """Reads a camera in a thread of its own; whatever ends its connection, it connects again, for ever.

    Args:
        address: of the camera.
        options: see `SourceOptions`.
        start: what ``time.monotonic()`` is at the time 0.
        name: of the camera, for messages.
        tell: takes a line for people whenever the connection is lost or made; nothing secret is in it.

    Attributes:
        frames: pictures decoded,
        dropped: pictures that nobody took in time,
        reconnects: connections after the first, and
        up: whether pictures come.

    Raises:
        ValueError: If the address is of no known kind.
    """

    def __init__(
        self, address: str, options: SourceOptions, *, start: float, name: str, tell: Callable[[str], object]
    ) -> None:
        require_source(address)
        self.frames = self.dropped = self.reconnects = 0
        self.up = False
        self._address, self._options, self._name, self._tell = address, options, name, tell
        self._tally, self._timeline = Tally(), Timeline(start)
        self._pictures: deque[Picture] = deque()
        self._packets: deque[tuple[Packet, tuple[Sound, ...]]] = deque(maxlen=_MOST_SOUND)
        self._info: VideoInfo | None = None
        self._kind: tuple[object, ...] | None = None  # of the last picture, as far as that is cheaply seen
        self._taken: tuple[Sound, ...] = ()  # the sound beside the picture that was taken last
        self._sound_times: dict[int, Fraction] = {}  # of each stream's last packet, in seconds
        self._said: str | None = None
        self._changed, self._stopped = threading.Condition(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"source {name}", daemon=True)

    @property
    def skipped(self) -> int:
        """Packets of pictures that were never decoded, because decoding was behind."""
        return self._tally.skipped

    @property
    def stopped(self) -> bool:
        """Whether somebody has said `stop`."""
        return self._stopped.is_set()

    @property
    def damaged(self) -> int:
        """How often decoding failed or a picture came out marked as corrupt."""
        return self._tally.damaged

    def start(self) -> None:
        """Connect."""
        self._thread.start()

    def stop(self, *, wait: bool = True) -> None:
        """Disconnect, and wait for that unless told not to; a thread that waits for the network ends by itself.

        Any thread may say so, that in which `tell` is called included.
        """
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()
        if wait and threading.current_thread() is not self._thread:
            self._thread.join(_END)

    def take(self, timeout: float) -> Picture | Packet | None:
        """Wait for a picture or a packet of sound; None if neither comes in so many seconds, or after `stop`.

        A connection's first picture, which says what sound it has, is taken before its packets.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._pictures or self._packets or self._stopped.is_set(), timeout)
            if self._stopped.is_set():
                return None
            if self._packets and (not self._pictures or self._packets[0][1] is self._taken):
                return self._packets.popleft()[0]
            picture = self._pictures.popleft() if self._pictures else None
            self._taken = picture.sound if picture else self._taken
            return picture

    def _run(self) -> None:
        wait = self._options.wait
        while not self._stopped.is_set():
            before = self.frames
            try:
                self._connect()
                self._say("the stream ended; connecting again")
            except VideoError as error:
                self._say(f"{scrubbed(str(error))}; connecting again")
            except Exception as error:  # a camera's data must not end a run of days
                self._say(f"{type(error).__name__}: {scrubbed(str(error))}; connecting again")
            self.up = False
            wait = self._options.wait if self.frames > before else wait
            self._stopped.wait(wait)
            wait = min(2 * wait, self._options.most_wait)

    def _connect(self) -> None:
        connection = Connection(self._address, self._options, self._tally)
        try:
            self._timeline.connect()
            with self._changed:
                self._packets.clear()  # what follows may be sound of another kind
            for item in connection:
                if self._stopped.is_set():
                    return
                if isinstance(item, Decoded):
                    self._put(connection, item)
                else:
                    self._put_sound(item, connection.sound)
        finally:
            connection.close()

    def _put(self, connection: Connection, decoded: Decoded) -> None:
        if not self.up:
            self.reconnects += self.frames > 0
            self._say(None)
        picture, info = decoded.picture, self._described(connection, decoded.picture)
        luma = luma_of(picture, matrix=info.matrix, full_range=info.full_range)
        pts = self._timeline.place(decoded.seconds, decoded.arrived)
        frame = Frame(luma, pts, TIME_BASE, round(1 / info.nominal_rate / TIME_BASE))
        when = taken(decoded.stamp, decoded.arrived)
        self.frames, self.up = self.frames + 1, True
        with self._changed:
            if len(self._pictures) >= self._options.queue:
                self._pictures.popleft()
                self.dropped += 1
            self._pictures.append(Picture(frame, info, connection.sound, decoded.arrived, *when))
            self._changed.notify_all()

    def _described(self, connection: Connection, picture: VideoFrame) -> VideoInfo:
        """Return what describes the picture: the last one's own object where nothing has changed.

        A picture is looked at closely only where it differs from the last: PyAV ties it to its side data in a cycle,
        so that it would stay in memory until Python collects cycles, which takes ever longer in a large process.
        """
        kind = (picture.width, picture.height, picture.format.name, int(picture.colorspace), int(picture.color_range))
        if not self.up or kind != self._kind:
            info, self._kind = connection.describe(picture, self._name), kind
            if self._info is None or _look(info) != _look(self._info):
                self._info = info
        return self._info

    def _put_sound(self, packet: Packet, sound: tuple[Sound, ...]) -> None:
        """Move a packet of sound as the pictures are moved; before the first picture there is no telling where to."""
        base, offset = packet.time_base, self._timeline.offset
        stamp = packet.dts if packet.dts is not None else packet.pts
        if offset is None or stamp is None or base is None or not self.up:
            return
        moved = stamp + round(Fraction(offset) / base)
        index, time = packet.stream_index, moved * base
        if self._sound_times.get(index, -1) >= time or moved < 0:
            return
        self._sound_times[index] = time
        packet.pts = packet.dts = moved
        with self._changed:
            self._packets.append((packet, sound))
            self._changed.notify_all()

    def _say(self, line: str | None) -> None:
        """Tell what is new; None: that all is well."""
        if line != self._said and not self._stopped.is_set():
            self._tell(f"{self._name}: {line or 'connected'}")
        self._said = line


def _look(info: VideoInfo) -> tuple[object, ...]:
    """Return all that colours depend on, and an encoder; rates, which cameras only guess at, are not among it."""
    return (
        info.width,
        info.height,
        info.pix_fmt,
        info.matrix,
        info.full_range,
        info.sample_aspect_ratio,
        info.display_matrix,
    )
