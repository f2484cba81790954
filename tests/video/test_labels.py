"""What files say of themselves, read by Pillow, PyAV and an XML parser."""

import io
import struct
import xml.etree.ElementTree as ET
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from temporal_colorize.video.labels import Label, label_picture, label_video
from tests.support.videos import lumas_of, write_video

LABEL = Label("Colours & <guesses>.", "http://cv.iptc.org/newscodes/digitalsourcetype/x", 'tool "1"')
NAMES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "ext": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}


def assert_says(xmp: bytes) -> None:
    description = ET.fromstring(xmp.decode()).find("*/rdf:Description", NAMES)
    assert description.find("dc:description/rdf:Alt/rdf:li", NAMES).text == LABEL.statement
    assert description.get(f"{{{NAMES['ext']}}}DigitalSourceType") == LABEL.source_type


def encoded(suffix: str, *, dtype: type = np.uint8, lossy: bool = False) -> tuple[bytes, np.ndarray]:
    picture = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (31, 47, 3), dtype)
    options = [cv2.IMWRITE_WEBP_QUALITY, 80] if lossy else []
    return cv2.imencode(suffix, picture, options)[1].tobytes(), picture


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("lossy", [False, True])
def test_pictures_carry_xmp_and_stay_the_same_pictures(suffix: str, lossy: bool) -> None:
    plain, _ = encoded(suffix, lossy=lossy and suffix == ".webp")
    labelled = label_picture(plain, LABEL)
    with Image.open(io.BytesIO(labelled)) as picture, Image.open(io.BytesIO(plain)) as before:
        assert_says(picture.info["xmp"])
        np.testing.assert_array_equal(np.asarray(picture), np.asarray(before))
    np.testing.assert_array_equal(*(cv2.imdecode(np.frombuffer(c, np.uint8), -1) for c in (plain, labelled)))


def test_sixteen_bits() -> None:
    for suffix in (".png", ".tif"):
        plain, picture = encoded(suffix, dtype=np.uint16)
        read = cv2.imdecode(np.frombuffer(label_picture(plain, LABEL), np.uint8), -1)
        np.testing.assert_array_equal(read, picture)


def test_each_format_s_own_words() -> None:
    opened = {s: Image.open(io.BytesIO(label_picture(encoded(s)[0], LABEL))) for s in (".png", ".jpg", ".tif")}
    assert opened[".png"].text["Comment"] == LABEL.statement
    assert opened[".jpg"].info["comment"].decode() == LABEL.statement
    assert opened[".tif"].tag_v2[270] == LABEL.statement


def test_big_endian_tiff() -> None:
    made = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=">u2").reshape(8, 8)).save(made, "TIFF")
    assert made.getvalue()[:2] == b"MM"
    read = Image.open(io.BytesIO(label_picture(made.getvalue(), LABEL)))
    assert read.tag_v2[270] == LABEL.statement and np.array_equal(np.asarray(read).ravel(), np.arange(64))


def test_bmp_stays_as_it_is() -> None:
    plain, _ = encoded(".bmp")
    assert label_picture(plain, LABEL) == plain


@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_mp4_ends_in_a_box_of_xmp(tmp_path: Path, name: str) -> None:
    """Boxes are walked by hand, as ISO/IEC 14496-12 says."""
    lumas = write_video(tmp_path / name, count=3)
    label_video(tmp_path / name, Path(name).suffix[1:], LABEL)
    content, place, kinds = (tmp_path / name).read_bytes(), 0, []
    while place < len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        kinds.append(kind)
        body, place = content[place + 8 : place + length], place + length
    assert kinds[-1] == b"uuid" and place == len(content)
    assert body[:16].hex() == "be7acfcb97a942e89c71999491e3afac"
    assert_says(body[16:])
    np.testing.assert_array_equal(lumas_of(tmp_path / name), lumas)
