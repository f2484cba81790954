"""Hints are carried with what they are on, both ways, through what hides it, until a cut."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.inference.hints.entries import Hint
from temporal_colorize.inference.hints.guidance import Guidance, View
from temporal_colorize.inference.hints.guide import HintGuide
from temporal_colorize.inference.planes import shrink
from tests.support.moving import SHAPE, moving_scene

SEEN, COLOR = (64, 96), (40.0, 20.0)


def hint_on(mask: np.ndarray, frame: int) -> Hint:
    rows, columns = np.nonzero(mask)
    box = columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1
    return Hint(name="hints[0]", frame=frame, box=tuple(map(float, box)), ab=COLOR)


def guide_for(*hints: Hint, **options: object) -> HintGuide:
    guide = HintGuide(hints, **options)
    guide.begin(View(SHAPE, SHAPE, SEEN, ChromaCoding("bt709"), 12.0))
    return guide


def show(guide: HintGuide, lumas: list[np.ndarray], *, first: int = 0) -> list[Guidance | None]:
    return [guide(luma, shrink(luma, *SEEN), number / 25) for number, luma in enumerate(lumas, start=first)]


def overlap(known: Guidance | None, mask: np.ndarray) -> float:
    """Intersection of what is known and the truth over their union."""
    found = np.zeros_like(mask) if known is None else known.mask > 0.5
    return (found & mask).sum() / max((found | mask).sum(), 1)


def test_a_hint_moves_with_what_it_is_on() -> None:
    lumas, masks = moving_scene(25)
    found = show(guide_for(hint_on(masks[3], 3)), lumas)
    assert found[:3] == [None] * 3 and found[3].fresh and not found[4].fresh
    assert overlap(found[3], masks[3]) == 1
    assert min(map(overlap, found[4:], masks[4:])) > 0.75
    inside = found[-1].mask > 0.5
    np.testing.assert_allclose(found[-1].ab[:, inside].T, [COLOR] * inside.sum(), atol=0.01)


def test_the_network_hears_of_it_where_it_is() -> None:
    lumas, masks = moving_scene(6)
    found = show(guide_for(hint_on(masks[2], 2)), lumas)
    for known in found[2:]:
        assert known.told is None
        np.testing.assert_array_equal(known.confined.mask, known.mask)
        np.testing.assert_array_equal(known.confined.ab, known.ab)
    assert overlap(found[5]._replace(mask=found[5].confined.mask), masks[5]) > 0.75


def test_what_is_carried_is_trusted_less_and_less() -> None:
    lumas, masks = moving_scene(12)
    guide = guide_for(hint_on(masks[3], 3), hint_on(masks[9], 9))
    found = show(guide, lumas)
    middle = [float(known.trust[known.mask > 0.9].mean()) for known in found[3:]]
    assert middle[0] == middle[6] == 1  # hinted, and hinted again
    assert all(after < before for before, after in itertools.pairwise(middle[:6]))
    assert 0.95 < middle[5] < 0.99  # five frames on, of the 150 in which it halves


def test_it_is_found_again_behind_a_pillar() -> None:
    lumas, masks = moving_scene(77, pillar=73)
    hidden = [number for number, mask in enumerate(masks) if not mask.any()]
    assert len(hidden) == 25
    found = show(guide_for(hint_on(masks[5], 5)), lumas)
    assert all(found[number] is None or (found[number].mask > 0.5).sum() < 150 for number in hidden[3:])
    assert min(map(overlap, found[71:], masks[71:])) > 0.6


def test_backwards_as_forwards(tmp_path: Path) -> None:
    lumas, masks = moving_scene(20)
    guide = guide_for(hint_on(masks[12], 12), direction="both")
    guide.look_ahead(((luma, number / 25) for number, luma in enumerate(lumas)), tmp_path)
    found = show(guide, lumas)
    assert min(map(overlap, found, masks)) > 0.75
    assert found[12].fresh and not any(tmp_path.iterdir())


def test_what_waits_for_its_frame_is_small_and_dropped_when_it_has_come(tmp_path: Path) -> None:
    lumas, masks = moving_scene(20)
    guide = guide_for(hint_on(masks[12], 12), direction="both")
    guide.look_ahead(((luma, number / 25) for number, luma in enumerate(lumas)), tmp_path)
    waiting = [len(packed.mask) for there in guide._earlier.values() for packed in there]
    assert len(waiting) == 12 and max(waiting) < 4096
    show(guide, lumas)
    assert not guide._earlier


def test_no_more_are_carried_back_at_a_time_than_forwards(tmp_path: Path) -> None:
    lumas, _ = moving_scene(5)
    hints = [
        Hint(name=f"h{n}", frame=3, point=(9.0 * (n % 20) + 12, 12.0 + 30 * (n // 20)), radius=3.0, ab=COLOR)
        for n in range(26)
    ]
    guide = guide_for(*hints, direction="both")
    guide.look_ahead(((luma, number / 25) for number, luma in enumerate(lumas)), tmp_path)
    assert {number: len(there) for number, there in guide._earlier.items()} == {0: 24, 1: 24, 2: 24}
    assert guide.notes[-1] == "2 hints are not carried back all the way: 24 pieces are at a time"


def test_a_cut_ends_it_both_ways(tmp_path: Path) -> None:
    lumas, masks = moving_scene(8)
    other = [np.full(SHAPE, 230, np.uint8)] * 3
    guide = guide_for(hint_on(masks[2], 5), direction="both")
    clip = [*other, *lumas, *other]
    guide.look_ahead(((luma, number / 25) for number, luma in enumerate(clip)), tmp_path)
    found = show(guide, clip)
    assert [known is None for known in found] == [True] * 3 + [False] * 8 + [True] * 3


def test_a_copy_goes_on_as_the_original() -> None:
    lumas, masks = moving_scene(20)
    one, other = guide_for(hint_on(masks[3], 3)), guide_for(hint_on(masks[3], 3))
    show(one, lumas[:12])
    other.restore(one.snapshot())
    for left, right in zip(show(one, lumas[12:], first=12), show(other, lumas[12:], first=12), strict=True):
        np.testing.assert_array_equal(left.mask, right.mask)
        np.testing.assert_array_equal(left.ab, right.ab)
        np.testing.assert_array_equal(left.trust, right.trust)


def test_a_new_hint_on_a_thing_takes_the_place_of_the_first() -> None:
    lumas, masks = moving_scene(12)
    later = Hint(name="hints[1]", frame=6, box=hint_on(masks[6], 6).box, ab=(-30.0, -30.0))
    known = show(guide_for(hint_on(masks[2], 2), later), lumas)[-1]
    inside = known.mask > 0.5
    np.testing.assert_allclose(known.ab[:, inside].mean(1), (-30, -30), atol=0.1)


def test_after_a_pause_no_hint_comes_early() -> None:
    """At a varying rate, a picture is no nearer for having come late."""
    times = [0.0, 0.04, 0.08, 0.12, 60.0, 60.04, 85.0, 85.04]
    guide = guide_for(*(Hint(name=f"at {at}", at=at, point=(20.0, 20.0), ab=COLOR) for at in (0.07, 60.03, 85.0)))
    luma = moving_scene(1)[0][0]
    found = [guide(luma, shrink(luma, *SEEN), time) for time in times]
    assert [time for time, known in zip(times, found, strict=True) if known is not None and known.fresh] == [
        0.08, 60.04, 85.0,
    ]  # fmt: skip


def test_too_many_pieces_are_told() -> None:
    lumas, _ = moving_scene(2)
    hints = [
        Hint(name=f"h{n}", frame=0, point=(8.0 * (n % 20) + 12, 12.0 + 30 * (n // 20)), ab=COLOR) for n in range(26)
    ]
    guide = guide_for(*(Hint(**{**hint.__dict__, "radius": 3.0}) for hint in hints))
    show(guide, lumas[:1])
    assert guide.notes == ["2 hinted pieces hold in their frame alone: 24 are followed at a time"]


def test_an_unknown_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="direction=back is unknown: choose forward, both"):
        HintGuide([], direction="back")
