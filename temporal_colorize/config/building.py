"""Builds what the programs have in common. Heavy imports are inside, so that refusals come at once."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.inference.gate import GateOptions
    from temporal_colorize.inference.runtimes import RuntimeOptions
    from temporal_colorize.inference.session import SessionOptions


def encoding_of(encoder: "DictConfig") -> tuple[str, dict[str, object]]:
    """Read a file of conf/encoder: the codec's name and its options."""
    from temporal_colorize.video.lossless import lossless_options

    options = {**encoder}
    lossless, codec, threads = (options.pop(name) for name in ("lossless", "codec", "threads"))
    return codec, {**(lossless_options(codec, options) if lossless else options), "threads": threads}


def gate_of(options: "DictConfig") -> "GateOptions | None":
    """Build the options of `conf/gate`; None for gate=off."""
    from temporal_colorize.inference.gate import GateOptions

    return None if options.every is None else GateOptions(**options)


def session_options(config: "DictConfig", *, confidence: bool = False) -> "SessionOptions":
    """Build what the configuration says of how streams are coloured."""
    from temporal_colorize.inference.session import SessionOptions

    asked = {name: config[name] for name in ("vividness", "temperature", "abstain", "infrared")}
    return SessionOptions(confidence=confidence, **asked, **config.inference)


def runtime_of(config: "DictConfig") -> "RuntimeOptions":
    """Build what the configuration says of the runtime."""
    from temporal_colorize.inference.runtimes import RuntimeOptions

    return RuntimeOptions(**{name: config[name] for name in ("runtime", "precision", "threads", "cache")})


def asked_of_weights(model: "DictConfig | None") -> dict[str, Any]:
    """Say which network the weights must be of, by a file of conf/model, and its options for where they do not say."""
    if model is None:
        return {}
    from hydra.utils import get_class

    options = {name: model[name] for name in ("prototxt", "mask_center") if name in model}
    return {"architecture": get_class(model._target_).architecture, "network": options}


def writable_folder(output: str) -> Path:
    """Make a folder; a ValueError names the option where that cannot be."""
    try:
        Path(output).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"output={output} is not a folder that can be written to ({error.strerror})") from error
    return Path(output)


def must_be_writable(option: str, file: Path) -> None:
    """Refuse a file that could not be written, before any work."""
    folder = file.absolute().parent
    if not folder.is_dir():
        raise ValueError(f"{option}={file}: there is no such folder; make it first")
    if file.is_dir() or not os.access(file if file.exists() else folder, os.W_OK):
        raise ValueError(f"{option}={file} is not a file that can be written")
