"""Pictures and videos as training reads them: small WebP, and small H.264 that decord seeks exactly."""

import hashlib
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from temporal_colorize.data.pictures import PICTURE_SUFFIXES, DataError, decode_picture
from temporal_colorize.video import VideoError, open_local

WEBP_QUALITY = 90
CLIP_CRF = 20  # x264; recorders use 23 to 32, so little is lost on top of what they lost
_KEY_DISTANCE = 12  # frames: a random place is at most that far behind a place to start decoding from
_SMPTE170M, _LIMITED, _FULL = 6, 1, 2  # AVColorSpace and AVColorRange, as FFmpeg numbers them
_MATRICES = {1: Colorspace.ITU709, 5: Colorspace.ITU601, 6: Colorspace.ITU601, 9: Colorspace.BT2020}


def fit(picture: np.ndarray, short_side: int) -> np.ndarray:
    """Shrink a picture, (H, W, 3) uint8, to a short side of at most so many pixels; small ones stay as they are."""
    scale = short_side / min(picture.shape[:2])
    if scale >= 1:
        return picture
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def webp_of(picture: np.ndarray) -> bytes:
    """Encode a picture, (H, W, 3) uint8 RGB, at WEBP_QUALITY."""
    return cv2.imencode(".webp", picture[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY])[1].tobytes()


def frames_of(files: tuple[Path, ...], *, rate: int, short_side: int) -> tuple[Iterator[np.ndarray], Fraction]:
    """Open a video, or pictures as one: its frames, (H, W, 3) uint8 RGB, small, in order, and how many a second.

    Raises:
        DataError: Here or while the frames are read, if something cannot be decoded.
    """
    if len(files) > 1 or files[0].suffix.lower() in PICTURE_SUFFIXES:
        return (fit(decode_picture(file.read_bytes(), str(file)), short_side) for file in files), Fraction(rate)
    try:
        with open_local(files[0]) as container:
            average = container.streams.video[0].average_rate
    except VideoError as error:
        raise DataError(str(error)) from error
    except IndexError as error:
        raise DataError(f"{files[0]} has no pictures in it") from error
    return _decoded(files[0], short_side), average or Fraction(rate)


def _decoded(file: Path, short_side: int) -> Iterator[np.ndarray]:
    # Sequential reading by PyAV, which is right for every container; decord hangs on some.
    try:
        with open_local(file) as container:
            container.streams.video[0].thread_type = "AUTO"
            for frame in container.decode(video=0):
                yield _small_rgb(frame, short_side)
    except (av.FFmpegError, OSError, VideoError) as error:
        raise DataError(f"{file} breaks off: {error}") from error


def _small_rgb(frame: VideoFrame, short_side: int) -> np.ndarray:
    """Convert and shrink; what is untagged is taken for BT.709 from 720 lines on, as players do."""
    scale = min(1, short_side / min(frame.width, frame.height))
    guess = Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601
    full = frame.format.name.startswith("yuvj") or frame.color_range == _FULL or frame.format.is_rgb
    small = frame.reformat(
        max(2, round(frame.width * scale)),
        max(2, round(frame.height * scale)),
        "rgb24",
        src_colorspace=_MATRICES.get(frame.colorspace, guess),
        src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation="AREA",
    )
    return np.rot90(small.to_ndarray(), frame.rotation // 90)  # sideways footage stands upright


def write_clips(
    frames: Iterable[np.ndarray], stem: Path, *, rate: Fraction, most_frames: int
) -> Iterator[tuple[Path, int]]:
    """Write frames, (H, W, 3) uint8, as MP4 files of at most `most_frames`: `<stem>-000.mp4.part` and so on.

    H.264, BT.601 limited range, closed groups of pictures, one frame after the other at a constant rate, no sound; an
    odd line or column is cut off.

    Yields:
        Each file when it is complete, and how many frames it has.
    """
    frames = iter(frames)
    for number, first in enumerate(frames):
        path = stem.with_name(f"{stem.name}-{number:03d}.mp4.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            count = _write_clip(path, first, chain([first], islice(frames, most_frames - 1)), rate)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        yield path, count


def _write_clip(path: Path, first: np.ndarray, frames: Iterable[np.ndarray], rate: Fraction) -> int:
    count = 0
    rate = Fraction(min(rate, 120)).limit_denominator(1001)
    options = {"crf": str(CLIP_CRF), "preset": "veryfast", "g": str(_KEY_DISTANCE), "flags": "+cgop"}
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=rate, options=options)
        video.height, video.width = (side // 2 * 2 for side in first.shape[:2])
        video.pix_fmt, context = "yuv420p", video.codec_context
        context.color_range, context.time_base = _LIMITED, 1 / rate
        context.colorspace = context.color_primaries = context.color_trc = _SMPTE170M
        for count, picture in enumerate(frames, start=1):
            if picture.shape != first.shape:
                raise DataError(f"its frame {count} has another size than its first")
            rgb = VideoFrame.from_ndarray(np.ascontiguousarray(picture[: video.height, : video.width]))
            frame = rgb.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.MPEG)
            frame.pts, frame.time_base = count - 1, 1 / rate
            container.mux(video.encode(frame))
        container.mux(video.encode())
    return count


def count_frames(path: Path) -> int:
    """Count a file's pictures by decoding it with PyAV."""
    with open_local(path) as container:
        return sum(1 for _ in container.decode(video=0))


def unseekable(path: Path, *, trials: int = 12) -> str:
    """Say why decord must not be trusted with an MP4 or MKV file, or nothing if it may be.

    Its count must be PyAV's, and frames at shuffled places must equal those of reading from front to back. Give it no
    other container: decord hangs on MPEG-TS.
    """
    import decord

    try:
        count = count_frames(path)
        reader = decord.VideoReader(str(path), num_threads=1)
        if len(reader) != count:
            return f"decord counts {len(reader)} frames, PyAV {count}"
        digests = [_digest(reader[place].asnumpy()) for place in range(count)]
        fresh = decord.VideoReader(str(path), num_threads=1)
        for place in np.random.default_rng(0).permutation(count)[:trials].tolist():
            if _digest(fresh[place].asnumpy()) != digests[place]:
                return f"decord gives another frame {place} out of order"
    except (decord.DECORDError, RuntimeError, IndexError, av.FFmpegError, VideoError) as error:
        return f"cannot be read back: {str(error).splitlines()[0]}"
    return ""


def _digest(frame: np.ndarray) -> bytes:
    return hashlib.blake2b(frame.tobytes(), digest_size=16).digest()
