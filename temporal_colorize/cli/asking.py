"""What ask.py does, given its configuration. Heavy imports are inside, as in `programs`."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.cli.inferring import must_be_writable
from temporal_colorize.cli.programs import asked_of_weights, runtime_of

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.inference.answer import Answer

_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")
_DRAWN_AS = (".png", ".jpg", ".jpeg", ".webp")
_PARTS = ("left", "top", "width", "height")


def ask_once(config: "DictConfig") -> None:
    """Print which colours a thing could have, and write it as JSON and as a picture where asked for."""
    _check(config)
    at, box = parse_time(config.at), parse_box(config.box)
    origin = None if config.output is None else _origin(config)  # before it is read
    answer = _ask(config, at, box)
    print(answer)
    if origin is not None:
        try:
            Path(config.output).write_text(json.dumps({**answer.as_json(), **origin}, indent=1) + "\n")
        except OSError as error:
            raise ValueError(f"output={config.output} cannot be written ({error.strerror})") from error
    if config.picture is not None:
        from temporal_colorize.inference.answer_picture import draw_answer
        from temporal_colorize.inference.picture import write_picture

        write_picture("picture", Path(config.picture), draw_answer(answer)[..., ::-1])


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


def _check(config: "DictConfig") -> None:
    """Refuse what can be refused before anything heavy is loaded."""
    if config.video is None or config.weights is None:
        what = "video" if config.video is None else "weights"
        raise ValueError(f"{what} is missing: python ask.py video=clip.mp4 at=12.4s box=320,180,80,160")
    for option in ("output", "picture"):
        if config[option] is not None:
            must_be_writable(option, Path(config[option]))
    if config.picture is not None and Path(config.picture).suffix.lower() not in _DRAWN_AS:
        raise ValueError(f"picture={config.picture}: its name must end in one of {', '.join(_DRAWN_AS)}")
    _check_apart(config)


def _check_apart(config: "DictConfig") -> None:
    from temporal_colorize.inference.apart import require_apart
    from temporal_colorize.inference.weights import find_weights, weights_files
    from temporal_colorize.video.source import locate

    written = {name: config[name] and Path(config[name]) for name in ("output", "picture")}
    read = {"video": locate(config.video, rate=config.rate).files}
    require_apart(written, {**read, "weights": weights_files(find_weights(config.weights))})


def _origin(config: "DictConfig") -> dict[str, object]:
    """Say what an answer is made of, as a record does, so that it can be checked and had again."""
    from omegaconf import OmegaConf

    from temporal_colorize.inference.weights import find_weights, weights_files
    from temporal_colorize.provenance.digests import digest
    from temporal_colorize.provenance.surroundings import surroundings
    from temporal_colorize.video.source import locate

    files = {
        "video": locate(config.video, rate=config.rate).files,
        "weights": weights_files(find_weights(config.weights)),
    }
    return {
        "files": {name: {"path": str(found[0].absolute()), **digest(found)} for name, found in files.items()},
        "surroundings": surroundings(),
        "config": OmegaConf.to_container(config, resolve=True),
    }


def _ask(config: "DictConfig", at: float | None, box: tuple[int, int, int, int]) -> "Answer":
    from temporal_colorize.inference.answer import PixelBox
    from temporal_colorize.inference.ask import ask
    from temporal_colorize.inference.naming import NamingOptions
    from temporal_colorize.inference.runtimes import open_weights
    from temporal_colorize.inference.session import Session, SessionOptions
    from temporal_colorize.video import Limits

    naming, limits = NamingOptions(**config.naming), Limits(**config.limits)
    options = SessionOptions(infrared=config.infrared, **config.inference)
    runtime = runtime_of(config)
    device = runtime.pick_device(config.device)
    weights = open_weights(config.weights, runtime, device=device, **asked_of_weights(config.get("model")))
    return ask(
        config.video,
        Session(weights, options, device=device),
        box=PixelBox(*box),
        naming=naming,
        weights=weights.name,
        at=at,
        limits=limits,
        **{name: config[name] for name in ("seconds", "warmup", "deinterlace", "rate")},
    )
