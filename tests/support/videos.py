"""Small videos for tests; picture i carries i in 12 binary blocks, so that frames can be told apart."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT = 128, 96
BT709, SMPTE170M, BT2020 = 1, 6, 9  # AVColorSpace
LIMITED, FULL = 1, 2  # AVColorRange
_BLOCKS, _TOP, _TALL = 12, 8, 16


def index_luma(
    index: int, *, width: int = WIDTH, height: int = HEIGHT, depth: int = 8, full_range: bool = False
) -> np.ndarray:
    """Draw picture ``index``: (height, width) luma that uses its whole range, with the index as blocks at the top."""
    low, high = (0, 2**depth - 1) if full_range else (16 << (depth - 8), 235 << (depth - 8))
    rng = np.random.default_rng(index // 10)
    luma = rng.integers(low, high + 1, (height, width), dtype=np.uint16)
    luma[_TOP - 4 : _TOP + _TALL + 4] = (low + high) // 2
    wide = width // _BLOCKS
    for bit in range(_BLOCKS):
        luma[_TOP : _TOP + _TALL, bit * wide + 1 : (bit + 1) * wide - 1] = high if index >> bit & 1 else low
    return luma.astype(np.uint8 if depth == 8 else np.uint16)


def index_of(luma: np.ndarray) -> int:
    """Read back the index drawn in a picture of any depth and range."""
    wide = luma.shape[1] // _BLOCKS
    strip = luma[_TOP + 4 : _TOP + _TALL - 4].astype(float)
    middle = (strip.min() + strip.max()) / 2 if strip.max() > strip.min() else strip.max() + 1
    blocks = [strip[:, bit * wide + 3 : (bit + 1) * wide - 3].mean() for bit in range(_BLOCKS)]
    return sum(int(value > middle) << bit for bit, value in enumerate(blocks))


def variable_pts(count: int, *, start: int = 0, seed: int = 0) -> list[int]:
    """Draw presentation times in milliseconds at changing distances of 20 to 400 ms."""
    steps = np.random.default_rng(seed).choice([20, 33, 40, 100, 400], count)
    return [start + int(step) for step in np.cumsum(steps) - steps[0]]


def write_video(
    path: Path,
    *,
    count: int = 30,
    width: int = WIDTH,
    height: int = HEIGHT,
    pix_fmt: str = "yuv420p",
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    time_base: Fraction = Fraction(1, 25),
    pts: list[int] | None = None,
    tags: dict[str, int] | None = None,
    audio: str | None = None,
    audio_rate: int = 48000,
    rate: int = 25,
    rotation: int = 0,
    sample_aspect_ratio: Fraction | None = None,
    metadata: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> list[np.ndarray]:
    """Write a video of index pictures and return the luma that was given to the encoder.

    Args:
        path: the suffix chooses the container.
        options: the encoder's; None is lossless for libx264.
        pts: presentation times in ``time_base``; None is one after the other.
        tags: colour tags by PyAV's names (colorspace, color_range, color_primaries, color_trc).
        audio: the codec of a mono sound track as long as the video, if any, with
        audio_rate: so many samples a second; G.711 has 8000.
    """
    fmt = av.VideoFormat(pix_fmt)
    depth, full_range = fmt.components[0].bits, (tags or {}).get("color_range") == FULL or pix_fmt.startswith("yuvj")
    if options is None:
        options = {"qp": "0"} if codec == "libx264" else {}
    lumas = [index_luma(i, width=width, height=height, depth=depth, full_range=full_range) for i in range(count)]
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        container.metadata.update(metadata or {})
        video = container.add_stream(codec, rate=rate, options=options)
        video.width, video.height, video.pix_fmt = width, height, pix_fmt
        video.codec_context.time_base = time_base
        for tag, value in (tags or {}).items():
            setattr(video.codec_context, tag, value)
        if sample_aspect_ratio:
            video.codec_context.sample_aspect_ratio = sample_aspect_ratio
        if rotation:
            video.set_display_rotation(rotation)
        sound = (
            container.add_stream(audio, rate=8000 if "law" in audio else audio_rate, layout="mono") if audio else None
        )
        for index, stamp in enumerate(pts or range(count)):
            picture = av.VideoFrame(width, height, pix_fmt)
            _fill(picture, lumas[index], np.uint8 if depth == 8 else np.uint16)
            picture.pts, picture.time_base = stamp, time_base
            container.mux(video.encode(picture))
        container.mux(video.encode())
        if sound is not None:
            seconds = (pts[-1] * float(time_base)) if pts else count / rate
            _write_tone(container, sound, seconds)
    return lumas


def _fill(picture: av.VideoFrame, luma: np.ndarray, dtype: type) -> None:
    for index, plane in enumerate(picture.planes):
        lines = np.frombuffer(plane, dtype).reshape(plane.height, -1)[:, : plane.width]
        lines[:] = luma if index == 0 else 1 << (picture.format.components[0].bits - 1)


def _write_tone(container: av.container.OutputContainer, sound: av.AudioStream, seconds: float) -> None:
    rate = sound.codec_context.sample_rate
    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
    resampler = av.AudioResampler(format=sound.codec_context.format, layout="mono", rate=rate)
    for start in range(0, len(wave), 1024):
        piece = np.ascontiguousarray(wave[None, start : start + 1024], dtype=np.float32)
        block = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
        block.sample_rate, block.pts, block.time_base = rate, start, Fraction(1, rate)
        for ready in resampler.resample(block):
            container.mux(sound.encode(ready))
    container.mux(sound.encode())


def write_audio(path: Path, *, seconds: float = 0.5) -> None:
    """Write a file with sound and no pictures."""
    with av.open(str(path), "w") as container:
        _write_tone(container, container.add_stream("aac", rate=48000, layout="mono"), seconds)


def frame_times(path: Path) -> list[Fraction]:
    """Decode a file by PyAV alone and return its pictures' times in seconds."""
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def lumas_of(path: Path) -> list[np.ndarray]:
    """Decode a planar file by PyAV alone and return its luma planes."""
    with av.open(str(path)) as container:
        return [_luma(frame) for frame in container.decode(video=0)]


def assert_same_frames(one: Path, other: Path) -> None:
    """Compare what two files decode to, sample by sample, and when it is shown."""
    with av.open(str(one)) as left, av.open(str(other)) as right:
        for frame, same in zip(left.decode(video=0), right.decode(video=0), strict=True):
            np.testing.assert_array_equal(frame.to_ndarray(), same.to_ndarray())
    assert frame_times(one) == frame_times(other)


def _luma(frame: av.VideoFrame) -> np.ndarray:
    dtype = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    plane = frame.planes[0]
    return np.frombuffer(plane, dtype).reshape(plane.height, -1)[:, : plane.width].copy()


def packets_of(path: Path, kind: str) -> list[tuple[bytes, Fraction]]:
    """Demux a file by PyAV alone and return the payload and the time in seconds of each packet of one kind."""
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        return [(bytes(p), p.pts * p.time_base) for p in container.demux(stream) if p.size]


def damage(path: Path, *, start: float, stop: float) -> None:
    """Overwrite a stretch of a file, given as shares of its size, with noise."""
    content = bytearray(path.read_bytes())
    first, last = int(len(content) * start), int(len(content) * stop)
    content[first:last] = np.random.default_rng(0).bytes(last - first)
    path.write_bytes(content)


@contextlib.contextmanager
def untouched(folder: Path):
    """Check that a folder holds the same files with the same content before and after."""
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    yield
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
