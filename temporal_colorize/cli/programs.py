"""What each program does, given its configuration.

Imports of everything heavy are inside the functions, so that refusals come at once.
"""

import functools
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temporal_colorize.cli.composing import build, compose

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.inference.gate import GateOptions
    from temporal_colorize.inference.runtimes import RuntimeOptions
    from temporal_colorize.inference.video import Report
    from temporal_colorize.inference.weights import Weights


def train_once(config: "DictConfig") -> float:
    """Train once; the return value is what a sweep minimises: the best of what `callbacks.best` monitors, in general
    the validation error in ab units squared."""
    import pytorch_lightning as pl

    from temporal_colorize.inference.weights import copy_into, load_weights
    from temporal_colorize.training.module import ColorizationModule, check_checkpoint
    from temporal_colorize.training.optim import best_precision

    pl.seed_everything(config.seed, workers=True)
    _writable_folder(config.output)
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
    from temporal_colorize.options import require_one_of

    if config.video is None or config.weights is None:
        raise ValueError(f"{'video' if config.video is None else 'weights'} is missing: python infer.py video=clip.mp4")
    require_one_of("audio", config.audio, ("copy", "drop"))
    for switch in ("progress", "profile"):
        require_one_of(switch, config[switch], (True, False))
    options = SessionOptions(vividness=config.vividness, temperature=config.temperature, **config.inference)
    runtime = _runtime(config)
    device = runtime.pick_device(config.device)
    weights = open_weights(config.weights, runtime, device=device, **asked_of_weights(config.get("model")))
    session = Session(weights, options, device=device)
    if is_picture(config.video):
        report = colorize_picture(config.video, config.output, session)
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
            audio=config.audio,
            gate=_gate(config.gate),
            progress=config.progress,
        )
    print(report)
    if config.profile:
        print("\n".join(f"{milliseconds:8.2f} ms a frame: {stage}" for stage, milliseconds in report.profile.items()))
    if config.report is not None:
        _write_report(Path(config.report), report)


def _gate(options: "DictConfig") -> "GateOptions | None":
    from temporal_colorize.inference.gate import GateOptions

    return None if options.every is None else GateOptions(**options)


def _write_report(path: Path, report: "Report") -> None:
    import dataclasses
    import json

    try:
        path.write_text(json.dumps(dataclasses.asdict(report), indent=1, default=str) + "\n")
    except OSError as error:
        raise ValueError(f"report={path} cannot be written ({error.strerror}); the output is complete") from error


def _runtime(config: "DictConfig") -> "RuntimeOptions":
    from temporal_colorize.inference.runtimes import RuntimeOptions

    return RuntimeOptions(**{name: config[name] for name in ("runtime", "precision", "threads", "cache")})


def asked_of_weights(model: "DictConfig | None") -> dict[str, Any]:
    """Say which network the weights must be of, by a file of conf/model, and its options for where they do not say."""
    if model is None:
        return {}
    from hydra.utils import get_class

    options = {name: model[name] for name in ("prototxt", "mask_center") if name in model}
    return {"architecture": get_class(model._target_).architecture, "network": options}


def evaluate_once(config: "DictConfig") -> None:
    """Score weights under every condition against grey and the truth; print and write the report."""
    import json

    import cv2
    from omegaconf import OmegaConf

    from temporal_colorize.evaluation import report
    from temporal_colorize.evaluation.cost import measure_costs
    from temporal_colorize.evaluation.run import Plan
    from temporal_colorize.evaluation.run import evaluate as measure
    from temporal_colorize.evaluation.scenes import find_scenes
    from temporal_colorize.inference.runtimes import open_weights
    from temporal_colorize.inference.session import SessionOptions
    from temporal_colorize.options import require_number

    for option, least in {"workers": 1, "data.every": 1, "drift.frames": 0, "drift.scenes": 0}.items():
        require_number(option, OmegaConf.select(config, option), least=least)
    if 0 < config.drift.frames <= 31:
        raise ValueError(
            f"drift.frames={config.drift.frames} must be 0 or above 31: colours settle for 30 frames first"
        )
    folder = _writable_folder(config.output)
    scenes = find_scenes(**config.data)
    names = _as_list(config.weights)
    runtime = _runtime(config)
    device = runtime.pick_device(config.device)
    loaded = {weights.name: weights for weights in (open_weights(name, runtime, device=device) for name in names)}
    rows = {name: _decoding(weights) for name, weights in loaded.items()}
    if len(rows) < len(names):
        raise ValueError(f"weights={','.join(names)}: two of them have the same name; rename one, or its folder")
    plan = Plan(
        weights=tuple(names),
        conditions=_conditions(config),
        options=SessionOptions(temperature=config.temperature, **config.inference),
        runtime=runtime,
        device=config.device,
        drift_frames=config.drift.frames,
        drift_scenes=config.drift.scenes,
    )
    result = measure(scenes, plan, workers=config.workers)
    costs = measure_costs({name: weights.net.to(device) for name, weights in loaded.items()})
    text = report.markdown(result, rows, costs)
    (folder / "report.md").write_text(text)
    numbers = {
        "summary": {row: report.headline(result, row) for row in rows},
        "costs": costs,
        "scores": result.scores,
        "drift": result.drift,
    }
    (folder / "report.json").write_text(json.dumps(_finite(numbers), indent=1, allow_nan=False))
    cv2.imwrite(str(folder / "sheet.png"), report.contact_sheet(result)[..., ::-1])
    for row in rows:
        report.plot(result, row, folder / f"{row}.png")
    print(text)
    print(f"written: {folder}/report.md, report.json, sheet.png and {', '.join(f'{row}.png' for row in rows)}")


def _decoding(weights: "Weights") -> str:
    """Describe the default decoding in a line."""
    if not weights.net.has_bins:
        return "It has no bins: its ab is its one decoding."
    return f"Default decoding: {weights.decoding}."


def _conditions(config: "DictConfig") -> tuple[Any, ...]:
    """List what the network is given, by `conf/evaluate.yaml`."""
    from temporal_colorize.evaluation import report
    from temporal_colorize.evaluation.painter import HONEST, Condition
    from temporal_colorize.options import require_number

    vividness = tuple(dict.fromkeys([*_as_list(config.vividness), None]))
    for value in vividness:
        if value not in (None, HONEST):
            require_number("vividness", value, least=0, most=1)
    for size in _as_list(config.sizes):
        require_number("sizes", size, least=32, most=8192)
    if config.most_frames is not None:
        require_number("most_frames", config.most_frames, least=5)
    make = functools.partial(Condition, most_frames=config.most_frames)
    conditions = [make(name=report.CLEAN, vividness=vividness)]
    conditions += [make(name=f"degrade={name}", degrade=_degradation(name)) for name in _as_list(config.degradations)]
    conditions += [make(name=f"size {size}", size=size) for size in _as_list(config.sizes)]
    if config.first_frame:
        conditions.append(Condition(name=report.FIRST_FRAME, first_frame=True, clips_only=True))
    if config.no_memory:
        conditions.append(make(name=report.NO_MEMORY, carry=False, clips_only=True))
    if config.gated and (gate := _gate(config.gate)) is not None:
        conditions.append(make(name=report.AS_VIDEO, as_video=True, clips_only=True))
        conditions.append(make(name=report.GATED, as_video=True, gate=gate, clips_only=True))
    return tuple(conditions)


def _degradation(name: str) -> Any:
    return build(compose("train", [f"degrade={name}"]).degrade)


def _as_list(value: Any) -> list[Any]:
    from omegaconf import OmegaConf

    return list(value) if OmegaConf.is_list(value) else [value]


def _writable_folder(output: str) -> Path:
    try:
        Path(output).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"output={output} is not a folder that can be written to ({error.strerror})") from error
    return Path(output)


def _finite(scores: Any) -> Any:
    """Replace infinity, the truth's own PSNR, by None, which JSON can hold."""
    if isinstance(scores, dict):
        return {name: _finite(value) for name, value in scores.items()}
    if isinstance(scores, list):
        return [_finite(value) for value in scores]
    return scores if math.isfinite(scores) else None
