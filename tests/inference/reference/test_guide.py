import cv2
import numpy as np
import pytest

from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.inference.hints.entries import ab_of_rgb
from temporal_colorize.inference.hints.guidance import View
from temporal_colorize.inference.reference.guide import ReferenceGuide
from temporal_colorize.inference.reference.picture import Reference
from temporal_colorize.inference.turn import Turn
from tests.support.places import at_night, place, view

SHAPE = (180, 240)


def reference(rgb: np.ndarray, name: str = "reference=day.png") -> Reference:
    return Reference(name, cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), ab_of_rgb(rgb), "digest of " + name)


def guide(*references: Reference, bit_depth: int = 8) -> ReferenceGuide:
    made = ReferenceGuide(references)
    coding = ChromaCoding("bt709", full_range=True, bit_depth=bit_depth)
    made.begin(View(SHAPE, SHAPE, (96, 128), coding, 12.0))
    return made


def show(to: ReferenceGuide, luma: np.ndarray):
    return to(luma, cv2.resize(luma, (128, 96), interpolation=cv2.INTER_AREA), 0.0)


@pytest.mark.parametrize("bit_depth", [8, 10])
def test_the_background_gets_its_colours_where_it_lies(bit_depth: int) -> None:
    canvas = place()
    seen = view(canvas, right=5, down=-4)
    luma = at_night(seen).astype(np.uint16) << 2 if bit_depth == 10 else at_night(seen)
    ab, mask, fresh, told, confined, trust = show(guide(reference(view(canvas)), bit_depth=bit_depth), luma)
    assert ab.shape == (2, *SHAPE) and mask.shape == SHAPE and fresh
    assert confined is None  # it is heard everywhere
    assert told.mask is mask and 0.85 < trust.max() < 0.95  # it may show what is no longer there
    assert mask.mean() > 0.8
    far = np.linalg.norm(ab - ab_of_rgb(seen).transpose(2, 0, 1), axis=0)
    assert np.median(far[mask > 0.9]) < 2
    assert np.hypot(*ab)[mask > 0.9].mean() > 15  # and they are colours


def test_the_one_that_fits_is_used() -> None:
    canvas = place()
    made = guide(reference(view(place(7)), "reference=other.png"), reference(view(canvas), "reference=this.png"))
    assert show(made, at_night(view(canvas))) is not None
    assert made.given[0].startswith("reference=this.png: edges agree by 0.")


def test_a_night_that_is_turned_when_it_is_shown_takes_the_day_as_that_is_shown() -> None:
    rgb, turn = view(place()), Turn.of((0, 1, 0, -1, 0, 0, 0, 0, 1))
    made = ReferenceGuide([reference(np.ascontiguousarray(np.rot90(rgb, -1)))])  # as FFmpeg shows what is stored as rgb
    made.begin(View(SHAPE, SHAPE, (96, 128), ChromaCoding("bt709", full_range=True), 12.0, turn))
    found = show(made, at_night(rgb))
    far = np.linalg.norm(found.ab - ab_of_rgb(rgb).transpose(2, 0, 1), axis=0)
    assert np.median(far[found.mask > 0.9]) < 2


def test_none_that_fits_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"^reference=day.png does not fit the first picture: edges agree .*camera\?$"):
        show(guide(reference(view(place(0)))), at_night(view(place(1))))


def test_the_first_picture_that_shows_anything_is_judged() -> None:
    made, black = guide(reference(view(place()))), np.random.default_rng(0).normal(16, 2, SHAPE).astype(np.uint8)
    assert show(made, black) is None and "no picture shows anything" in made.notes[0]
    found = show(made, at_night(view(place())))
    assert found is not None and found.fresh and made.given and not made.notes
    with pytest.raises(ValueError, match="does not fit the first picture"):
        other = guide(reference(view(place(1))))
        show(other, black)
        show(other, at_night(view(place())))


def test_after_a_cut_to_another_place_nothing_is_said_until_it_comes_back() -> None:
    canvas, made = place(), guide(reference(view(place())))
    dark = view(place(9)) // 3
    answers = [show(made, luma) for luma in (at_night(view(canvas)), at_night(dark), at_night(view(canvas, right=3)))]
    assert [answer is None for answer in answers] == [False, True, False]
    assert answers[2].fresh
    assert made.notes == ["the reference does not fit 1 scene: coloured without it"]


def test_it_looks_again_only_where_something_changed() -> None:
    made, night = guide(reference(view(place()))), at_night(view(place()))
    first, second = show(made, night), show(made, night)
    assert second.mask is first.mask and not second.fresh
    changed = night.copy()
    changed[60:120, 100:140] = 200
    assert show(made, changed).mask[70:110, 110:130].mean() < first.mask[70:110, 110:130].mean() - 0.3


def test_a_guide_restored_goes_on_as_it_was() -> None:
    lumas = [at_night(view(place()), seed=seed) for seed in range(4)]
    lumas[2][60:120, 100:140] = 200
    whole, begun, resumed = (guide(reference(view(place()))) for _ in range(3))
    expected = [show(whole, luma) for luma in lumas]
    for luma in lumas[:2]:
        show(begun, luma)
    resumed.restore(begun.snapshot())
    for luma, guidance in zip(lumas[2:], expected[2:], strict=True):
        found = show(resumed, luma)
        assert np.array_equal(found.ab, guidance.ab)
        assert np.array_equal(found.mask, guidance.mask)
    assert resumed.given == whole.given


def test_it_goes_on_where_chroma_is_narrower_than_luma() -> None:
    """As in 4:2:2, after a picture in which nothing changed."""
    coding, half = ChromaCoding("bt709", full_range=True), (SHAPE[0], SHAPE[1] // 2)
    begun, resumed = (ReferenceGuide([reference(view(place()))]) for _ in range(2))
    for made in (begun, resumed):
        made.begin(View(SHAPE, half, (96, 128), coding, 12.0))
    night = at_night(view(place()))
    changed = night.copy()
    changed[60:120, 100:140] = 200
    show(begun, night)
    resumed.restore(begun.snapshot())
    for luma in (night, changed):
        found, expected = show(resumed, luma), show(begun, luma)
        assert found.mask.shape == half and np.array_equal(found.mask, expected.mask)
        assert np.array_equal(found.ab, expected.ab)
