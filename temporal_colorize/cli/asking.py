"""What ask.py does, given its configuration. Heavy imports are inside."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.config.asking import answer_to, check_question
from temporal_colorize.config.building import must_be_writable
from temporal_colorize.options import require_one_of

if TYPE_CHECKING:
    from omegaconf import DictConfig

_DRAWN_AS = (".png", ".jpg", ".jpeg", ".webp")


def ask_once(config: "DictConfig") -> None:
    """Print which colours a thing could have, and write it as JSON and as a picture where asked for."""
    _check(config)
    origin = _origin(config) if config.json or config.output is not None else {}  # before it is read
    answer = answer_to(config)
    text = json.dumps({**answer.as_json(), **origin}, indent=1)
    print(text if config.json else answer)
    if config.output is not None:
        try:
            Path(config.output).write_text(text + "\n")
        except OSError as error:
            raise ValueError(f"output={config.output} cannot be written ({error.strerror})") from error
    if config.picture is not None:
        from temporal_colorize.inference.answer_picture import draw_answer
        from temporal_colorize.inference.picture_file import write_picture

        write_picture("picture", Path(config.picture), draw_answer(answer)[..., ::-1])


def _check(config: "DictConfig") -> None:
    """Refuse what can be refused before anything heavy is loaded."""
    check_question(config)
    require_one_of("json", config.json, (True, False))
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
