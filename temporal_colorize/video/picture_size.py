"""How large a picture file says that its picture is, read before anything takes memory for it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_NO_FRAME = {0xC4, 0xC8, 0xCC}  # JPEG markers from 0xC0 to 0xCF that do not start a frame
_BARE = {0x01, *range(0xD0, 0xD9)}  # without a length
_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257
_TIFF_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}
_MOST_TAGS = 1000


def picture_size(content: bytes) -> tuple[int, int] | None:
    """Return the largest width and height that a JPEG, PNG, WebP, BMP or TIFF file states for its picture.

    The format is told by the content. A file that states several sizes, so that readers may disagree, gets the largest.

    Args:
        content: The whole file.

    Returns:
        Width and height; None for anything else, and where the file breaks off before it says.
    """
    try:
        sizes = list(_sizes(content))
    except struct.error:
        return None
    return tuple(max(lengths) for lengths in zip(*sizes, strict=True)) if sizes else None


def _sizes(content: bytes) -> Iterator[tuple[int, int]]:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        yield struct.unpack_from(">II", content, 16)
    elif content.startswith(b"\xff\xd8"):
        yield from _jpeg(content)
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        yield from _webp(content)
    elif content.startswith(b"BM"):
        old = struct.unpack_from("<I", content, 14)[0] == 12
        width, height = struct.unpack_from("<HH" if old else "<ii", content, 18)
        yield abs(width), abs(height)  # below 0: stored from the top
    elif content[:2] in (b"II", b"MM"):
        yield from _tiff(content, "<" if content[:2] == b"II" else ">")


def _jpeg(content: bytes) -> Iterator[tuple[int, int]]:
    place = 2
    while (place := content.find(b"\xff", place)) >= 0 and place + 1 < len(content):
        marker = content[place + 1]
        if marker in (0x00, 0xFF) or marker in _BARE:
            place += 1 if marker == 0xFF else 2
            continue
        if marker in (0xD9, 0xDA):  # the end, or samples from here on
            return
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME:
            height, width = struct.unpack_from(">HH", content, place + 5)
            yield width, height
        place += 2 + struct.unpack_from(">H", content, place + 2)[0]


def _webp(content: bytes) -> Iterator[tuple[int, int]]:
    place = 12
    while place + 8 <= len(content):
        kind, length = content[place : place + 4], struct.unpack_from("<I", content, place + 4)[0]
        body = place + 8
        if kind == b"VP8X":
            width, height = (int.from_bytes(content[body + start : body + start + 3], "little") for start in (4, 7))
            yield width + 1, height + 1
        elif kind == b"VP8L":
            bits = struct.unpack_from("<I", content, body + 1)[0]
            yield (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif kind == b"VP8 ":
            yield tuple(length & 0x3FFF for length in struct.unpack_from("<HH", content, body + 6))
        place = body + length + length % 2


def _tiff(content: bytes, order: str) -> Iterator[tuple[int, int]]:
    big = struct.unpack_from(order + "H", content, 2)[0] == 43
    word, many, entry, value = ("Q", "Q", 20, 12) if big else ("I", "H", 12, 8)
    (start,) = struct.unpack_from(order + word, content, 8 if big else 4)
    (count,) = struct.unpack_from(order + many, content, start)
    first = start + struct.calcsize(order + many)
    found: dict[int, list[int]] = {_TIFF_WIDTH: [], _TIFF_HEIGHT: []}
    for place in range(first, first + entry * min(count, _MOST_TAGS), entry):
        tag, kind = struct.unpack_from(order + "HH", content, place)
        if tag in found and kind in _TIFF_TYPES:
            found[tag] += struct.unpack_from(order + _TIFF_TYPES[kind], content, place + value)
    if all(found.values()):
        yield tuple(max(lengths) for lengths in found.values())
