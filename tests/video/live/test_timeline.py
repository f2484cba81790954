import numpy as np
import pytest

from temporal_colorize.video.live.timeline import TIME_BASE, Backlog, Timeline


def placed(timeline: Timeline, times: list[tuple[float | None, float]]) -> list[float]:
    return [round(float(timeline.place(*pair) * TIME_BASE), 3) for pair in times]


def test_pictures_keep_the_camera_s_distances_whenever_they_arrive() -> None:
    timeline = Timeline(100.0)
    assert placed(timeline, [(7.0, 102.0), (7.04, 102.3), (7.12, 102.31)]) == [2.0, 2.04, 2.12]


def test_connections_follow_one_another_and_time_never_goes_back() -> None:
    timeline = Timeline(0.0)
    assert placed(timeline, [(50.0, 1.0), (50.5, 1.5)]) == [1.0, 1.5]
    timeline.connect()
    assert placed(timeline, [(3.0, 5.0), (3.04, 5.04)]) == [5.0, 5.04]
    timeline.connect()
    units = [timeline.place(9.0, 4.0), timeline.place(8.0, 4.1)]
    assert units[1] > units[0] > round(5.04 / TIME_BASE)


def test_a_clock_that_jumps_or_stands_still_is_not_followed() -> None:
    timeline = Timeline(0.0)
    assert placed(timeline, [(10.0, 1.0), (9999.0, 1.04), (9999.04, 1.08)]) == [1.0, 1.04, 1.08]
    assert placed(timeline, [(9999.04, 1.2), (9999.04, 1.25), (None, 1.3)]) == [1.2, 1.25, 1.3]


def test_days_of_a_clock_that_is_slow_stay_near_ours() -> None:
    timeline, hours = Timeline(0.0), 60
    arrived = np.arange(0, hours * 3600, 10.0)
    shown = np.array([timeline.place(0.9998 * now, now) for now in arrived]) * float(TIME_BASE)
    assert np.abs(shown - arrived).max() < 2.1 and np.diff(shown).min() > 0


def test_decoding_that_is_slow_is_behind_and_a_network_that_is_slow_is_not() -> None:
    quick, slow, late = Backlog(), Backlog(), Backlog()
    for number in range(100):
        stamp = number / 25
        assert quick.behind(stamp, stamp + 5, waited=0.04) == 0
        behind = slow.behind(stamp, 1.5 * stamp, waited=0.0)
        pause = 3.0 if number >= 50 else 0.0  # nothing came for three seconds, then all of it at once
        assert late.behind(stamp, stamp + pause, waited=3.0 if number == 50 else 0.0) == pytest.approx(0, abs=1e-6)
    assert behind == pytest.approx(0.5 * 99 / 25)


def test_packets_without_a_time_are_never_behind() -> None:
    assert Backlog().behind(None, 5.0, waited=0.0) == 0
