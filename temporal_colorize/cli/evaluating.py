"""What evaluate.py does, given its configuration. Heavy imports are inside."""

import functools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temporal_colorize.config.building import gate_of, runtime_of, writable_folder
from temporal_colorize.config.composing import build, compose

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.evaluation.measured import Evaluation
    from temporal_colorize.inference.weights import Weights


def evaluate_once(config: "DictConfig") -> None:
    """Score weights under every condition against grey and the truth; print and write the report."""
    import json

    import cv2
    from omegaconf import OmegaConf

    from temporal_colorize.evaluation import report
    from temporal_colorize.evaluation.blocks import markdown
    from temporal_colorize.evaluation.cost import measure_costs
    from temporal_colorize.evaluation.measured import GREY, TRUTH
    from temporal_colorize.evaluation.name_tables import name_summary
    from temporal_colorize.evaluation.naming import fit_naming
    from temporal_colorize.evaluation.page import write_page
    from temporal_colorize.evaluation.painter import row_name
    from temporal_colorize.evaluation.run import Plan
    from temporal_colorize.evaluation.run import evaluate as measure
    from temporal_colorize.evaluation.scenes import find_scenes
    from temporal_colorize.inference.naming import NamingOptions
    from temporal_colorize.inference.runtimes import open_weights
    from temporal_colorize.inference.session import SessionOptions
    from temporal_colorize.options import require_number

    leasts = {
        "workers": 1,
        "data.every": 1,
        "drift.frames": 0,
        "drift.scenes": 0,
        "shown.scenes": 1,
        "shown.moments": 1,
    }
    for option, least in leasts.items():
        require_number(option, OmegaConf.select(config, option), least=least)
    if 0 < config.drift.frames <= 31:
        raise ValueError(
            f"drift.frames={config.drift.frames} must be 0 or above 31: colours settle for 30 frames first"
        )
    folder = writable_folder(config.output)
    scenes = find_scenes(**config.data)
    names = _as_list(config.weights)
    runtime = runtime_of(config)
    device = runtime.pick_device(config.device)
    loaded = {weights.name: weights for weights in (open_weights(name, runtime, device=device) for name in names)}
    rows = {name: _decoding(weights) for name, weights in loaded.items()}
    if len(rows) < len(names):
        raise ValueError(f"weights={','.join(names)}: two of them have the same name; rename one, or its folder")
    if config.calibrate is not None:
        _check_calibration(config.calibrate, names, next(iter(loaded.values())))
    naming = NamingOptions(**config.naming)
    plan = Plan(
        weights=tuple(names),
        conditions=_conditions(config),
        options=SessionOptions(temperature=config.temperature, **config.inference),
        runtime=runtime,
        device=config.device,
        moments=config.shown.moments,
        drift_frames=config.drift.frames,
        drift_scenes=config.drift.scenes,
        naming=naming,
        central=tuple(config.names.central),
    )
    result = measure(scenes, plan, workers=config.workers, shown=config.shown.scenes)
    if config.calibrate is not None:
        _calibrate(names[0], Path(config.calibrate), next(iter(loaded.values())), result)
    costs = measure_costs({name: weights.net.to(device) for name, weights in loaded.items()})
    blocks = report.blocks_of(result, rows, costs, naming)
    text = markdown(blocks)
    (folder / "report.md").write_text(text)
    numbers = {
        "summary": {row: report.headline(result, row) for row in rows},
        "costs": costs,
        "scores": result.scores,
        "drift": result.drift,
        "names": name_summary(result.names, naming),
        "moments": {scene.name: {moment.number: moment.errors for moment in scene.moments} for scene in result.shown},
    }
    (folder / "report.json").write_text(json.dumps(_finite(numbers), indent=1, allow_nan=False))
    cv2.imwrite(str(folder / "sheet.png"), report.contact_sheet(result)[..., ::-1])
    for row in rows:
        report.plot(result, row, folder / f"{row}.png")
    layers = {GREY: GREY, **{row: row_name(row, None) for row in rows}, TRUTH: TRUTH}
    write_page(folder, blocks, result.shown, layers, title=f"Evaluation of {', '.join(rows)}")
    print(text)
    if config.names.fit:
        arithmetic, geometric = fit_naming(result.names.values())
        print(f"these pictures suit naming.arithmetic={arithmetic:.3f} naming.geometric={geometric:.3f}")
    plots = ", ".join(f"{row}.png" for row in rows)
    print(f"written: {folder}/report.html (with scenes/), report.md, report.json, sheet.png and {plots}")


def _check_calibration(target: str, names: Sequence[str], weights: "Weights") -> None:
    from temporal_colorize.inference.weights import find_weights

    if len(names) != 1 or find_weights(names[0]).suffix != ".safetensors" or not weights.net.has_bins:
        raise ValueError(f"calibrate={target} needs one weights, a .safetensors file of a network with bins")
    if Path(target).suffix != ".safetensors" or not Path(target).absolute().parent.is_dir():
        raise ValueError(f"calibrate={target} must be a .safetensors file in a folder that exists")


def _calibrate(name: str, target: Path, weights: "Weights", result: "Evaluation") -> None:
    """Write the weights with the curve that all scenes give, clean and degraded."""
    from temporal_colorize.evaluation.calibrating import fit_certainty, keep_certainty

    certainty = fit_certainty(result.everything[weights.name], weights.certainty.within)
    keep_certainty(name, target, certainty)
    print(f"written: {target}, {certainty}")


def _decoding(weights: "Weights") -> str:
    """Describe the default decoding in a line."""
    if not weights.net.has_bins:
        return "It has no bins: its ab is its one decoding."
    return f"Default decoding: {weights.decoding}."


def _conditions(config: "DictConfig") -> tuple[Any, ...]:
    """List what the network is given, by `conf/evaluate.yaml`."""
    from temporal_colorize.evaluation import report
    from temporal_colorize.evaluation.painter import HONEST, Condition
    from temporal_colorize.options import require_number, require_one_of

    vividness = tuple(dict.fromkeys([*_as_list(config.vividness), None]))
    for value in vividness:
        if value not in (None, HONEST):
            require_number("vividness", value, least=0, most=1)
    for switch in ("asked", "fit"):
        require_one_of(f"names.{switch}", config.names[switch], (True, False))
    for group in config.names.central:
        require_one_of("names.central", group, config.data.groups or {})
    for size in _as_list(config.sizes):
        require_number("sizes", size, least=32, most=8192)
    if config.most_frames is not None:
        require_number("most_frames", config.most_frames, least=5)
    make = functools.partial(Condition, most_frames=config.most_frames)
    named = functools.partial(make, named=config.names.asked)
    conditions = [named(name=report.CLEAN, vividness=vividness)]
    conditions += [named(name=f"degrade={name}", degrade=_degradation(name)) for name in _as_list(config.degradations)]
    conditions += [make(name=f"size {size}", size=size) for size in _as_list(config.sizes)]
    if config.first_frame:
        conditions.append(Condition(name=report.FIRST_FRAME, first_frame=True, clips_only=True))
    if config.no_memory:
        conditions.append(make(name=report.NO_MEMORY, carry=False, clips_only=True))
    if config.gated and (gate := gate_of(config.gate)) is not None:
        conditions.append(make(name=report.AS_VIDEO, as_video=True, clips_only=True))
        conditions.append(make(name=report.GATED, as_video=True, gate=gate, clips_only=True))
    return tuple(conditions)


def _degradation(name: str) -> Any:
    return build(compose("train", [f"degrade={name}"]).degrade)


def _as_list(value: Any) -> list[Any]:
    from omegaconf import OmegaConf

    return list(value) if OmegaConf.is_list(value) else [value]


def _finite(scores: Any) -> Any:
    """Replace infinity, the truth's own PSNR, by None, which JSON can hold."""
    if isinstance(scores, dict):
        return {name: _finite(value) for name, value in scores.items()}
    if isinstance(scores, list):
        return [_finite(value) for value in scores]
    return scores if math.isfinite(scores) else None
