"""Recordings as they come: joined, cut, damaged, with wrong clocks, interlaced, in odd formats."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.packet import Packet

from tests.support.videos import index_luma, write_video

COUNT = 30  # pictures of a clip, if not said otherwise
GOP = 10
X264 = {"qp": "10", "g": str(GOP), "preset": "veryfast"}
Edit = Callable[[str, int, Packet], bool | None]  # a stream's type, the packet's number in it; False leaves it out


def clip(path: Path, **options: object) -> Path:
    """Write index pictures, H.264 with a keyframe every 10 if not said otherwise."""
    given = {"count": COUNT, **({"options": X264} if "codec" not in options else {}), **options}
    write_video(path, **given)
    return path


def join(path: Path, *parts: Path) -> Path:
    """Append files to each other, as recorders do and ``cat`` does."""
    with path.open("wb") as whole:
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, whole)
    return path


def keep(path: Path, start: float, stop: float) -> Path:
    """Keep a stretch of a file, given as shares of its size."""
    content = path.read_bytes()
    path.write_bytes(content[int(len(content) * start) : int(len(content) * stop)])
    return path


def overwrite(path: Path, start: float, stop: float, *, noise: bool = False) -> Path:
    """Overwrite a stretch of a file with zeros or noise."""
    content = bytearray(path.read_bytes())
    first, last = int(len(content) * start), int(len(content) * stop)
    content[first:last] = np.random.default_rng(0).bytes(last - first) if noise else bytes(last - first)
    path.write_bytes(content)
    return path


def remux(source: Path, target: Path, edit: Edit, **options: str) -> Path:
    """Copy the packets of a file to another container, and change them on the way."""
    with av.open(str(source)) as given, av.open(str(target), "w", container_options=options) as taken:
        twins = {stream.index: taken.add_stream_from_template(stream) for stream in given.streams}
        counts = dict.fromkeys(twins, 0)
        for packet in given.demux():
            if packet.size:
                index, kind = packet.stream.index, packet.stream.type
                wanted = edit(kind, counts[index], packet)
                counts[index] += 1
                if wanted is not False:
                    packet.stream = twins[index]
                    taken.mux(packet)
    return target


def without_first(source: Path, target: Path, packets: int) -> Path:
    """Copy a file without its first packets of video, so that it begins between keyframes."""
    return remux(source, target, lambda kind, number, _: not (kind == "video" and number < packets))


def damage_payload(source: Path, target: Path, numbers: range) -> Path:
    """Copy a file with the payload of some packets of video turned to noise; the container stays whole."""

    def edit(kind: str, number: int, packet: Packet) -> None:
        if kind == "video" and number in numbers:
            content = bytes(packet)
            packet.update(content[:12] + np.random.default_rng(number).bytes(len(content) - 12))

    return remux(source, target, edit)


def pictures(path: Path, pix_fmt: str, *, count: int = 5, width: int = 128, height: int = 96,
             codec: str = "rawvideo") -> Path:  # fmt: skip
    """Write index pictures, converted to any pixel format by swscale."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        for index in range(count):
            picture = av.VideoFrame.from_ndarray(index_luma(index, width=width, height=height), format="gray")
            picture = picture.reformat(format=pix_fmt, threads=1)
            picture.pts, picture.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def numbered(folder: Path, pattern: str, numbers: range | list[int], *, pix_fmt: str = "gray", codec: str = "png",
             width: int = 128, height: int = 96) -> Path:  # fmt: skip
    """Write index pictures as files of their own and return their pattern."""
    folder.mkdir(exist_ok=True)
    for index, number in enumerate(numbers):
        picture = av.VideoFrame.from_ndarray(index_luma(index, width=width, height=height), format="gray")
        context = av.CodecContext.create(codec, "w")
        context.width, context.height, context.pix_fmt, context.time_base = width, height, pix_fmt, Fraction(1, 25)
        packets = context.encode(picture.reformat(format=pix_fmt, threads=1)) + context.encode(None)
        (folder / (pattern % number)).write_bytes(b"".join(bytes(packet) for packet in packets))
    return folder / pattern


def retime_flv(path: Path, stamps: Callable[[str, int, int], int]) -> Path:
    """Change the timestamps of an FLV file, which has one per tag: type, number, milliseconds."""
    content, place, counts = bytearray(path.read_bytes()), 13, {8: 0, 9: 0}
    while place + 11 <= len(content):
        kind, size = content[place], int.from_bytes(content[place + 1 : place + 4], "big")
        if kind in counts:
            given = int.from_bytes(content[place + 7 : place + 8] + content[place + 4 : place + 7], "big")
            stamp = stamps({8: "audio", 9: "video"}[kind], counts[kind], given) % 2**32
            content[place + 4 : place + 8] = (stamp & 0xFFFFFF).to_bytes(3, "big") + bytes([stamp >> 24])
            counts[kind] += 1
        place += 11 + size + 4
    path.write_bytes(content)
    return path


def encoded_frames(path: Path) -> int:
    """Count the pictures that FFmpeg finds in a file."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
