import os
import time

import pytest

from temporal_colorize.inference.health import HealthOptions, HealthReport, Meter


class Counts:
    frames, dropped, skipped, damaged, reconnects, up, lost, reopened = 9, 2, 1, 0, 3, True, 0, 0


def test_latencies_and_rates_are_of_the_window() -> None:
    meter = Meter("door", Counts(), Counts(), window=0.5)
    assert meter.health().latency_ms == {"p50": None, "p95": None, "p99": None}
    for milliseconds in range(1, 101):
        meter.done(time.monotonic() - milliseconds / 1000)
    health = meter.health()
    assert health.latency_ms["p50"] == pytest.approx(50, abs=5) and health.latency_ms["p99"] == pytest.approx(99, abs=5)
    assert (health.frames, health.dropped, health.skipped, health.reconnects, health.up) == (9, 2, 1, 3, True)
    time.sleep(0.6)
    assert meter.health().latency_ms["p50"] is None and meter.health().fps == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
def test_a_full_disk_is_told_once_and_ends_nothing() -> None:
    said: list[str] = []
    options = HealthOptions(health="/dev/full", health_seconds=0.1)
    with HealthReport(options, [Meter("door", Counts(), Counts(), window=1)], tell=said.append) as report:
        time.sleep(0.35)
        assert report._thread.is_alive()
    assert said == ["live.health=/dev/full cannot be written now (No space left on device)"]
