"""A loader that goes on in the middle of an epoch."""

from collections.abc import Iterator
from typing import TypeVar

from torch.utils.data import DataLoader

_Batch = TypeVar("_Batch")


class ResumableLoader(DataLoader[_Batch]):
    """A loader over a sampler with a `skip`, such as `keys.KeySampler`; `training.preemption` sets its state."""

    _given = 0

    def __iter__(self) -> Iterator[_Batch]:
        """Begin once the first batch is asked for, when the sampler knows its epoch."""
        self._given = self.sampler.skip
        for batch in super().__iter__():
            self._given += 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Say how many batches of the epoch have been given; 0 at its end, when the next one begins from the start."""
        return {"given": self._given % len(self)}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Leave out as many of the next epoch that is asked for."""
        self.sampler.skip = state["given"]
