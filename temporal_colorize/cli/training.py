"""What train.py does, given its configuration.

Imports of everything heavy are inside the functions, so that refusals come at once.
"""

import contextlib
import dataclasses
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.config.building import writable_folder
from temporal_colorize.config.composing import build
from temporal_colorize.config.messages import one_line
from temporal_colorize.training.ending import PreemptedError, preempted_by_signals

if TYPE_CHECKING:
    import pytorch_lightning as pl
    from omegaconf import DictConfig

    from temporal_colorize.training.record import Run


@preempted_by_signals()
def train_once(config: "DictConfig") -> float:
    """Train once; the return value is what a sweep minimises: the best of what `callbacks.best` monitors, in general
    the validation error in ab units squared, and with a minus where `callbacks.best.mode` is max. A run that its folder
    holds already gives what it gave then."""
    from omegaconf import OmegaConf

    from temporal_colorize.training.record import begin, named_options

    _must_train(config.trainer)
    folder = writable_folder(config.output)
    options = named_options(OmegaConf.to_container(config, resolve=False))
    run, config.resume = begin(folder, options, resume=config.resume)
    if run.state == "finished":
        print(f"{folder} is finished: {run.monitor} {run.objective:.4g}; resume=off begins it anew")
        return run.objective
    if config.resume is not None:
        print(f"goes on from {config.resume}")
    started = time.monotonic()
    with _recorded(run, folder, started):
        trainer = _fit(config)
        run = _outcome(trainer, run)
    _keep(dataclasses.replace(run, state="finished"), folder, started)
    return run.objective


def _must_train(trainer: "DictConfig") -> None:
    for name in ("max_epochs", "max_steps"):
        if trainer.get(name) == 0:
            raise ValueError(f"trainer.{name}=0 trains nothing: give 1 or more")


def _fit(config: "DictConfig") -> "pl.Trainer":
    import pytorch_lightning as pl

    from temporal_colorize.inference.weights import copy_into, load_weights
    from temporal_colorize.training.module import ColorizationModule, check_checkpoint
    from temporal_colorize.training.optim import best_precision

    pl.seed_everything(config.seed, workers=True)
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
    trainer.accumulate_grad_batches = data.batches_a_step(trainer.world_size)
    try:
        trainer.fit(module, datamodule=data, ckpt_path=config.resume)
    finally:
        if "wandb" in sys.modules:
            sys.modules["wandb"].finish()  # or the next job of a sweep would go into the same run
    return trainer


def _outcome(trainer: "pl.Trainer", run: "Run") -> "Run":
    """Read what a training gave; here, and nowhere else, what is maximised becomes what is minimised.

    Raises:
        ValueError: If it was not measured, or is no number: a search must not take that for a value.
    """
    best, scores = trainer.checkpoint_callback, trainer.callback_metrics
    monitor = best.monitor if best is not None and best.monitor else "val/mse"
    score = best.best_model_score if best is not None else None
    if score is None and monitor not in scores:
        raise ValueError(f"{monitor} was never measured: give callbacks.best.monitor, or a training of a whole epoch")
    objective = float(scores[monitor] if score is None else score)
    if not math.isfinite(objective):
        raise ValueError(f"{monitor} is {objective}: the training diverged; lower optimizer.lr")
    if best is not None and best.monitor and best.mode == "max":
        objective, monitor = -objective, f"-{monitor}"
    kept = {name: float(value) for name, value in scores.items() if name.startswith("val/")}
    return dataclasses.replace(run, objective=objective, monitor=monitor, scores=kept, steps=trainer.global_step)


@contextlib.contextmanager
def _recorded(run: "Run", folder: Path, started: float) -> Iterator[None]:
    """Keep in the folder what a run was begun with, and how it ends where it does not finish."""
    _keep(run, folder, started)
    try:
        yield
    except PreemptedError:
        _keep(dataclasses.replace(run, state="preempted"), folder, started)
        raise
    except Exception as error:
        _keep(dataclasses.replace(run, state="failed", error=one_line(error)), folder, started)
        raise


def _keep(run: "Run", folder: Path, started: float) -> None:
    from pytorch_lightning.utilities import rank_zero_only

    if rank_zero_only.rank == 0:
        dataclasses.replace(run, seconds=run.seconds + time.monotonic() - started).write(folder)
