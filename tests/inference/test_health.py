import time

import pytest

from temporal_colorize.inference.health import Meter


def test_latencies_and_rates_are_of_the_window() -> None:
    class Counts:
        frames, dropped, skipped, damaged, reconnects, up, lost, reopened = 9, 2, 1, 0, 3, True, 0, 0

    meter = Meter("door", Counts(), Counts(), window=0.5)
    assert meter.health().latency_ms == {"p50": None, "p95": None, "p99": None}
    for milliseconds in range(1, 101):
        meter.done(time.monotonic() - milliseconds / 1000)
    health = meter.health()
    assert health.latency_ms["p50"] == pytest.approx(50, abs=5) and health.latency_ms["p99"] == pytest.approx(99, abs=5)
    assert (health.frames, health.dropped, health.skipped, health.reconnects, health.up) == (9, 2, 1, 3, True)
    time.sleep(0.6)
    assert meter.health().latency_ms["p50"] is None and meter.health().fps == 0
