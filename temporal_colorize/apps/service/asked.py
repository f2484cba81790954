"""The options of infer.py that a visitor may give, each with what it may be: nothing else reaches the configuration."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from temporal_colorize.apps.service.errors import TooLarge
from temporal_colorize.apps.service.folders import inside
from temporal_colorize.config.composing import conf_folder
from temporal_colorize.inference.picture import is_picture, read_luma
from temporal_colorize.options import is_number, require_number, require_one_of
from temporal_colorize.video import Limits
from temporal_colorize.video.source import exact_rate

_NUMBERS = ("vividness", "temperature", "abstain")  # whose ranges are checked with the rest of the configuration
_LATEST = 1e6  # seconds, beyond which no file that is taken goes on
_TIMES = ("hints_at", "start", "end")
_SWITCHES = ("confidence", "mark")
_WORDS = {
    "infrared": ("auto", "abstain", "off"),
    "confidence_style": ("viridis", "luma"),
    "direction": ("forward", "both"),
    "audio": ("copy", "drop"),
    "deinterlace": ("auto", "on", "off"),
    "gate": ("auto", "off"),
    "format": ("mp4", "mkv", "mov", "webm"),
}
_FILES = ("hints", "reference")
_MOST_REFERENCES = 8
_HINTS_BYTES = 4_000_000  # of a list; a picture of hints is held by limits.pixels
_NAME = re.compile(r"[^/\\\0]+")


def names() -> list[str]:
    """Name all of them."""
    return sorted([*_NUMBERS, *_TIMES, "rate", *_SWITCHES, *_WORDS, *_FILES, "encoder"])


def asked_of(options: Mapping[str, object], folder: Path, limits: Limits) -> dict[str, object]:
    """Check what a visitor asks for, and return it without what is None.

    Args:
        options: By name.
        folder: The visitor's, in which all files must be.
        limits: What pictures of hints are trusted with.

    Raises:
        ValueError: If an option is not among those, or its value is not one.
    """
    return {name: _checked(name, value, folder, limits) for name, value in options.items() if value is not None}


def _checked(name: str, value: object, folder: Path, limits: Limits) -> object:
    if name in _NUMBERS:
        return _number(name, value)
    if name in _TIMES:
        require_number(name, _number(name, value), least=0, most=_LATEST)
        return value
    if name == "rate":
        exact_rate(_number(name, value))
        return value
    if name in _SWITCHES:
        require_one_of(name, value, (True, False))
        return bool(value)
    if name in _WORDS or name == "encoder":
        _one_of(name, value, _WORDS.get(name) or _encoders())
        return value
    if name == "hints":
        return _hints(inside(folder, name, value), limits)
    if name == "reference":
        several = value if isinstance(value, list | tuple) else [value]
        if not 1 <= len(several) <= _MOST_REFERENCES:
            raise ValueError(f"reference: {len(several)} files; give 1 to {_MOST_REFERENCES}")
        return [str(inside(folder, name, one)) for one in several]
    raise ValueError(f"{str(name)[:40]} is no option here: choose {', '.join(names())}")


def _number(name: str, value: object) -> int | float:
    """Of numbers alone: a text could be an interpolation."""
    if not is_number(value):
        raise ValueError(f"{name}={str(value)[:40]} must be a number")
    return value


def _one_of(name: str, value: object, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}={str(value)[:40]} is unknown: choose {', '.join(choices)}")


def _encoders() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (conf_folder() / "encoder").glob("*.yaml") if path.stem != "live"))


def _hints(path: Path, limits: Limits) -> str:
    if is_picture(path):
        read_luma(path, limits=limits)
        return str(path)
    if path.stat().st_size > _HINTS_BYTES:
        raise TooLarge(f"hints={path} is larger than {_HINTS_BYTES} bytes: give fewer entries, or a picture of hints")
    try:
        entries = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return str(path)  # which is refused where it is read, with the fault
    masks = [one["mask"] for one in entries if isinstance(one, dict) and "mask" in one] if isinstance(entries, list) \
        else []  # fmt: skip
    for mask in masks:
        if not isinstance(mask, str) or not _NAME.fullmatch(mask) or mask in (".", ".."):
            raise ValueError(f"hints={path}: mask={str(mask)[:40]} must be the name of a file beside it")
        if (found := path.parent / mask).is_file():
            read_luma(found, limits=limits)
    return str(path)
