"""What train.py does, given its configuration.

Imports of everything heavy are inside the functions, so that refusals come at once.
"""

import sys
from typing import TYPE_CHECKING

from temporal_colorize.config.building import writable_folder
from temporal_colorize.config.composing import build

if TYPE_CHECKING:
    from omegaconf import DictConfig


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
