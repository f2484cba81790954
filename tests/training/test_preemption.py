import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from temporal_colorize.data.keys import KeySampler
from temporal_colorize.data.loader import ResumableLoader
from temporal_colorize.training.preemption import PreemptedError, Preemption

SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)


class Trainer(SimpleNamespace):
    """As much of Lightning's as a callback meets."""

    def __init__(self, **more: object) -> None:
        reduce = SimpleNamespace(reduce_boolean_decision=lambda decision, all: decision)
        super().__init__(strategy=reduce, is_last_batch=False, is_global_zero=True, global_step=3, saved=[], **more)

    def save_checkpoint(self, path: Path) -> None:
        self.saved.append(path)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def listening(trainer: Trainer) -> Preemption:
    callback = Preemption("last.ckpt")
    callback.setup(trainer, None, "fit")
    callback.on_train_start(trainer, None)
    return callback


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_waits_for_the_end_of_a_step(number: int) -> None:
    before = signal.getsignal(number)
    callback = listening(trainer := Trainer())
    callback.on_train_batch_end(trainer, None, None, None, 0)
    signal.raise_signal(number)
    assert not trainer.saved
    with pytest.raises(PreemptedError) as ended:
        callback.on_train_batch_end(trainer, None, None, None, 1)
    assert ended.value.code == 75 and trainer.saved == [Path("last.ckpt")]
    assert callback.state_dict() == {"batches": 2}
    assert signal.getsignal(number) == before


def test_the_last_step_of_an_epoch_waits_for_its_validation() -> None:
    callback = listening(trainer := Trainer())
    signal.raise_signal(signal.SIGTERM)
    trainer.is_last_batch = True
    callback.on_train_batch_end(trainer, None, None, None, 5)
    assert not trainer.saved and callback.state_dict() == {"batches": 0}


def test_there_is_one_handler_whatever_lightning_has_set() -> None:
    callback = Preemption("last.ckpt")
    callback.setup(trainer := Trainer(), None, "fit")
    signal.signal(signal.SIGTERM, lambda *_: pytest.fail("Lightning's"))
    callback.on_train_start(trainer, None)
    signal.raise_signal(signal.SIGTERM)
    callback.on_train_end(trainer, None)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_submitit_queues_its_job_again_once_the_checkpoint_is_kept() -> None:
    trainer, seen = Trainer(), []
    signal.signal(signal.SIGUSR2, lambda number, frame: seen.append((number, len(trainer.saved))))
    callback = listening(trainer)
    signal.raise_signal(signal.SIGUSR2)
    assert not seen
    with pytest.raises(PreemptedError):
        callback.on_train_batch_end(trainer, None, None, None, 0)
    assert seen == [(signal.SIGUSR2, 1)]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_loader_goes_on_in_the_middle_of_an_epoch(workers: int) -> None:
    def loader() -> ResumableLoader:
        sampler = KeySampler(batches=4, frames_a_batch=2, frames=2, sizes=[32], still_share=0.5, seed=0)
        sampler.set_epoch(1)
        return ResumableLoader(_Numbers(), sampler=sampler, batch_size=None, num_workers=workers)

    whole = [*loader()]
    assert len(whole) == 4
    begun, given = loader(), []
    for batch in begun:
        given.append(batch)
        if len(given) == 3:
            break
    resumed = loader()
    resumed.load_state_dict(begun.state_dict())
    assert [*resumed] == whole[3:]
    assert [*resumed] == whole  # the next epoch is whole
    assert resumed.state_dict() == {"given": 0}


class _Numbers:
    """A data set whose batch is the numbers of its keys."""

    def __getitem__(self, keys: list) -> list[int]:
        return [key.number for key in keys]
