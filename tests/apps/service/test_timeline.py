"""A timeline stays small however long the video is, and keeps its cuts."""

import itertools

from temporal_colorize.apps.service.timeline import Point, Timeline


def test_short_ones_are_whole() -> None:
    timeline = Timeline()
    points = [Point(number / 25, 0.5, number % 7 == 0) for number in range(300)]
    for point in points:
        timeline.add(point)
    assert timeline.points() == points


def test_long_ones_keep_every_cut_and_evenly_many_of_the_rest() -> None:
    timeline, cuts = Timeline(), {3, 501, 502, 9_999}
    for number in range(20_000):
        timeline.add(Point(number, None, number in cuts))
    points = timeline.points()
    assert {int(point.time) for point in points if point.is_cut} == cuts
    rest = [point.time for point in points if not point.is_cut]
    assert 200 <= len(rest) <= 400 and rest == sorted(rest)
    steps = [after - before for before, after in itertools.pairwise(rest)]
    assert max(steps) <= 2 * min(steps[1:]) and rest[-1] > 19_800
