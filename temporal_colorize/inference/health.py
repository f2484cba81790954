"""How live cameras are doing: counts and latencies, as JSON lines and for Prometheus."""

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import BinaryIO

import numpy as np

from temporal_colorize.options import require_integer, require_number
from temporal_colorize.video.live import LiveOutput, LiveSource

_MOST_KEPT = 100_000  # latencies in a window
QUANTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, kw_only=True)
class HealthOptions:
    """Where a run says how it is doing.

    Attributes:
        health: a file of JSON lines, "-" for standard error, or None.
        health_seconds: between two of them.
        window_seconds: over which latencies and frames a second are measured.
        metrics_port: of http://127.0.0.1:PORT/metrics; None for none.

    Raises:
        ValueError: If a value is out of its range.
    """

    health: str | None = None
    health_seconds: float = 10.0
    window_seconds: float = 60.0
    metrics_port: int | None = None

    def __post_init__(self) -> None:
        require_number("live.health_seconds", self.health_seconds, least=0.1)
        require_number("live.window_seconds", self.window_seconds, least=1, most=3600)
        if self.metrics_port is not None:
            require_integer("live.metrics_port", self.metrics_port, least=1, most=65535)


@dataclass(frozen=True, kw_only=True)
class Health:
    """How one camera is doing.

    Attributes:
        camera: its name.
        up: whether its pictures come.
        seconds: since the start.
        frames: pictures decoded.
        colored: pictures coloured and handed to the output.
        dropped: pictures decoded that nobody had time for.
        skipped: packets of pictures that were not decoded because decoding was behind.
        lost: pictures coloured while the output was broken.
        damaged: how often decoding failed or a picture came out marked as corrupt.
        reconnects: of the source, and
        reopened: of the output.
        looks: on how many pictures the network ran.
        cuts: at which the colour state was dropped.
        fps: pictures a second handed to the output, over the window.
        latency_ms: "p50", "p95" and "p99" of the time from a picture's packet to its encoded packet, over the window;
            None where there were none.
    """

    camera: str
    up: bool
    seconds: float
    frames: int
    colored: int
    dropped: int
    skipped: int
    lost: int
    damaged: int
    reconnects: int
    reopened: int
    looks: int
    cuts: int
    fps: float
    latency_ms: dict[str, float | None]


class Meter:
    """Measures one camera; threads may read while another adds.

    Attributes:
        looks: on how many pictures the network ran, and
        cuts: how many cuts there were.

    Args:
        camera: its name.
        source: where its pictures come from, and
        output: where they go.
        window: seconds over which it measures.
    """

    def __init__(self, camera: str, source: LiveSource, output: LiveOutput, *, window: float) -> None:
        self.looks = self.cuts = 0
        self._camera, self._source, self._output, self._window = camera, source, output, window
        self._start = time.monotonic()
        self._done: deque[tuple[float, float]] = deque(maxlen=_MOST_KEPT)  # when, and after how long
        self._lock = threading.Lock()

    def done(self, arrived: float) -> None:
        """Count a picture that has just been written; `arrived` is that of its `Picture`."""
        now = time.monotonic()
        with self._lock:
            self._done.append((now, now - arrived))
            while self._done[0][0] < now - self._window:
                self._done.popleft()

    def health(self) -> Health:
        """Tell how the camera is doing now."""
        now = time.monotonic()
        with self._lock:
            latencies = [latency for when, latency in self._done if when >= now - self._window]
        seconds = now - self._start
        marks = np.quantile(latencies, QUANTILES) if latencies else [None] * len(QUANTILES)
        source, output = self._source, self._output
        return Health(
            camera=self._camera,
            up=source.up,
            seconds=round(seconds, 3),
            frames=source.frames,
            colored=output.frames,
            dropped=source.dropped,
            skipped=source.skipped,
            lost=output.lost,
            damaged=source.damaged,
            reconnects=source.reconnects,
            reopened=output.reopened,
            looks=self.looks,
            cuts=self.cuts,
            fps=round(len(latencies) / max(min(seconds, self._window), 1e-3), 2),
            latency_ms={
                f"p{round(100 * q)}": None if mark is None else round(1000 * float(mark), 2)
                for q, mark in zip(QUANTILES, marks, strict=True)
            },
        )


class HealthReport:
    """Writes a line of JSON for each camera every so many seconds, and answers Prometheus; a context manager.

    Args:
        options: see `HealthOptions`.
        meters: of the cameras.
        tell: takes a line for people, if the file can be written no more; what is lost of it is all that this loses.

    Raises:
        ValueError: If the file cannot be written or the port is taken.
        ModuleNotFoundError: If Prometheus' library is not installed.
    """

    def __init__(self, options: HealthOptions, meters: Sequence[Meter], *, tell: Callable[[str], object]) -> None:
        self._options, self._meters, self._tell = options, meters, tell
        self._failed = False
        self._file = _opened(options.health)
        self._stop_serving = None if options.metrics_port is None else _serve(options.metrics_port, self._now)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)

    def __enter__(self) -> "HealthReport":
        if self._file is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        if self._file is not None:
            self._thread.join(1.0)
            self._write()
            self._file.close()
        if self._stop_serving is not None:
            self._stop_serving()

    def _now(self) -> list[Health]:
        return [meter.health() for meter in self._meters]

    def _run(self) -> None:
        while not self._stopped.wait(self._options.health_seconds):
            self._write()

    def _write(self) -> None:
        when = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        lines = [json.dumps({"time": when, **asdict(health)}) + "\n" for health in self._now()]
        try:
            self._file.write("".join(lines).encode())
            self._failed = False
        except OSError as error:
            if not self._failed:
                self._tell(f"live.health={self._options.health} cannot be written now ({error.strerror})")
            self._failed = True


def _opened(path: str | None) -> BinaryIO | None:
    """Open without a buffer: nothing of what a full disk refused is left to be written at the end."""
    if path is None:
        return None
    if path == "-":
        return open(sys.stderr.fileno(), "wb", buffering=0, closefd=False)
    try:
        return open(path, "ab", buffering=0)
    except OSError as error:
        raise ValueError(f"live.health={path} cannot be written ({error.strerror}); choose another file") from None


def _serve(port: int, now: Callable[[], Sequence[Health]]) -> Callable[[], None]:
    from temporal_colorize.inference.prometheus import serve_metrics  # which imports this

    return serve_metrics(port, now)
