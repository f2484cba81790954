"""Prepares what colours files, given a configuration. Heavy imports are inside, as in `building`."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.config.building import encoding_of, gate_of, session_options
from temporal_colorize.config.finishing import finishing_of
from temporal_colorize.config.guiding import guides_of
from temporal_colorize.config.opened import Opened, open_for

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.inference.hints.entries import Hint
    from temporal_colorize.inference.report import Report
    from temporal_colorize.inference.session import Session
    from temporal_colorize.inference.split import Finished, Run, Start
    from temporal_colorize.inference.watching import Watch

_BATCH_ON_GPU = 8  # frames
_FEW = threading.Lock()
_before: dict[str, int] = {}  # how many threads libraries had, and how many callers have them use few


@dataclass(frozen=True)
class Prepared:
    """What colours files.

    Attributes:
        colorize: A source and an output, or None for the usual one; given= are hints instead of the configuration's,
            variant= what sets this output apart, run= has others colour segments. Returns a `Report`.
        color_segment: A source and an output as `colorize` has them elsewhere, and a `Start` that its run= was given;
            given= likewise. Returns what that run= gives back.
        settings: What the colours depend on beside the options.
        session: Makes a fresh session.
    """

    colorize: "Callable[..., Report]"
    color_segment: "Callable[..., Finished]"
    settings: Mapping[str, object]
    session: "Callable[[], Session]"


def prepare(
    config: "DictConfig",
    videos: Sequence[Path],
    *,
    opened: Opened | None = None,
    watch: "Watch | None" = None,
    idle: Callable[[], object] = lambda: None,
    pace: Callable[[], object] = lambda: None,
    threads: int | None = None,
) -> Prepared:
    """Read what the configuration names, and open its weights last.

    Args:
        config: That of infer.py, checked by `check_coloring`.
        videos: All that are to be coloured.
        opened: Its weights, if they are open.
        watch: Is called with every coloured frame of a video, and
        idle: for every one that is read ahead of that, and
        pace: by every thread between two, see `colorize_video`.
        threads: Of the network, where the configuration leaves that open; frames are the same by any number.

    Raises:
        ValueError: If something that it names cannot be read, or would be written over.
    """
    from temporal_colorize.inference.picture import colorize_picture, is_picture
    from temporal_colorize.inference.session import Session
    from temporal_colorize.inference.split import color_segment as color_one
    from temporal_colorize.inference.video import colorize_video
    from temporal_colorize.inference.video_options import VideoOptions
    from temporal_colorize.video import Limits

    limits = Limits(**config.limits)
    codec, encoding = encoding_of(config.encoder)
    finishing = finishing_of(config, codec, encoding, videos)  # before what it hashes is read
    fresh_guide = guides_of(config, limits)
    opened = opened or open_for(config, threads=threads)
    sure = config.confidence is not None or (bool(config.sheet) and opened.weights.net.has_bins)  # a sheet says how
    options = session_options(config, confidence=sure)
    settings = _settings(config, opened.computes)
    as_given = ("decoder", "deinterlace", "rate", "audio", "start", "end", "segment")
    maps = {"confidence": config.confidence and Path(config.confidence), "confidence_style": config.confidence_style}
    sheet = config.sheet if config.sheet in (None, True, False) else Path(config.sheet)
    finished = {"mark": config.mark, "finishing": finishing, "sheet": sheet}
    how = VideoOptions(
        codec=codec,
        options=encoding,
        gate=gate_of(config.gate),
        batch=config.batch or (_BATCH_ON_GPU if opened.device.type == "cuda" else 1),
        limits=limits,
        settings=settings,
        mark=config.mark,
        sheet=sheet,
        **maps,
        **{name: config[name] for name in as_given},
    )
    of_the_run = {name: config[name] for name in ("resume", "progress", "progress_seconds")}
    of_the_run |= {"watch": watch, "idle": idle, "pace": pace}

    def session() -> "Session":
        return Session(opened.weights, options, device=opened.device)

    def colorize(
        source: Path,
        output: Path | None,
        *,
        given: "Sequence[Hint] | None" = None,
        variant: str | None = None,
        run: "Run | None" = None,
    ) -> "Report":
        about = {"guide": fresh_guide(given), "variant": variant}
        if is_picture(source):
            return colorize_picture(source, output, session(), limits=limits, **about, **maps, **finished)
        with few_threads(opened):
            asked = {**vars(how), **of_the_run, **about, "finishing": finishing, "run": run}
            return colorize_video(source, output, session(), **asked)

    def color_segment(
        source: Path, output: Path | None, start: "Start", *, given: "Sequence[Hint] | None" = None
    ) -> "Finished":
        with few_threads(opened):
            return color_one(source, output, session(), start, how=how, guide=fresh_guide(given), watch=watch)

    guide = fresh_guide(None)
    return Prepared(colorize, color_segment, {**settings, **({} if guide is None else guide.settings())}, session)


@contextlib.contextmanager
def few_threads(opened: Opened) -> Iterator[None]:
    """Have libraries use one thread each: the stages of a video are threads by themselves, and more would only wait."""
    import cv2
    import torch

    with _FEW:
        if not _before:
            _before.update(cv2=cv2.getNumThreads(), torch=torch.get_num_threads())
        _before["users"] = _before.get("users", 0) + 1
        cv2.setNumThreads(1)
        if opened.computes != "torch":
            torch.set_num_threads(1)
    try:
        yield
    finally:
        with _FEW:
            _before["users"] -= 1
            if not _before["users"]:
                cv2.setNumThreads(_before["cv2"])
                torch.set_num_threads(_before["torch"])
                _before.clear()


def _settings(config: "DictConfig", runtime: str) -> dict[str, object]:
    """Name what the colours depend on beside what the session and the options of the video say."""
    from importlib.metadata import version

    from temporal_colorize.inference.weights import weights_digest

    return {
        "version": version("temporal-colorize"),
        "weights": weights_digest(config.weights),
        "runtime": runtime,
        "precision": config.precision,
        "threads": config.threads,
    }
