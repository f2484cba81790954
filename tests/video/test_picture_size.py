"""Sizes are those that OpenCV decodes, for every format that it is given here."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from temporal_colorize.video import picture_size

WIDTH, HEIGHT = 321, 123
WRITTEN = {
    "baseline.jpg": (".jpg", []),
    "progressive.jpg": (".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
    "restarts.jpg": (".jpg", [cv2.IMWRITE_JPEG_RST_INTERVAL, 4]),
    "a.png": (".png", []),
    "lossy.webp": (".webp", [cv2.IMWRITE_WEBP_QUALITY, 80]),
    "lossless.webp": (".webp", [cv2.IMWRITE_WEBP_QUALITY, 101]),
    "a.bmp": (".bmp", []),
    "a.tiff": (".tiff", []),
}


def encoded(name: str, channels: int = 3) -> bytes:
    picture = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, channels), dtype=np.uint8)
    return cv2.imencode(WRITTEN[name][0], picture, WRITTEN[name][1])[1].tobytes()


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("channels", [1, 3])
def test_written_by_opencv(name: str, channels: int) -> None:
    assert picture_size(encoded(name, channels)) == (WIDTH, HEIGHT)


def test_webp_with_an_alpha_channel() -> None:
    content = encoded("lossy.webp", 4)
    assert content[12:16] == b"VP8X"
    assert picture_size(content) == (WIDTH, HEIGHT)


def test_bmp_stored_from_the_top() -> None:
    content = bytearray(encoded("a.bmp"))
    struct.pack_into("<i", content, 22, -HEIGHT)
    assert cv2.imdecode(np.frombuffer(content, np.uint8), 1).shape[:2] == (HEIGHT, WIDTH)
    assert picture_size(bytes(content)) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_tiff_of_either_byte_order_and_size(order: str, big: bool) -> None:
    """By the TIFF 6.0 and BigTIFF specifications; a tag that comes twice counts by its largest."""
    tags = [(256, 4, 70_000), (256, 3, 5), (257, 3, 300), (258, 3, 8)]
    mark = b"II" if order == "<" else b"MM"
    if big:
        head = mark + struct.pack(order + "HHHQQ", 43, 8, 0, 16, len(tags))
        body = [struct.pack(order + "HHQ", tag, kind, 1) + packed(order, kind, value, 8) for tag, kind, value in tags]
    else:
        head = mark + struct.pack(order + "HIH", 42, 8, len(tags))
        body = [struct.pack(order + "HHI", tag, kind, 1) + packed(order, kind, value, 4) for tag, kind, value in tags]
    assert picture_size(head + b"".join(body)) == (70_000, 300)


def packed(order: str, kind: int, value: int, length: int) -> bytes:
    return struct.pack(order + {3: "H", 4: "I"}[kind], value).ljust(length, b"\0")


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_that_breaks_off_says_nothing_or_the_truth(name: str) -> None:
    content = encoded(name)
    for length in [*range(0, 200), len(content) // 2]:
        assert picture_size(content[:length]) in (None, (WIDTH, HEIGHT)), length


@pytest.mark.parametrize("content", [b"", b"GIF89a" + bytes(100), b"P5 1 1 255 \0", b"\xff\xd8" + b"\xff" * 100])
def test_other_formats_have_no_size(content: bytes) -> None:
    assert picture_size(content) is None


def test_whatever_is_flipped_opencv_never_decodes_more_than_was_said() -> None:
    """Else a picture could be larger than its limit."""
    rng = np.random.default_rng(1)
    for name in WRITTEN:
        whole = np.frombuffer(encoded(name), np.uint8)
        for _ in range(60):
            content = whole.copy()
            content[rng.integers(0, min(400, len(content)), 4)] = rng.integers(0, 256, 4)
            said = picture_size(content.tobytes())
            if said is not None and said[0] * said[1] < 1 << 22:
                decoded = cv2.imdecode(content, cv2.IMREAD_COLOR)
                assert decoded is None or decoded.shape[0] * decoded.shape[1] <= said[0] * said[1]
