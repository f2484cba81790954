"""Refuses what can be refused of infer.py's options before anything heavy is loaded."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.config.building import must_be_writable
from temporal_colorize.config.given import composed

if TYPE_CHECKING:
    from omegaconf import DictConfig

_OF_FILES = (
    "deinterlace", "batch", "rate", "start", "end", "hints", "hints_at", "direction", "reference", "segment",
    "resume", "profile", "confidence", "confidence_style", "sheet", "variants", "variant", "record", "sign", "engine",
    "ray",
)  # fmt: skip
_OF_OUTPUTS = (
    "output", "encoder", "audio", "batch", "decoder", "segment", "resume", "report", "profile", "confidence",
    "confidence_style", "sheet", "variants", "variant", "naming", "record", "mark", "sign", "engine", "ray",
)  # fmt: skip
_OF_VIDEOS = ("video", "deinterlace", "rate", "start", "end", "hints_at", "direction")
_NOT_WITH_VARIANTS = ("hints", "reference", "confidence")  # which are of one colouring


def check_coloring(config: "DictConfig") -> None:
    """Refuse options that are wrong whatever the video is.

    Raises:
        ValueError: That names the option, its value and what it may be.
    """
    from temporal_colorize.options import require_integer, require_number, require_one_of

    if config.video is None or config.weights is None:
        raise ValueError(f"{'video' if config.video is None else 'weights'} is missing: python infer.py video=clip.mp4")
    if config.batch is not None:
        require_integer("batch", config.batch, least=1, most=64)
    require_one_of("audio", config.audio, ("copy", "drop"))
    require_one_of("resume", config.resume, ("auto", "off"))
    require_one_of("confidence_style", config.confidence_style, ("viridis", "luma"))
    require_integer("segment", config.segment, least=1)
    require_one_of("engine", config.engine, ("plain", "ray"))
    require_one_of("direction", config.direction, ("forward", "both"))
    if config.hints_at is not None and config.hints is None:
        raise ValueError(f"hints_at={config.hints_at} needs hints=frame.png")
    _check_variants(config)
    for switch in ("progress", "profile", "mark"):
        require_one_of(switch, config[switch], (True, False))
    require_number("progress_seconds", config.progress_seconds, least=0.1)
    _check_beside(config)


def _check_beside(config: "DictConfig") -> None:
    """Refuse names of further files that cannot be written, or that a switch or a video would have."""
    from temporal_colorize.inference.footage import VIDEOS
    from temporal_colorize.inference.picture import SUFFIXES as PICTURES

    if str(config.report).lower() in ("true", "false"):  # as record and sheet may be
        raise ValueError(f"report={str(config.report).lower()} is no file's name: name one, or leave it out")
    for name in ("report", "record", "confidence", "sheet"):
        if config[name] not in (None, True, False):
            path = Path(str(config[name]))
            if name in ("report", "record") and path.suffix.lower() in VIDEOS | PICTURES:
                raise ValueError(f"{name}={path} has the name of a video or a picture, and is JSON: name it .json")
            must_be_writable(name, path)


def _check_variants(config: "DictConfig") -> None:
    """Refuse what variants cannot be had with."""
    from temporal_colorize.options import require_integer

    if config.variants is None:
        return
    require_integer("variants", config.variants, least=1, most=20)
    for option in _NOT_WITH_VARIANTS:
        if config[option] is not None:
            raise ValueError(f"variants={config.variants} and {option}={config[option]}: give one of them alone")
    for name in ("record", "sheet"):
        if config[name] not in (None, True, False):
            has = f"{name}={config[name]} is one file, and variants={config.variants} have one each: {name}=true"
            raise ValueError(has)


def check_live(config: "DictConfig") -> None:
    """Refuse options of files beside a camera.

    Raises:
        ValueError: That names the option.
    """
    _refuse(config, _OF_FILES, "is for files: leave it out with a live video")
    if config.decoder not in ("auto", "cpu"):
        raise ValueError(
            f"decoder={config.decoder} is for files: the processor decodes cameras; leave it out with them"
        )


def check_files(config: "DictConfig", *, here: bool = False) -> None:
    """Refuse options of cameras beside a file; of clusters without one, or `here`, in this process: `check_live`."""
    if here:
        _refuse(config, ("engine",), "is for infer.py: leave it out")
    _refuse(config, ("live",), "is for cameras: leave it out with a file")
    if config.engine != "ray":
        _refuse(config, ("ray",), "needs engine=ray")


def check_stream(config: "DictConfig", *, live: bool) -> None:
    """Refuse what has no meaning where pictures are only looked at; see `check_live`."""
    _refuse(config, _OF_OUTPUTS, "is for what is written: leave it out of stream(), or use file()")
    if live:
        check_live(config)
        written = [f"live.{name}" for name in config.live or () if name != "source"]
        _refuse(config, written, "is for what is written: leave it out of stream(), or use infer.py")
    else:
        check_files(config)


def check_image(config: "DictConfig") -> None:
    """Refuse what has no meaning for a picture that is in memory; see `check_live`."""
    _refuse(config, _OF_OUTPUTS, "is for what is written: leave it out of image(), or use file()")
    _refuse(config, ("live", *_OF_VIDEOS), "is for videos: leave it out of image()")


def _refuse(config: "DictConfig", names: Sequence[str], why: str) -> None:
    """Refuse options that are other than usual, unless they only say that something is not wanted."""
    from omegaconf import OmegaConf

    usual = composed("infer", {})
    for name in names:
        value = OmegaConf.select(config, name)
        changed = list(_changed(name, value, OmegaConf.select(usual, name)))
        if changed and value is not None and value is not False:
            raise ValueError(f"{changed[0] if len(changed) == 1 else name} {why}")


def _changed(name: str, value: object, usual: object) -> Iterator[str]:
    if isinstance(value, Mapping) and isinstance(usual, Mapping):
        for part in value:
            yield from _changed(f"{name}.{part}", value[part], usual.get(part))
    elif value != usual:
        yield f"{name}={value}"
