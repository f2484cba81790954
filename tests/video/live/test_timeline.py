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
    assert behind == pytest.approx(0.5 * 99 / 25, abs=0.01)


@pytest.mark.parametrize("drift", [-1e-4, 1e-4])
def test_ten_hours_of_a_clock_that_is_off_keep_rate_and_distances_and_drop_nothing(drift: float) -> None:
    """100 ppm are 3.6 s in ten hours; pictures also come up to 30 ms late, and a reader of them takes 10 ms each."""
    timeline, backlog, rate = Timeline(0.0), Backlog(), 2
    sent = np.arange(10 * 3600 * rate) / rate
    stamps, late = sent * (1 + drift), np.random.default_rng(0).uniform(0, 0.03, len(sent))
    arrived = sent + late + 0.01
    shown = np.array([timeline.place(*pair) for pair in zip(stamps, arrived, strict=True)]) * float(TIME_BASE)
    behind = [backlog.behind(*pair, waited=0.0) for pair in zip(stamps, arrived, strict=True)]
    assert max(behind) < 0.05
    assert np.abs(shown - sent).max() < 0.05
    assert np.abs(np.diff(shown) * rate - 1).max() < 1e-3  # nothing is squeezed together, and no gap is made


@pytest.mark.parametrize("drift", [-1e-4, 1e-4])
def test_a_reader_that_is_late_by_as_much_all_the_time_is_not_behind(drift: float) -> None:
    """Its connection began with three seconds in which packets came sooner."""
    backlog, sent = Backlog(), np.arange(1800 * 5) / 5
    lag = np.where(sent < 3, 0.0, 0.3)
    behind = [
        backlog.behind(stamp * (1 + drift), stamp + late, waited=0.0) for stamp, late in zip(sent, lag, strict=True)
    ]
    assert max(behind) < 0.35 and behind[-1] < 0.02


def test_decoding_that_is_slow_is_behind_on_a_busy_machine_too() -> None:
    """Reading what lies there then takes some milliseconds, in which another thread has its turn."""
    backlog = Backlog()
    behind = [backlog.behind(number / 25, 1.5 * number / 25, waited=0.008) for number in range(100)]
    assert behind[-1] == pytest.approx(0.5 * 99 / 25, abs=0.01)


def test_packets_without_a_time_are_never_behind() -> None:
    assert Backlog().behind(None, 5.0, waited=0.0) == 0
