"""Adds a description to a TIFF file."""

from __future__ import annotations

import struct

_DESCRIPTION, _XMP = 270, 700
_ASCII, _BYTE = 2, 1
_ENTRY = 12  # bytes


def in_tiff(content: bytes, *, statement: bytes, xmp: bytes) -> bytes:
    """Append the texts and a directory that names them beside what the first one names; samples stay where they are.

    Args:
        content: a file with offsets of 32 bits.
        statement: its ImageDescription, ending in a zero byte; longer than four bytes.
        xmp: a packet.
    """
    order = "<" if content[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", content, 4)
    (count,) = struct.unpack_from(order + "H", content, first)
    found = [content[first + 2 + _ENTRY * n :][:_ENTRY] for n in range(count)]
    after = content[first + 2 + _ENTRY * count :][:4]
    body = content + bytes(len(content) % 2)
    added = []
    for tag, kind, text in ((_DESCRIPTION, _ASCII, statement), (_XMP, _BYTE, xmp)):
        added.append(struct.pack(order + "HHII", tag, kind, len(text), len(body)))
        body += text + bytes(len(text) % 2)
    replaced = [entry for entry in found if _tag(entry, order) not in (_DESCRIPTION, _XMP)]
    entries = sorted([*replaced, *added], key=lambda entry: _tag(entry, order))
    directory = struct.pack(order + "H", len(entries)) + b"".join(entries) + after
    return body[:4] + struct.pack(order + "I", len(body)) + body[8:] + directory


def _tag(entry: bytes, order: str) -> int:
    return struct.unpack_from(order + "H", entry)[0]
