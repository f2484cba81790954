import cv2
import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from temporal_colorize.color.chroma import luma_of_rgb
from temporal_colorize.data.degrade import signal
from temporal_colorize.video.recompress import recompress
from tests.data.degrade.clips import clips, degrade, grey


def test_a_timestamp_stays_in_its_place_and_goes_on() -> None:
    rgb = grey(0.2, 12, 26, 120, 160)
    changed = (degrade(rgb, timestamp=0.08) - luma_of_rgb(rgb, "bt709")).abs() > 0.05
    places = [clip.any(0)[0].nonzero() for clip in changed]
    for clip, place in zip(changed, places, strict=True):
        assert 0.003 < clip[0].float().mean() < 0.15
        assert not torch.equal(clip[0], clip[25])  # a second later every clock shows another
        (top, left), (bottom, right) = place.amin(0).tolist(), place.amax(0).tolist()
        assert bottom - top < 20 and (top < 6 or bottom > 113)
        assert left < 8 or right > 151
    assert len({tuple(place.amin(0).tolist()) for place in places}) > 2


def test_a_timestamp_fits_a_small_picture() -> None:
    ink, cover = signal.timestamp(2, 24, 32, letters=0.3, rng=np.random.default_rng(0))
    assert ink.shape == cover.shape == (2, 1, 24, 32)
    assert cover.max() > 0.5 and not cover[..., -1].any()
    assert signal.timestamp(1, 4, 3, letters=0.3, rng=np.random.default_rng(0))[0].shape == (1, 1, 4, 3)


def test_bits_are_whole_codes() -> None:
    luma = luma_of_rgb(clips(), "bt709")
    np.testing.assert_array_equal((degrade(clips(), bits=8) * 255).round().byte(), (luma * 255).round().byte())
    assert set(degrade(clips(), bits=1).unique().tolist()) == {0.0, 1.0}
    assert len(degrade(clips(1, 1), bits=3).unique()) <= 8


def textured() -> Tensor:
    noise = np.random.default_rng(0).random((1, 1, 80, 96)).astype(np.float32)
    smooth = gaussian_filter(noise, 2, axes=(2, 3))
    return torch.from_numpy((smooth - smooth.min()) / np.ptp(smooth))[:, :, None]


def test_jpeg_loses_more_at_lower_quality() -> None:
    rgb = textured().expand(-1, -1, 3, -1, -1)
    errors = [(degrade(rgb, jpeg_quality=quality) - rgb[:, :, :1]).square().mean() for quality in (90, 60, 30, 10)]
    assert errors == sorted(errors) and errors[-1] > 10 * errors[0]


def test_jpeg_shows_blocks_of_eight() -> None:
    steps = degrade(textured().expand(-1, -1, 3, -1, -1), jpeg_quality=5)[0, 0, 0].diff(dim=1).abs().mean(0)
    borders = steps[7::8].mean()
    assert borders > 1.5 * (steps.sum() - steps[7::8].sum()) / (len(steps) - len(steps[7::8]))


@pytest.mark.parametrize("quality", [15, 50, 80])
def test_jpeg_is_near_libjpeg(quality: int) -> None:
    """OpenCV's libjpeg rounds coefficients and pixels outright; Kornia's codec, made for gradients, nearly."""
    picture = (textured() * 255).round() / 255
    coded = signal.compress_jpeg(picture, torch.full((1, 1, 1, 1, 1), float(quality)))
    codes = (picture[0, 0, 0] * 255).byte().numpy()
    _, file = cv2.imencode(".jpg", codes, [cv2.IMWRITE_JPEG_QUALITY, quality])
    theirs = cv2.imdecode(file, cv2.IMREAD_GRAYSCALE).astype(float)
    ours = coded[0, 0, 0].numpy() * 255
    assert np.sqrt(((ours - theirs) ** 2).mean()) < 0.4 * np.sqrt(((codes - theirs) ** 2).mean()) + 0.5


@pytest.mark.parametrize("option", [{"jpeg_quality": 40}, {"h264_crf": 30}])
@pytest.mark.parametrize(("height", "width"), [(9, 21), (48, 33)])
def test_compression_keeps_odd_sizes(option: dict[str, int], height: int, width: int) -> None:
    assert degrade(clips(2, 3, height, width), **option).shape == (2, 3, 1, height, width)


def test_h264_is_coded_by_clip() -> None:
    rgb = clips()
    luma = degrade(rgb, h264_crf=32)
    for clip, truth in zip(luma, luma_of_rgb(rgb, "bt709"), strict=True):
        coded = recompress((truth[:, 0] * 255).round().byte().numpy(), crf=32)
        np.testing.assert_array_equal((clip[:, 0] * 255).round().byte().numpy(), coded)
