"""A loader of batches that knows how far it has come, so that a run which was stopped goes on there."""

import signal
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from temporal_colorize.data.keys import ClipKey, KeySampler


class ResumableLoader(DataLoader):
    """Batches of a `KeySampler`'s keys, with the `state_dict` that Lightning knows.

    Only what has been handed over counts, not what the workers have made beforehand. Lightning restores it too late
    where the module has asked for the number of steps, so `datamodule.ColorDataModule` does.

    Args:
        clips: Makes a batch of a list of keys.
        keys: The sampler.
        workers: Loader processes.
    """

    def __init__(self, clips: Dataset, keys: KeySampler, *, workers: int) -> None:
        super().__init__(clips, sampler=keys, **options(workers))
        self._given = 0

    def __iter__(self) -> Iterator[Any]:
        self._given = self.sampler.skipped
        for batch in super().__iter__():
            self._given += 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Say which epoch it is in, how many of its batches are given, and of how many."""
        return {"epoch": self.sampler.epoch, "given": self._given, "batches": len(self)}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Leave out what is given of that epoch; other epochs are given whole.

        Raises:
            ValueError: If an epoch that has begun has another number of batches here.
        """
        if state["batches"] != len(self) and state["given"] < state["batches"]:
            words = f"in the middle of an epoch of {state['batches']} batches, which has {len(self)} now"
            raise ValueError(f"the run was stopped {words}: give trainer.devices and data.* of before")
        self.sampler.resume(state["epoch"], state["given"])


def fixed_loader(clips: Dataset, keys: list[list[ClipKey]], *, workers: int) -> DataLoader:
    """Load the same batches every time: a list has no `set_epoch`."""
    return DataLoader(clips, sampler=keys, **options(workers))


def _leave_signals_to_the_trainer(worker: int) -> None:
    # Slurm signals every process of a step: the trainer needs its workers until it has kept its checkpoint. They end
    # when it does, however it does.
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)


def options(workers: int) -> dict[str, Any]:
    """Give the options that every loader here has."""
    return {
        "batch_size": None,  # a key of the sampler is a whole batch
        "num_workers": workers,
        "persistent_workers": workers > 0,
        "worker_init_fn": _leave_signals_to_the_trainer,
        "pin_memory": torch.cuda.is_available(),
    }
