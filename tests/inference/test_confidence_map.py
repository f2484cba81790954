import cv2
import numpy as np
import pytest
import torch

from temporal_colorize.inference.certainty import Certainty
from temporal_colorize.inference.confidence_map import ConfidenceMap

RAMP = torch.linspace(0, 1, 9)[None].expand(5, 9).contiguous()


def test_luma_is_0_to_255_and_no_more() -> None:
    draw = ConfidenceMap((60, 90), "luma", words="right within 20 ab")
    luma, cb, cr = draw.planes(RAMP, (30, 45))
    assert draw.shape == luma.shape == (60, 90) and luma[0, 0] == 0 and luma[0, -1] == 255
    assert set(np.unique(cb)) == set(np.unique(cr)) == {128} and cb.shape == (30, 45)
    assert (np.diff(luma[30].astype(int)) >= 0).all()


def test_viridis_is_matplotlibs_and_the_scale_is_below() -> None:
    draw = ConfidenceMap((120, 400), "viridis", words="right within 20 ab")
    picture = draw.picture(torch.zeros(2, 2))
    assert picture.shape == (*draw.shape, 3) == (144, 400, 3)
    # Matplotlib's viridis begins with (0.267004, 0.004874, 0.329415) and ends with (0.993248, 0.906157, 0.143936).
    np.testing.assert_allclose(picture[0, 0, ::-1] / 255, (0.267004, 0.004874, 0.329415), atol=0.003)
    np.testing.assert_allclose(picture[120, -1, ::-1] / 255, (0.993248, 0.906157, 0.143936), atol=0.003)
    np.testing.assert_array_equal(picture[120, 0], picture[0, 0])
    assert (picture[130:] > 200).all(-1).any(0).sum() > 30  # something is written there


def test_the_scale_of_weights_that_nobody_calibrated_says_so() -> None:
    calibrated = Certainty(within=20, said=(0.0, 1.0), right=(0.0, 1.0))
    assert (calibrated.words, Certainty(within=20).words) == ("right within 20 ab", "within 20 ab, not calibrated")
    scales = [
        ConfidenceMap((120, 400), "viridis", words=one.words).picture(RAMP)[120:] for one in (calibrated, Certainty())
    ]
    assert (scales[0] != scales[1]).any()


def test_planes_are_those_of_the_picture() -> None:
    draw = ConfidenceMap((120, 400), "viridis", words="right within 20 ab")
    luma, cb, cr = draw.planes(RAMP, draw.shape)
    back = cv2.cvtColor(np.dstack([luma, cr, cb]), cv2.COLOR_YCrCb2BGR)
    assert np.abs(back.astype(int) - draw.picture(RAMP)).mean() < 1


@pytest.mark.parametrize("shape", [(16, 16), (1, 40), (2160, 32)])
def test_small_and_narrow_pictures_have_a_scale_too(shape: tuple[int, int]) -> None:
    draw = ConfidenceMap(shape, "viridis", words="right within 12.5 ab")
    assert draw.picture(RAMP).shape == (*draw.shape, 3) and draw.shape[1] == shape[1]


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(ValueError, match="confidence_style=jet"):
        ConfidenceMap((8, 8), "jet", words="right within 20 ab")
