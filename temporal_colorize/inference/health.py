"""How live cameras are doing: counts and latencies, as JSON lines and for Prometheus."""

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TextIO

import numpy as np

from temporal_colorize.options import require_number
from temporal_colorize.video.live import LiveOutput, LiveSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

_MOST_KEPT = 100_000  # latencies in a window
_QUANTILES = (0.5, 0.95, 0.99)


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
            require_number("live.metrics_port", self.metrics_port, least=1, most=65535)


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
        marks = np.quantile(latencies, _QUANTILES) if latencies else [None] * len(_QUANTILES)
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
                for q, mark in zip(_QUANTILES, marks, strict=True)
            },
        )


class HealthReport:
    """Writes a line of JSON for each camera every so many seconds, and answers Prometheus; a context manager.

    Args:
        options: see `HealthOptions`.
        meters: of the cameras.

    Raises:
        ValueError: If the file cannot be written or the port is taken.
        ModuleNotFoundError: If Prometheus' library is not installed.
    """

    def __init__(self, options: HealthOptions, meters: Sequence[Meter]) -> None:
        self._options, self._meters = options, meters
        self._file = _opened(options.health)
        self._stop_serving = (
            None if options.metrics_port is None else serve_metrics(options.metrics_port, lambda: self._now())
        )
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
            if self._file is not sys.stderr:
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
        for health in self._now():
            print(json.dumps({"time": when, **asdict(health)}), file=self._file, flush=True)


def _opened(path: str | None) -> TextIO | None:
    if path is None or path == "-":
        return None if path is None else sys.stderr
    try:
        return open(path, "a", encoding="utf-8")
    except OSError as error:
        raise ValueError(f"live.health={path} cannot be written ({error.strerror}); choose another file") from None


def serve_metrics(port: int, now: Callable[[], Sequence[Health]]) -> Callable[[], None]:
    """Answer Prometheus at http://127.0.0.1:PORT/metrics, and return what ends that.

    Raises:
        ValueError: If the port is taken.
        ModuleNotFoundError: If its library is not installed.
    """
    try:
        from prometheus_client import CollectorRegistry, start_http_server
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "live.metrics_port needs prometheus_client: pip install 'temporal-colorize[live]'"
        ) from None
    registry = CollectorRegistry()
    registry.register(_Collector(now))
    try:
        server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    except OSError as error:
        raise ValueError(f"live.metrics_port={port} cannot be had ({error.strerror}); choose another") from None

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return lambda: threading.Thread(target=stop, daemon=True).start()  # it takes half a second to notice


_COUNTS = {
    "frames": "Pictures decoded",
    "colored": "Pictures coloured and handed to the output",
    "dropped": "Pictures decoded that nobody had time for",
    "skipped": "Packets of pictures not decoded because decoding was behind",
    "lost": "Pictures coloured while the output was broken",
    "damaged": "Pictures that could not be decoded well",
    "reconnects": "Connections to the source after the first",
    "reopened": "Openings of the output after it broke",
    "looks": "Pictures on which the network ran",
    "cuts": "Cuts at which the colour state was dropped",
}


class _Collector:
    """Makes Prometheus' metrics of the present health, whenever it asks."""

    def __init__(self, now: Callable[[], Sequence[Health]]) -> None:
        self._now = now

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        cameras = self._now()
        for name, text in _COUNTS.items():
            counter = CounterMetricFamily(f"temporal_colorize_{name}", text, labels=["camera"])
            for one in cameras:
                counter.add_metric([one.camera], getattr(one, name))
            yield counter
        up = GaugeMetricFamily("temporal_colorize_up", "Whether the camera's pictures come", labels=["camera"])
        fps = GaugeMetricFamily("temporal_colorize_fps", "Pictures a second handed to the output", labels=["camera"])
        latency = GaugeMetricFamily(
            "temporal_colorize_latency_seconds",
            "From a picture's packet to its encoded packet, over the window",
            labels=["camera", "quantile"],
        )
        for one in cameras:
            up.add_metric([one.camera], one.up)
            fps.add_metric([one.camera], one.fps)
            for quantile, mark in zip(_QUANTILES, one.latency_ms.values(), strict=True):
                latency.add_metric([one.camera, str(quantile)], float("nan") if mark is None else mark / 1000)
        yield from (up, fps, latency)
