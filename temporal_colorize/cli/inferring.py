"""What infer.py does with files, given its configuration. Heavy imports are inside, as in `programs`."""

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.cli.composing import several
from temporal_colorize.cli.finishing import finishing_of
from temporal_colorize.cli.guiding import guides_of
from temporal_colorize.cli.interrupt import end_soon
from temporal_colorize.cli.living import is_live_run, live_once
from temporal_colorize.cli.programs import (
    asked_of_weights,
    encoding_of,
    gate_of,
    runtime_of,
    session_options,
    writable_folder,
)
from temporal_colorize.cli.varying import check_variants, infer_variants

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.inference.footage import Footage
    from temporal_colorize.inference.hints.entries import Hint
    from temporal_colorize.inference.report import Report
    from temporal_colorize.inference.session import Session

    Colorize = Callable[..., Report]  # a source, and an output or None for the usual one; see `_prepare`

_BATCH_ON_GPU = 8  # frames
_OF_THE_RUN = ("progress", "profile", "report", "resume", "cache", "live")  # the outputs do not depend on these
_SOME_FAILED = 1  # exit status


def infer_once(config: "DictConfig") -> None:
    """Colour one file and print its report, or many of them, or cameras until the program is stopped."""
    from temporal_colorize.inference.footage import find_footage, is_many

    _check(config)
    if is_live_run(config):
        return live_once(config)
    end_soon()
    video = _named(config.video)
    footage = find_footage(video, config.output) if is_many(video) else None  # before the weights are opened
    if footage is not None and config.record not in (None, True, False):
        raise ValueError(f"record={config.record} is one file: with many videos, record=true puts one beside each")
    if footage is not None and config.confidence is not None:
        raise ValueError(f"confidence={config.confidence} is for one file, and video={config.video} names many")
    if footage is not None and config.variants is not None:
        raise ValueError(f"variants={config.variants} are of one video, not of {len(footage)} files")
    if footage is not None and config.hints is not None:
        raise ValueError(f"hints={config.hints} belong to one video: give it alone, not {len(footage)} files")
    if footage is not None and config.output is not None:
        writable_folder(config.output)
    colorize, settings, fresh = _prepare(config, [Path(video)] if footage is None else [one.source for one in footage])
    if footage is not None:
        return _infer_all(footage, config, colorize, settings)
    if config.variants is not None:
        reports = infer_variants(config, Path(video), colorize, fresh())
        if config.report is not None:
            _write_report(Path(config.report), {"variants": [dataclasses.asdict(report) for report in reports]})
        return
    report = colorize(Path(video), config.output and Path(config.output))
    print(report)
    if config.profile:
        print("\n".join(f"{milliseconds:8.2f} ms a frame: {stage}" for stage, milliseconds in report.profile.items()))
    if config.report is not None:
        _write_report(Path(config.report), dataclasses.asdict(report))


def _check(config: "DictConfig") -> None:
    """Refuse what can be refused before anything heavy is loaded."""
    from temporal_colorize.options import require_integer, require_one_of

    if config.video is None or config.weights is None:
        raise ValueError(f"{'video' if config.video is None else 'weights'} is missing: python infer.py video=clip.mp4")
    if config.batch is not None:
        require_integer("batch", config.batch, least=1, most=64)
    require_one_of("audio", config.audio, ("copy", "drop"))
    require_one_of("resume", config.resume, ("auto", "off"))
    require_one_of("confidence_style", config.confidence_style, ("viridis", "luma"))
    require_integer("segment", config.segment, least=1)
    require_one_of("direction", config.direction, ("forward", "both"))
    if config.hints_at is not None and config.hints is None:
        raise ValueError(f"hints_at={config.hints_at} needs hints=frame.png")
    check_variants(config)
    for switch in ("progress", "profile", "mark"):
        require_one_of(switch, config[switch], (True, False))
    for name in ("report", "record", "confidence"):
        if config[name] not in (None, True, False):
            must_be_writable(name, Path(str(config[name])))


def _named(video: object) -> str | list[str]:
    """Read the names of videos: one, or several in brackets where there is no file of that very name."""
    names = several(video)
    return str(video) if len(names) == 1 or os.path.lexists(str(video)) else names


def _prepare(
    config: "DictConfig", videos: "Sequence[Path]"
) -> "tuple[Colorize, Mapping[str, object], Callable[[], Session]]":
    """Open the weights; return what colours a file with them, what the result depends on, and what makes a session."""
    import cv2
    import torch

    from temporal_colorize.inference.picture import colorize_picture, is_picture
    from temporal_colorize.inference.runtimes import open_weights
    from temporal_colorize.inference.session import Session
    from temporal_colorize.inference.video import colorize_video
    from temporal_colorize.video import Limits

    options = session_options(config, confidence=config.confidence is not None)
    limits, runtime = Limits(**config.limits), runtime_of(config)
    codec, encoding = encoding_of(config.encoder)
    finishing = finishing_of(config, codec, encoding, videos)  # before what it hashes is read
    fresh_guide = guides_of(config, limits)
    device = runtime.pick_device(config.device)
    weights = open_weights(config.weights, runtime, device=device, **asked_of_weights(config.get("model")))
    settings = _settings(config, runtime.chosen(device))
    as_given = ("decoder", "deinterlace", "rate", "audio", "start", "end", "segment", "resume", "progress")
    maps = {"confidence": config.confidence and Path(config.confidence), "confidence_style": config.confidence_style}
    finished = {"mark": config.mark, "finishing": finishing}
    video = partial(
        colorize_video,
        codec=codec,
        options=encoding,
        gate=gate_of(config.gate),
        batch=config.batch or (_BATCH_ON_GPU if device.type == "cuda" else 1),
        limits=limits,
        settings=settings,
        **maps,
        **finished,
        **{name: config[name] for name in as_given},
    )

    def fresh() -> "Session":
        return Session(weights, options, device=device)

    def colorize(
        source: Path, output: Path | None, *, given: "Sequence[Hint] | None" = None, variant: str | None = None
    ) -> "Report":
        session = fresh()
        guide = fresh_guide(given)
        if is_picture(source):
            return colorize_picture(
                source, output, session, guide=guide, limits=limits, variant=variant, **maps, **finished
            )
        cv2.setNumThreads(1)  # the stages of a video are threads by themselves: more of them would only wait
        if runtime.chosen(device) != "torch":
            torch.set_num_threads(1)
        return video(source, output, session, guide=guide, variant=variant)

    guide = fresh_guide(None)
    return colorize, {**settings, **({} if guide is None else guide.settings())}, fresh


def _infer_all(
    footage: "Sequence[Footage]", config: "DictConfig", colorize: "Colorize", settings: Mapping[str, object]
) -> None:
    """Colour many files; a failure does not stop the rest, and shows in the exit status."""
    from omegaconf import OmegaConf

    from temporal_colorize.inference.batch import colorize_all

    into = None if config.output is None else Path(config.output)

    def one(item: "Footage") -> "Report":
        output = item.output(into)
        output.parent.mkdir(parents=True, exist_ok=True)
        return colorize(item.source, output)

    chosen = {name: value for name, value in OmegaConf.to_container(config).items() if name not in _OF_THE_RUN}
    again = config.resume == "auto"
    outcome = colorize_all(footage, one, folder=into or footage[0].root, settings={**chosen, **settings}, resume=again)
    print(outcome)
    if config.report is not None:
        _write_report(Path(config.report), dataclasses.asdict(outcome))
    if outcome.failures:
        sys.exit(_SOME_FAILED)


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


def _write_report(path: Path, content: Mapping[str, object]) -> None:
    try:
        path.write_text(json.dumps(content, indent=1, default=str) + "\n")
    except OSError as error:
        raise ValueError(f"report={path} cannot be written ({error.strerror}); the output is complete") from error


def must_be_writable(option: str, file: Path) -> None:
    """Refuse a file that could not be written, before any work."""
    folder = file.absolute().parent
    if not folder.is_dir():
        raise ValueError(f"{option}={file}: there is no such folder; make it first")
    if file.is_dir() or not os.access(file if file.exists() else folder, os.W_OK):
        raise ValueError(f"{option}={file} is not a file that can be written")
