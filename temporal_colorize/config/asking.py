"""Asks which colours a thing could have, given the configuration of ask.py."""

import re
from typing import TYPE_CHECKING

from temporal_colorize.config.opened import Opened, open_for

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.inference.answer import Answer

_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")
_PARTS = ("left", "top", "width", "height")


def check_question(config: "DictConfig") -> None:
    """Refuse a question that lacks something, or a time or a place that is none, before anything heavy is loaded."""
    if config.video is None or config.weights is None:
        what = "video" if config.video is None else "weights"
        raise ValueError(f"{what} is missing: python ask.py video=clip.mp4 at=12.4s box=320,180,80,160")
    parse_time(config.at)
    parse_box(config.box)


def answer_to(config: "DictConfig", opened: Opened | None = None) -> "Answer":
    """Answer the question of a configuration; its weights may be open.

    Raises:
        ValueError: See `inference.ask.ask`.
    """
    from temporal_colorize.inference.answer import PixelBox
    from temporal_colorize.inference.ask import ask
    from temporal_colorize.inference.naming import NamingOptions
    from temporal_colorize.inference.session import Session, SessionOptions
    from temporal_colorize.video import Limits

    naming, limits = NamingOptions(**config.naming), Limits(**config.limits)
    options = SessionOptions(infrared=config.infrared, **config.inference)
    opened = opened or open_for(config)
    return ask(
        config.video,
        Session(opened.weights, options, device=opened.device),
        box=PixelBox(*parse_box(config.box)),
        naming=naming,
        weights=opened.weights.name,
        at=parse_time(config.at),
        limits=limits,
        **{name: config[name] for name in ("seconds", "warmup", "deinterlace", "rate")},
    )


def parse_time(at: object) -> float | None:
    """Read "12.4s", "12.4" or "00:00:12.4"; None stays None.

    Raises:
        ValueError: If it is none of them.
    """
    if at is None:
        return None
    text = str(at)
    if match := _CLOCK.fullmatch(text):
        return 3600 * int(match[1] or 0) + 60 * int(match[2]) + float(match[3])
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        raise ValueError(f"at={text} is no time: write at=12.4s or at=00:00:12.4") from None
    return seconds


def parse_box(box: object) -> tuple[int, int, int, int]:
    """Read "320,180,80,160": left, top, width and height.

    Raises:
        ValueError: If it is missing or no four whole numbers.
    """
    if box is None:
        raise ValueError("box is missing: where is the thing? box=left,top,width,height in pixels, box=320,180,80,160")
    parts = str(box).strip("[]() ").split(",")
    try:
        left, top, width, height = (int(part) for part in parts)
    except ValueError:
        raise ValueError(f"box={box} must be {', '.join(_PARTS)} in whole pixels: box=320,180,80,160") from None
    return left, top, width, height
