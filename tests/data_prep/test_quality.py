import cv2
import numpy as np
import pytest
from scipy.fft import dctn
from skimage.color import rgb2lab

from data_prep.quality import (
    GREY_CHROMA,
    HASH_LIMIT,
    NearDuplicates,
    chroma_of,
    correlation,
    perceptual_hash,
    scenes_of,
)
from temporal_colorize.data.pictures import Photographs
from tests.data_prep.raw import picture


def test_the_hash_is_the_signs_of_the_low_frequencies() -> None:
    # 32x32 is not resized, and grey stays grey; the transform by SciPy.
    grey = np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)
    low = dctn(grey.astype(float), norm="ortho")[:8, :8].ravel()
    bits = low > np.median(low[1:])
    bits[0] = False
    expected = int("".join("01"[bit] for bit in bits.astype(int)), 2)
    assert perceptual_hash(np.repeat(grey[..., None], 3, axis=2)) == expected


def test_chroma_is_that_of_scikit_image() -> None:
    rgb = np.random.default_rng(0).integers(100, 150, (64, 64, 3), np.uint8)  # 64x64 is not resized
    lab = rgb2lab(rgb)
    expected = np.percentile(np.hypot(lab[..., 1], lab[..., 2]), 95)
    assert chroma_of(rgb) == pytest.approx(expected, abs=0.3)  # OpenCV's Lab differs by up to 0.33


def test_grey_is_told_from_colour() -> None:
    photographs = Photographs()
    for photograph in photographs._pictures:
        grey = np.repeat(cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
        assert chroma_of(grey) < GREY_CHROMA < chroma_of(photograph)


def degraded(rgb: np.ndarray) -> np.ndarray:
    small = cv2.resize(rgb, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    brighter = np.clip(small * 1.1 + 5, 0, 255).astype(np.uint8)
    return cv2.imdecode(cv2.imencode(".jpg", brighter, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)


def test_hashes_of_photographs() -> None:
    photographs = Photographs()._pictures
    hashes = [perceptual_hash(photograph) for photograph in photographs]
    for photograph, original in zip(photographs, hashes, strict=True):
        copy = degraded(photograph[..., ::-1])[..., ::-1]
        assert (perceptual_hash(copy) ^ original).bit_count() <= HASH_LIMIT
    for first in range(len(hashes)):
        for second in range(first):
            assert (hashes[first] ^ hashes[second]).bit_count() > 2 * HASH_LIMIT


def test_near_duplicates() -> None:
    near = NearDuplicates()
    a, b, c = 0, 0xFFFF, 0xFFFF_0000_FFFF  # 16 and more bits apart
    assert near.find("s", "train", [a]) is None
    near.add("picture", "s", "train", [a])
    near.add("clip", "v", "train", [b, b, c])
    assert near.find("t", "train", [a ^ 0b111111]) == "picture"  # six bits
    assert near.find("t", "train", [a ^ 0b1111111]) is None  # seven
    assert near.find("s", "train", [a ^ 0b111]) is None  # of the same camera
    assert near.find("s", "train", [a ^ 0b11]) == "picture"
    assert near.find("w", "train", [b, b, b]) == "clip"
    assert near.find("w", "train", [a, b, c]) is None  # two clips of one camera
    assert near.find("w", "tuning", [a, a ^ 0xFFF0000, c]) == "picture"  # but not in two splits
    assert near.across("train", [a, b, c]) is None


def test_near_duplicates_of_many() -> None:
    near = NearDuplicates()
    hashes = np.random.default_rng(0).integers(0, 2**63, 3000).tolist()
    for number, one in enumerate(hashes):
        near.add(str(number), "s", "train", [one])
    assert near.find("t", "train", [hashes[2999] ^ 1]) == "2999"
    assert near.find("t", "train", [hashes[0] ^ 1]) == "0"


def test_scenes() -> None:
    walker = picture(1)
    walker[40:60, 30:40] = 0
    assert scenes_of([picture(1), picture(2), walker, picture(1, height=48)]).tolist() == [0, 1, 0, 0]


def test_a_picture_and_its_grey_twin_correlate() -> None:
    grey = np.repeat(cv2.cvtColor(picture(0), cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    assert correlation(picture(0), grey) == pytest.approx(1, abs=1e-4)
    assert correlation(picture(0), picture(1)) < 0.5
