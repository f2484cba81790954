"""One raw item into what is stored of it, or the reason why not; pure, so that several processes can do it."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_prep.encode import fit, frames_of, unseekable, webp_of, write_clips
from data_prep.quality import GREY_CHROMA, Rejected, chroma_of, correlation, perceptual_hash
from data_prep.sources import RawItem
from data_prep.spread import Spread
from temporal_colorize.data.pictures import DataError, decode_picture

LEAST_SIDE = 32  # pixels; a smaller picture holds nothing to learn at 128
_PAIR_CORRELATION = 0.9  # of the grey thumbnails of a picture and its monochrome twin


class Limits(NamedTuple):
    """What is stored.

    Attributes:
        short_side: Of pictures, in pixels, at most.
        clip_side: Of clips.
        clip_frames: Longer videos are cut into clips of at most so many frames.
        grey_chroma: A picture whose 95th percentile of |ab| is below this is grey.
    """

    short_side: int = 160
    clip_side: int = 256
    clip_frames: int = 500
    grey_chroma: float = GREY_CHROMA


class Made(NamedTuple):
    """What is stored of a picture (the WebP itself) or a clip (a temporary file), and the hashes of its look."""

    content: bytes | Path
    width: int
    height: int
    frames: int
    hashes: tuple[int, ...]


Outcome = tuple[RawItem, list[Made | Rejected]]


def make_all(items: Iterable[RawItem], folder: Path, limits: Limits, *, spread: Spread = map) -> Iterator[Outcome]:
    """Make every item, in order; clips are written to temporary files in `folder`, made if it is not there."""
    return spread(partial(_make, folder=folder, limits=limits), items)


def _make(item: RawItem, *, folder: Path, limits: Limits) -> Outcome:
    if item.fault:
        return item, [Rejected(item.fault, "")]
    make: Callable[..., Iterator[Made | Rejected]] = _picture if item.kind == "picture" else _clips
    made: list[Made | Rejected] = []
    try:
        for one in make(item, folder, limits):
            made.append(one)
    except (DataError, OSError) as error:
        made = [*_without_files(made), Rejected("unreadable", str(error))]
    return item, made


def _without_files(made: list[Made | Rejected]) -> list[Rejected]:
    for one in made:
        if isinstance(one, Made) and isinstance(one.content, Path):
            one.content.unlink()
    return [one for one in made if isinstance(one, Rejected)]


def _picture(item: RawItem, folder: Path, limits: Limits) -> Iterator[Made | Rejected]:
    picture = decode_picture(item.files[0].read_bytes(), item.name)
    fault = _fault([picture], limits)
    if item.black is not None and fault is None:
        alike = correlation(picture, decode_picture(item.black.read_bytes(), str(item.black)))
        if alike < _PAIR_CORRELATION:
            fault = Rejected("not the picture of its black twin", f"correlation {alike:.2f}")
    if fault is not None:
        yield fault
        return
    small = fit(picture, limits.short_side)
    yield Made(webp_of(small), small.shape[1], small.shape[0], 1, (perceptual_hash(small),))


def _clips(item: RawItem, folder: Path, limits: Limits) -> Iterator[Made | Rejected]:
    frames, rate = frames_of(item.files, rate=item.rate, short_side=limits.clip_side)
    stem = folder / member_name(item.name)
    empty = True
    for path, count in write_clips(frames, stem, rate=rate, most_frames=limits.clip_frames):
        empty = False
        fault = Rejected("shorter than two frames", "") if count < 2 else None
        if fault is None and (why := unseekable(path)):
            fault = Rejected("decord does not seek it exactly", why)
        shown = [] if fault else _first_middle_last(path, count)
        fault = fault or _fault(shown, limits)
        if fault is not None:
            path.unlink()
            yield fault
            continue
        height, width, _ = shown[0].shape
        yield Made(path, width, height, count, tuple(perceptual_hash(frame) for frame in shown))
    if empty:
        yield Rejected("unreadable", "no frame in it")


def _first_middle_last(path: Path, count: int) -> list[np.ndarray]:
    import decord

    reader = decord.VideoReader(str(path), num_threads=1)
    return list(reader.get_batch([0, count // 2, count - 1]).asnumpy())


def _fault(pictures: list[np.ndarray], limits: Limits) -> Rejected | None:
    side = min(pictures[0].shape[:2])
    if side < LEAST_SIDE:
        return Rejected(f"shorter side below {LEAST_SIDE} pixels", f"{side}")
    chroma = max(chroma_of(picture) for picture in pictures)
    return Rejected("grey", f"chroma {chroma:.1f}") if chroma < limits.grey_chroma else None


def member_name(name: str) -> str:
    """Make a file name without dots, unique and the same in every run, from a raw item's name."""

    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name.rpartition(".")[0] or name)[-60:].strip("_-")
    return f"{plain or 'item'}-{hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()[:8]}"
