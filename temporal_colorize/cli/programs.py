"""What each program does, given its configuration.

Imports of everything heavy are inside the functions, so that refusals come at once.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temporal_colorize.cli.composing import build

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.inference.gate import GateOptions
    from temporal_colorize.inference.runtimes import RuntimeOptions
    from temporal_colorize.inference.video import Report

_BATCH_ON_GPU = 8  # frames


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


def infer_once(config: "DictConfig") -> None:
    """Colour one video or picture and print the report."""
    import cv2
    import torch

    from temporal_colorize.inference.picture import colorize_picture, is_picture
    from temporal_colorize.inference.runtimes import open_weights
    from temporal_colorize.inference.session import Session, SessionOptions
    from temporal_colorize.inference.video import colorize_video, lossless_options
    from temporal_colorize.options import require_number, require_one_of
    from temporal_colorize.video import Limits

    if config.video is None or config.weights is None:
        raise ValueError(f"{'video' if config.video is None else 'weights'} is missing: python infer.py video=clip.mp4")
    if config.batch is not None:
        require_number("batch", config.batch, least=1, most=64)
    require_one_of("audio", config.audio, ("copy", "drop"))
    require_one_of("resume", config.resume, ("auto", "off"))
    require_number("segment", config.segment, least=1)
    for switch in ("progress", "profile"):
        require_one_of(switch, config[switch], (True, False))
    if config.report is not None:
        _must_be_writable(Path(config.report))
    options = SessionOptions(vividness=config.vividness, temperature=config.temperature, **config.inference)
    limits = Limits(**config.limits)
    runtime = runtime_of(config)
    device = runtime.pick_device(config.device)
    weights = open_weights(config.weights, runtime, device=device, **asked_of_weights(config.get("model")))
    session = Session(weights, options, device=device)
    if is_picture(config.video):
        report = colorize_picture(config.video, config.output, session, limits=limits)
    else:
        cv2.setNumThreads(1)  # the stages of a video are threads by themselves: more of them would only wait
        if runtime.chosen(device) != "torch":
            torch.set_num_threads(1)
        encoder = {**config.encoder}
        lossless, codec, threads = (encoder.pop(name) for name in ("lossless", "codec", "threads"))
        encoding = lossless_options(codec, encoder) if lossless else encoder
        report = colorize_video(
            config.video,
            config.output,
            session,
            codec=codec,
            options={**encoding, "threads": threads},
            decoder=config.decoder,
            deinterlace=config.deinterlace,
            rate=config.rate,
            audio=config.audio,
            gate=gate_of(config.gate),
            batch=config.batch or (_BATCH_ON_GPU if device.type == "cuda" else 1),
            limits=limits,
            **{name: config[name] for name in ("start", "end", "segment", "resume")},
            settings=_settings(config, runtime.chosen(device)),
            progress=config.progress,
        )
    print(report)
    if config.profile:
        print("\n".join(f"{milliseconds:8.2f} ms a frame: {stage}" for stage, milliseconds in report.profile.items()))
    if config.report is not None:
        _write_report(Path(config.report), report)


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


def gate_of(options: "DictConfig") -> "GateOptions | None":
    """Build the options of `conf/gate`; None for gate=off."""
    from temporal_colorize.inference.gate import GateOptions

    return None if options.every is None else GateOptions(**options)


def _write_report(path: Path, report: "Report") -> None:
    import dataclasses
    import json

    try:
        path.write_text(json.dumps(dataclasses.asdict(report), indent=1, default=str) + "\n")
    except OSError as error:
        raise ValueError(f"report={path} cannot be written ({error.strerror}); the output is complete") from error


def _must_be_writable(report: Path) -> None:
    """Refuse a report that could not be written, before any work."""
    folder = report.absolute().parent
    if not folder.is_dir():
        raise ValueError(f"report={report}: there is no such folder; make it first")
    if report.is_dir() or not os.access(report if report.exists() else folder, os.W_OK):
        raise ValueError(f"report={report} is not a file that can be written")


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
