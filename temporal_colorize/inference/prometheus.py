"""The health of live cameras, for Prometheus to fetch."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from temporal_colorize.inference.health import QUANTILES, Health

if TYPE_CHECKING:
    from prometheus_client.core import Metric


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
            "live.metrics_port needs prometheus_client: pip install '.[live]' in a checkout"
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
            for quantile, mark in zip(QUANTILES, one.latency_ms.values(), strict=True):
                latency.add_metric([one.camera, str(quantile)], float("nan") if mark is None else mark / 1000)
        yield from (up, fps, latency)
