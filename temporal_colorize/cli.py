"""The only module that knows Hydra: composes the configuration, builds the objects, runs them.

Imports of everything heavy are inside the functions, so that `--help` and refusals come at once.
"""

import math
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from omegaconf import DictConfig

# Their values are taken literally, whatever characters they hold; Hydra's grammar would refuse many paths.
_LITERAL_KEYS = frozenset({"video", "output", "weights", "resume", "data.root", "loss.prior"})

_INFER_HELP = """Colour a monochrome video or picture.

usage: python infer.py video=PATH [output=PATH] [OPTION=VALUE ...]

  video=clip.mp4               a video or a picture; colour in it is ignored, its luma is used
  output=PATH                  default: clip.color.mp4 beside the input
  weights=convlstm             shipped weights by name, or a .safetensors file
  encoder=x264|lossless        or its parts: encoder.codec=libx264 encoder.preset=medium encoder.crf=18
  vividness=0..1               0 honest (often greyish), 1 vivid (often wrong); default: what suits the weights
  temperature=T                1 the mean of the likely colours, 0.38 near the likeliest; default: by the weights
  inference.size=192           shorter side of what the network sees, in pixels
  device=auto                  cpu, cuda, mps
  audio=copy|drop              the sound, bit for bit, or without
  progress=true                a progress bar on standard error

Every number's place is conf/infer.yaml. Exit status: 0 done, 2 bad input (nothing is written), 130 interrupted.
"""


def conf_folder() -> Path:
    """Return the folder of the configuration, in a checkout or in an installed package."""
    inside = Path(__file__).parent / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[1] / "conf"


def quote_literals(arguments: Sequence[str]) -> list[str]:
    """Quote the values of path options for Hydra's grammar, so that any path a shell can pass arrives unchanged."""
    quoted = []
    for argument in arguments:
        key, equals, value = argument.partition("=")
        literal = equals and key.lstrip("+") in _LITERAL_KEYS and value not in ("", "null")
        quoted.append(f"{key}={_quoted(key, value)}" if literal else argument)
    return quoted


def _quoted(key: str, value: str) -> str:
    if key == "weights" and value.startswith("[") and value.endswith("]"):  # several, for evaluate.py
        return "[" + ",".join(_quote(part.strip()) for part in value[1:-1].split(",")) + "]"
    return _quote(value)


def _quote(value: str) -> str:
    # Backslashes count only before an interpolation (OmegaConf), a quote and the end (Hydra).
    value = re.sub(r"(\\*)(\$\{)", r"\1\1\\\2", value)
    value = re.sub(r"(\\*)('|$)", lambda match: match[1] * 2 + ("\\'" if match[2] else ""), value)
    return f"'{value}'"


def compose(name: str, overrides: Sequence[str]) -> "DictConfig":
    """Compose `conf/<name>.yaml` with overrides as a command line gives them.

    Raises:
        ValueError: In one line, if an option, a group's choice or a value is unknown.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    for override in overrides:
        if "=" not in override:
            hint = f"video={override.lstrip('-')}" if name == "infer" else "name=value"
            raise ValueError(f"{override!r} is no option: write {hint}")
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        try:
            return hydra_compose(name, overrides=quote_literals(overrides))
        except (HydraException, OmegaConfBaseException) as error:
            raise ValueError(_one_line(error)) from error


def build(node: "DictConfig", **objects: Any) -> Any:
    """Build what a configuration node describes, `objects` passed along; its lists and mappings become plain ones.

    Raises:
        ValueError: If an object refuses its options.
    """
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate

    try:
        return instantiate(node, _convert_="all", **objects)
    except InstantiationException as error:
        if isinstance(error.__cause__, ValueError | ModuleNotFoundError):
            raise error.__cause__ from None
        raise


def train() -> None:
    """Run `train.py`: Hydra composes, launches and sweeps; `_train` is one run."""
    import hydra

    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors reach `_guarded`, which says them in one line
    arguments = sys.argv[1:]

    def run() -> None:
        if not any(argument.startswith("-") for argument in arguments):  # no sweep, no --help
            compose("train", arguments)
            sys.argv[1:] = [*quote_literals(arguments), *_same_folder(arguments)]
        hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="train")(_train)()

    _guarded(run)


def _same_folder(arguments: Sequence[str]) -> list[str]:
    """Make a resumed run go on in the folder of its checkpoint: best score, curves and weights stay together."""
    given = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    checkpoint = Path(given.get("resume", "null"))
    if checkpoint.parent.name != "checkpoints" or "output" in given or "hydra.run.dir" in given:
        return []
    folder = checkpoint.absolute().parents[1]
    return [f"{key}={_quote(str(folder))}" for key in ("output", "hydra.run.dir")]


def infer() -> None:
    """Run `infer.py`."""
    arguments = sys.argv[1:]
    if not arguments or {"-h", "--help"} & set(arguments):
        print(_INFER_HELP, end="")
        sys.exit(0 if arguments else 2)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does: nothing half-written is left
    _guarded(lambda: _infer(compose("infer", arguments)))


def evaluate() -> None:
    """Run `evaluate.py`."""
    _guarded(lambda: _evaluate(compose("evaluate", sys.argv[1:])))


def _train(config: "DictConfig") -> float:
    """Train once; the return value is what a sweep minimises, the best validation error (ab units squared)."""
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
    callbacks = [build(callback) for callback in config.callbacks.values()]
    logger = build(config.logger) if config.logger else False
    trainer = build(config.trainer, callbacks=callbacks, logger=logger)
    trainer.fit(module, datamodule=data, ckpt_path=config.resume)
    best = trainer.checkpoint_callback
    return float(best.best_model_score if best is not None else trainer.callback_metrics["val/mse"])


def _infer(config: "DictConfig") -> None:
    """Colour one video or picture and print the report."""
    from temporal_colorize.inference.picture import colorize_picture, is_picture
    from temporal_colorize.inference.session import Session, SessionOptions, pick_device
    from temporal_colorize.inference.video import colorize_video, lossless_options
    from temporal_colorize.inference.weights import load_weights
    from temporal_colorize.options import require_one_of

    if config.video is None or config.weights is None:
        raise ValueError(f"{'video' if config.video is None else 'weights'} is missing: python infer.py video=clip.mp4")
    require_one_of("audio", config.audio, ("copy", "drop"))
    require_one_of("progress", config.progress, (True, False))
    options = SessionOptions(vividness=config.vividness, temperature=config.temperature, **config.inference)
    device = pick_device(config.device)
    session = Session(load_weights(config.weights, architecture=config.model), options, device=device)
    if is_picture(config.video):
        report = colorize_picture(config.video, config.output, session)
    else:
        encoder = {**config.encoder}
        lossless, codec = encoder.pop("lossless"), encoder.pop("codec")
        report = colorize_video(
            config.video,
            config.output,
            session,
            codec=codec,
            options=lossless_options(codec, encoder) if lossless else encoder,
            audio=config.audio,
            progress=config.progress,
        )
    print(report)


def _evaluate(config: "DictConfig") -> None:
    """Score weights under every condition against grey and the truth; print and write the report."""
    import json

    import cv2

    from temporal_colorize.evaluation import report
    from temporal_colorize.evaluation.run import Plan
    from temporal_colorize.evaluation.run import evaluate as measure
    from temporal_colorize.evaluation.scenes import find_scenes
    from temporal_colorize.inference.session import SessionOptions
    from temporal_colorize.inference.weights import load_weights
    from temporal_colorize.options import require_number

    require_number("workers", config.workers, least=1)
    folder = _writable_folder(config.output)
    scenes = find_scenes(**config.data)
    names = _as_list(config.weights)
    plan = Plan(
        weights=tuple(names),
        conditions=_conditions(config),
        options=SessionOptions(temperature=config.temperature, **config.inference),
        device=config.device,
        drift_frames=config.drift.frames,
        drift_scenes=config.drift.scenes,
    )
    rows = [load_weights(name).name for name in names]
    result = measure(scenes, plan, workers=config.workers)
    text = report.markdown(result, rows)
    (folder / "report.md").write_text(text)
    numbers = {
        "summary": {row: report.headline(result, row) for row in rows},
        "scores": result.scores,
        "drift": result.drift,
    }
    (folder / "report.json").write_text(json.dumps(_finite(numbers), indent=1, allow_nan=False))
    cv2.imwrite(str(folder / "sheet.png"), report.contact_sheet(result)[..., ::-1])
    for row in rows:
        report.plot(result, row, folder / f"{row}.png")
    print(text)
    print(f"written: {folder}/report.md, report.json, sheet.png and {', '.join(f'{row}.png' for row in rows)}")


def _conditions(config: "DictConfig") -> tuple[Any, ...]:
    """List what the network is given, by `conf/evaluate.yaml`."""
    from temporal_colorize.evaluation import report
    from temporal_colorize.evaluation.painter import Condition

    vividness = tuple(_as_list(config.vividness))
    conditions = [Condition(name=report.CLEAN, vividness=(*vividness, *([] if None in vividness else [None])))]
    conditions += [Condition(name=f"degrade={name}", degrade=_degradation(name)) for name in config.degradations]
    conditions += [Condition(name=f"size {size}", size=size) for size in config.sizes]
    if config.first_frame:
        conditions.append(Condition(name=report.FIRST_FRAME, first_frame=True, clips_only=True))
    if config.no_memory:
        conditions.append(Condition(name=report.NO_MEMORY, carry=False, clips_only=True))
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


def _guarded(run: Callable[[], None]) -> None:
    """Run, and turn what a user can mend into one line and exit status 2."""
    try:
        run()
    except KeyboardInterrupt:
        print(f"{_program()}: interrupted", file=sys.stderr)
        sys.exit(130)
    except (ValueError, ModuleNotFoundError) as error:
        _refuse(error)
    except Exception as error:
        cause = error.__cause__
        if type(error).__module__.startswith(("hydra.", "omegaconf.")):
            _refuse(cause if isinstance(cause, ValueError | ModuleNotFoundError) else error)
        raise


def _refuse(error: BaseException) -> NoReturn:
    if os.environ.get("TEMPORAL_COLORIZE_DEBUG"):
        raise error
    print(f"{_program()}: error: {_one_line(error)}", file=sys.stderr)
    sys.exit(2)


def _program() -> str:
    return Path(sys.argv[0]).name


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
