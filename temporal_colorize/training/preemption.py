"""Keeps a training that its machine is taken from: a checkpoint at the next step, and an end that says so."""

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytorch_lightning as pl
from torch import Tensor

from temporal_colorize.training.ending import SIGNALS, PreemptedError

_OF_SUBMITIT = signal.SIGUSR2  # its own handler, where there is one, has Slurm requeue the job


class Preemption(pl.Callback):
    """On SIGTERM or SIGUSR1, or on the SIGUSR2 of submitit, keeps a checkpoint after the step at hand, and ends.

    A step is the optimiser's: gradients that are accumulated are in no checkpoint. How far the epoch's batches are is
    kept by `data.datamodule`.

    A signal during a validation waits for the first step after it, and one during the last validation for nothing: the
    training is over. This is the only handler: Lightning's, which would requeue a Slurm job by itself, is replaced for
    as long as steps are made. It stands behind the callbacks that change something after a step, such as the average.

    Args:
        path: The checkpoint, the one that `resume=auto` goes on from.

    Raises:
        PreemptedError: Once the checkpoint is written.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._came: int | None = None
        self._listening = False
        self._before: dict[int, Any] = {}

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        self._came, self._before = None, {}
        self._listen()  # Lightning takes no signal that has a handler, but for SIGTERM

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._listen()  # and that one is taken back

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Tensor, batch: Any, batch_idx: int
    ) -> None:
        # Behind the last batch of an epoch stands its validation, which a checkpoint here would leave out.
        within_step = (batch_idx + 1) % trainer.accumulate_grad_batches != 0
        if within_step or trainer.is_last_batch or not self._asked(trainer):
            return
        trainer.save_checkpoint(self.path)
        if trainer.is_global_zero:
            print(f"preempted after step {trainer.global_step}: {self.path} is kept", file=sys.stderr, flush=True)
        self._stop()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._restore()  # what is left, the export, is made anew from the last checkpoint

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        self._restore()  # again: Lightning has put back what it found, which is ours

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self._restore()

    def _listen(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        self._listening = True
        numbers = [*SIGNALS, *([_OF_SUBMITIT] if callable(signal.getsignal(_OF_SUBMITIT)) else [])]
        for number in numbers:
            self._before.setdefault(number, signal.getsignal(number))
            signal.signal(number, self._notice)

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._listening = False

    def _notice(self, number: int, frame: FrameType | None) -> None:
        if self._listening:
            self._came = number
        else:  # put back by Lightning: the signal is for whoever was there before
            signal.signal(number, self._before[number])
            signal.raise_signal(number)

    def _asked(self, trainer: pl.Trainer) -> bool:
        """Say whether any rank was told to end; all of them write the checkpoint together."""
        return trainer.strategy.reduce_boolean_decision(self._came is not None, all=False)

    def _stop(self) -> None:
        handler: Callable[[int, None], None] | Any = self._before.get(self._came)
        self._restore()
        if self._came == _OF_SUBMITIT and callable(handler):
            handler(self._came, None)  # has the job requeued, and ends it
        raise PreemptedError
