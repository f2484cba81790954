"""Cameras that visitors watch in colour, each in a thread of its own that ends when nobody looks any more."""

import threading
import time
from collections import deque
from collections.abc import Mapping

from temporal_colorize.apps.service import Service
from temporal_colorize.apps.web.frames import Shown, of_frame
from temporal_colorize.apps.web.options import PageOptions
from temporal_colorize.colorizer import Colorizer
from temporal_colorize.config.messages import without_secrets
from temporal_colorize.inference.colored import ColoredFrame
from temporal_colorize.video.live import is_live, redacted

_LINES = 5  # that are kept of what is told of a connection
_WINDOW = 25  # pictures, over which their rate is measured


class _UnseenError(Exception):
    """Nobody looks any more."""


class Watcher:
    """Colours one camera until it is stopped, or nobody has looked for a while.

    Args:
        colorizer: What colours.
        address: Of the camera.
        unseen: Seconds without a `look` after which it ends.
        longest: Pixels on the longer side of what is shown.
        usual: Options of infer.py.

    Attributes:
        name: The address without what is secret in it.
        said: The last lines about its connection, the newest first.
        error: Why it ended, in words; None if it goes on, or was stopped.
    """

    def __init__(
        self, colorizer: Colorizer, address: str, *, unseen: float, longest: int, usual: Mapping[str, object]
    ) -> None:
        self.name, self.error = redacted(address), None
        self.said: deque[str] = deque(maxlen=_LINES)
        self._colorizer, self._address = colorizer, address
        self._unseen, self._longest, self._usual = unseen, longest, usual
        self._newest: ColoredFrame | None = None
        self._times: deque[float] = deque(maxlen=_WINDOW)
        self._looked, self._stop = time.monotonic(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    @property
    def is_on(self) -> bool:
        """Whether it goes on."""
        return self._thread.is_alive() and not self._stop.is_set()

    @property
    def rate(self) -> float:
        """Pictures a second, of late."""
        times = list(self._times)
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0

    def look(self, *, quality: int) -> Shown | None:
        """Return the newest picture; None before the first."""
        self._looked = time.monotonic()
        frame = self._newest
        return None if frame is None else of_frame(frame, origin=0, longest=self._longest, quality=quality)

    def stop(self) -> None:
        """End it; the connection is closed soon after."""
        self._stop.set()

    def _run(self) -> None:
        asked = {"tell": self._tell, "idle": self._go_on, **self._usual}
        try:
            with self._colorizer.stream(self._address, **asked) as frames:
                for frame in frames:
                    self._newest = frame.smaller(self._longest)
                    self._times.append(time.monotonic())
                    self._go_on()
        except _UnseenError:
            pass
        except Exception as error:
            self.error = without_secrets(" ".join(str(error).split())) or type(error).__name__

    def _go_on(self) -> None:
        if self._stop.is_set() or time.monotonic() - self._looked > self._unseen:
            raise _UnseenError

    def _tell(self, line: str) -> None:
        self.said.appendleft(f"{time.strftime('%H:%M:%S')} {without_secrets(line)}")


class Watchers:
    """At most so many cameras at once, at most one for each visitor."""

    def __init__(self, service: Service, options: PageOptions) -> None:
        self._service, self._options = service, options
        self._of: dict[str, Watcher] = {}
        self._lock = threading.Lock()

    def of(self, visitor: str) -> Watcher | None:
        """Return the visitor's camera, if there is one; it may have ended."""
        return self._of.get(visitor)

    def watch(self, visitor: str, chosen: object) -> None:
        """Watch a camera, instead of the one before it, which ends in any case.

        Raises:
            ValueError: If that is no camera that may be watched here, or too many are.
        """
        self.stop(visitor)
        address = address_of_camera(chosen, self._options.cameras)
        with self._lock:
            self._of = {name: one for name, one in self._of.items() if one.is_on}
            if len(self._of) >= self._options.watched:
                raise ValueError(f"{len(self._of)} cameras are being watched already, which is all at once: try later")
            self._of[visitor] = Watcher(
                self._service.colorizer, address, unseen=self._options.unseen, usual=self._service.usual_of_looks,
                longest=self._service.options.preview,
            )  # fmt: skip

    def stop(self, visitor: str) -> None:
        """End the visitor's camera, if there is one."""
        with self._lock:
            watcher = self._of.pop(visitor, None)
        if watcher is not None:
            watcher.stop()


def address_of_camera(chosen: object, cameras: Mapping[str, str] | None) -> str:
    """Return the address of a camera that a visitor chose by name, or wrote where any may be watched.

    Raises:
        ValueError: If it is none of them.
    """
    chosen = str(chosen or "").strip()
    if cameras is not None:
        if chosen not in cameras:
            raise ValueError("choose one of the cameras in the list: others are not watched from here")
        return cameras[chosen]
    if not chosen:
        raise ValueError("which camera? write its address, such as rtsp://192.168.1.20/stream1, or a webcam's number")
    if not is_live(chosen):
        raise ValueError(f"{chosen} is no camera's address: write rtsp://host/path, or a webcam's number")
    return chosen
