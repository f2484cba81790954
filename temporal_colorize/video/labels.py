"""What is said inside the files themselves of where their colours come from, in XMP and in each format's own words."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from temporal_colorize.video.tiff_labels import in_tiff

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmp:CreatorTool={tool} Iptc4xmpExt:DigitalSourceType={source_type}>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{statement}</rdf:li></rdf:Alt></dc:description>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""
_IN_MP4 = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # the UUID that XMP's specification, part 3, gives
_IN_JPEG = b"http://ns.adobe.com/xap/1.0/\0"
_PNG_HEAD = 8 + 25  # signature and IHDR


class Label(NamedTuple):
    """What a file says of its colours.

    Attributes:
        statement: in a sentence, in Latin letters.
        source_type: the IPTC's digital source type, a URI.
        tool: that made them.
    """

    statement: str
    source_type: str
    tool: str

    def xmp(self) -> bytes:
        """Write an XMP packet."""
        text = _XMP.format(
            tool=quoteattr(self.tool), source_type=quoteattr(self.source_type), statement=escape(self.statement)
        )
        return text.encode()

    def metadata(self) -> Mapping[str, str]:
        """Return the tags of a video's container; MP4 and QuickTime keep the comment alone, see `label_video`."""
        return {"comment": self.statement, "DIGITAL_SOURCE_TYPE": self.source_type}


def label_video(path: Path, container: str, label: Label) -> None:
    """Append the XMP packet to a finished MP4 or QuickTime file; other containers have tags instead.

    Args:
        path: the file.
        container: FFmpeg's name of its format.
        label: what it says.
    """
    if container in ("mp4", "mov"):
        body = _IN_MP4 + label.xmp()
        with path.open("ab") as file:
            file.write(struct.pack(">I4s", 8 + len(body), b"uuid") + body)


def label_picture(content: bytes, label: Label) -> bytes:
    """Put the label into a JPEG, PNG, WebP or TIFF file; a BMP file has no place for it and stays as it is."""
    for begins, put in _PLACES.items():
        if content.startswith(begins):
            return put(content, label)
    return content


def _in_jpeg(content: bytes, label: Label) -> bytes:
    parts = [(b"\xff\xe1", _IN_JPEG + label.xmp()), (b"\xff\xfe", label.statement.encode())]
    segments = b"".join(marker + struct.pack(">H", len(body) + 2) + body for marker, body in parts)
    place = 2
    if content[2:4] == b"\xff\xe0":  # JFIF's own has to come first
        place = 4 + struct.unpack_from(">H", content, 4)[0]
    return content[:place] + segments + content[place:]


def _in_png(content: bytes, label: Label) -> bytes:
    xmp = b"XML:com.adobe.xmp" + bytes(5) + label.xmp()
    texts = _chunk(b"iTXt", xmp) + _chunk(b"tEXt", b"Comment\0" + label.statement.encode("latin-1"))
    return content[:_PNG_HEAD] + texts + content[_PNG_HEAD:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _in_webp(content: bytes, label: Label) -> bytes:
    """Wrap a plain file, of one chunk of pixels, in the extended format, which alone has a place for XMP."""
    from temporal_colorize.video.picture_size import picture_size

    if content[12:16] not in (b"VP8 ", b"VP8L"):
        return content
    width, height = picture_size(content)
    has_xmp, has_alpha = 4, 16
    alpha = content[12:16] == b"VP8L" and content[24] >> 4 & 1
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    head = _riff(b"VP8X", bytes([has_xmp | has_alpha * alpha, 0, 0, 0]) + sizes)
    body = b"WEBP" + head + content[12:] + _riff(b"XMP ", label.xmp())
    return _riff(b"RIFF", body)


def _riff(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def _in_tiff(content: bytes, label: Label) -> bytes:
    return in_tiff(content, statement=label.statement.encode() + b"\0", xmp=label.xmp())


_PLACES: dict[bytes, Callable[[bytes, Label], bytes]] = {
    b"\xff\xd8": _in_jpeg,
    b"\x89PNG": _in_png,
    b"RIFF": _in_webp,
    b"II*\0": _in_tiff,
    b"MM\0*": _in_tiff,
}
