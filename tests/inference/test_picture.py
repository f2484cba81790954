import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from temporal_colorize.inference.picture import PictureError, colorize_picture, read_luma
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.video import Limits
from tests.support.networks import tiny_weights


def session() -> Session:
    return Session(tiny_weights(), SessionOptions(size=64))


@pytest.fixture
def grey() -> np.ndarray:
    rng = np.random.default_rng(0)
    return cv2.resize(rng.integers(20, 235, (12, 16), np.uint8), (101, 77), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_grey_picture_gets_colour_and_keeps_its_luma(tmp_path: Path, grey: np.ndarray, dtype: type) -> None:
    grey = grey.astype(dtype) * (np.iinfo(dtype).max // 255)
    cv2.imwrite(str(tmp_path / "a.png"), grey)
    report = colorize_picture(tmp_path / "a.png", None, session())
    assert report.output == tmp_path / "a.color.png"
    result = cv2.imread(str(report.output), cv2.IMREAD_UNCHANGED)
    assert result.shape == (*grey.shape, 3) and result.dtype == dtype
    assert np.ptp(result.astype(int), axis=2).mean() > np.iinfo(dtype).max / 255
    luma = result @ [0.114, 0.587, 0.299]  # Rec. 601, blue first
    np.testing.assert_allclose(luma, grey, atol=0.51)  # of rounding three channels


def test_a_coloured_picture_is_used_as_its_luma(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), rgb)
    np.testing.assert_array_equal(read_luma(tmp_path / "a.png"), cv2.cvtColor(rgb, cv2.COLOR_BGR2GRAY))


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".bmp", ".tif"])
def test_other_formats(tmp_path: Path, grey: np.ndarray, suffix: str) -> None:
    source = tmp_path / f"a{suffix}"
    cv2.imwrite(str(source), grey)
    report = colorize_picture(source, None, session())
    assert report.output.suffix == suffix
    assert cv2.imread(str(report.output)).shape == (*grey.shape, 3)


def test_nothing_is_said_on_standard_error(tmp_path: Path, grey: np.ndarray, capfd: pytest.CaptureFixture) -> None:
    for suffix in (".png", ".jpg", ".webp"):
        cv2.imwrite(str(tmp_path / f"a{suffix}"), grey)
        colorize_picture(tmp_path / f"a{suffix}", None, session())
    assert capfd.readouterr().err == ""


def test_a_long_strip_of_pixels_is_coloured(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((1, 3000), 99, np.uint8))
    assert colorize_picture(tmp_path / "a.png", None, session()).frames == 1


def test_what_cannot_be_read_or_written_is_named(tmp_path: Path, grey: np.ndarray) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "bomb.png").write_bytes(enormous_png())
    for name in ("empty.png", "text.png", "gone.png", "bomb.png"):
        with pytest.raises(PictureError, match=name):
            colorize_picture(tmp_path / name, None, session())
    cv2.imwrite(str(tmp_path / "a.png"), grey)
    for output in (tmp_path / "a.png", tmp_path / "a.mp4", tmp_path / "gone" / "b.png"):
        with pytest.raises(ValueError, match=output.name):
            colorize_picture(tmp_path / "a.png", output, session())
    assert not list(tmp_path.glob("*.part")) and not list(tmp_path.glob(".*"))


def enormous_png() -> bytes:
    """A PNG of a few bytes whose header claims 60000x60000 pixels."""
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((40, 50), np.uint8))
    content = bytearray((tmp_path / "a.png").read_bytes())
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(PictureError, match=r"a\.png: is 60000x60000: above limits\.pixels=67108864; raise it if you"):
        read_luma(tmp_path / "a.png")


def test_the_limit_of_pictures_is_an_option(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.jpg"), np.zeros((40, 50), np.uint8))
    assert read_luma(tmp_path / "a.jpg", limits=Limits(pixels=2000)).shape == (40, 50)
    with pytest.raises(PictureError, match="is 50x40: above"):
        read_luma(tmp_path / "a.jpg", limits=Limits(pixels=1999))
