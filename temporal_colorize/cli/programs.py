"""What each program does, given its configuration.

Imports of everything heavy are inside the functions, so that refusals come at once.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temporal_colorize.cli.composing import build

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.inference.gate import GateOptions
    from temporal_colorize.inference.runtimes import RuntimeOptions
    from temporal_colorize.inference.session import SessionOptions


def train_once(config: "DictConfig") -> float:
    """Train once; the return value is what a sweep minimises: the best of what `callbacks.best` monitors, in general
    the validation error in ab units squared."""
    import pytorch_lightning as pl

    from temporal_colorize.inference.weights import copy_into, load_weights
    from temporal_colorize.training.module import ColorizationModule, check_checkpoint
    from temporal_colorize.training.optim import best_precision

    pl.seed_everything(config.seed, workers=True)
    writable_folder(config.output)
    data = build(config.data)
    data.setup()
    net = build(config.model)
    if config.resume is not None:
        check_checkpoint(config.resume, net)
    if config.weights is not None:
        copy_into(net, load_weights(config.weights, architecture=net.architecture))
    optimizer = build(config.optimizer)
    module = ColorizationModule(
        net,
        optimizer=optimizer.pop("make"),
        **optimizer,
        **build(config.loss),
        seed=config.seed,
        degrade=build(config.degrade),
    )
    if config.trainer.precision == "auto":
        config.trainer.precision = best_precision()
    callbacks = [build(callback) for callback in config.callbacks.values() if callback]
    logger = build(config.logger) if config.logger else False
    trainer = build(config.trainer, callbacks=callbacks, logger=logger)
    try:
        trainer.fit(module, datamodule=data, ckpt_path=config.resume)
    finally:
        if "wandb" in sys.modules:
            sys.modules["wandb"].finish()  # or the next job of a sweep would go into the same run
    best = trainer.checkpoint_callback
    return float(best.best_model_score if best is not None else trainer.callback_metrics["val/mse"])


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
