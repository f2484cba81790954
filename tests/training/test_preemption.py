import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from temporal_colorize.training.ending import PreemptedError
from temporal_colorize.training.preemption import Preemption

SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)


class Trainer(SimpleNamespace):
    """As much of Lightning's as a callback meets."""

    def __init__(self) -> None:
        reduce = SimpleNamespace(reduce_boolean_decision=lambda decision, all: decision)
        super().__init__(strategy=reduce, is_last_batch=False, is_global_zero=True, global_step=3, saved=[])
        self.accumulate_grad_batches = 1

    def save_checkpoint(self, path: Path) -> None:
        self.saved.append(path)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
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
    assert signal.getsignal(number) == before


def test_the_last_step_of_an_epoch_waits_for_its_validation() -> None:
    callback = listening(trainer := Trainer())
    signal.raise_signal(signal.SIGTERM)
    trainer.is_last_batch = True
    callback.on_train_batch_end(trainer, None, None, None, 5)
    assert not trainer.saved


def test_a_step_of_accumulated_batches_is_ended_first() -> None:
    callback = listening(trainer := Trainer())
    trainer.accumulate_grad_batches = 3
    signal.raise_signal(signal.SIGTERM)
    callback.on_train_batch_end(trainer, None, None, None, 3)
    callback.on_train_batch_end(trainer, None, None, None, 4)
    assert not trainer.saved
    with pytest.raises(PreemptedError):
        callback.on_train_batch_end(trainer, None, None, None, 5)
    assert trainer.saved == [Path("last.ckpt")]


def test_there_is_one_handler_whatever_lightning_has_set() -> None:
    callback = Preemption("last.ckpt")
    callback.setup(trainer := Trainer(), None, "fit")
    signal.signal(signal.SIGTERM, lambda *_: pytest.fail("Lightning's"))
    callback.on_train_start(trainer, None)
    signal.raise_signal(signal.SIGTERM)
    callback.on_train_end(trainer, None)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_handler_that_lightning_has_put_back_gives_the_signal_to_who_was_there_before() -> None:
    seen = []
    signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    callback = listening(trainer := Trainer())
    ours = signal.getsignal(signal.SIGTERM)
    callback.on_train_end(trainer, None)
    signal.signal(signal.SIGTERM, ours)
    signal.raise_signal(signal.SIGTERM)
    assert seen == [signal.SIGTERM]


def test_submitit_queues_its_job_again_once_the_checkpoint_is_kept() -> None:
    trainer, seen = Trainer(), []
    signal.signal(signal.SIGUSR2, lambda number, frame: seen.append((number, len(trainer.saved))))
    callback = listening(trainer)
    signal.raise_signal(signal.SIGUSR2)
    assert not seen
    with pytest.raises(PreemptedError):
        callback.on_train_batch_end(trainer, None, None, None, 0)
    assert seen == [(signal.SIGUSR2, 1)]
