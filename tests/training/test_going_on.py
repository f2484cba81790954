"""Trainings that are stopped by a signal in the middle of an epoch, against ones that are not."""

import functools
import signal
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from data_prep.prepare import prepare
from data_prep.shards import write_shards
from temporal_colorize.data.datamodule import ColorDataModule
from temporal_colorize.data.shards import ShardDataModule
from temporal_colorize.models.unet import UNet
from temporal_colorize.training.ending import PreemptedError
from temporal_colorize.training.module import ColorizationModule
from temporal_colorize.training.preemption import Preemption
from tests.data_prep.raw import picture, save, save_video
from tests.support.networks import tiny_network
from tests.training.test_module import OPTIONS

BATCHING = {"size": 32, "frames": 2, "frames_a_batch": 4, "batches_an_epoch": 4, "validation_batches": 1, "workers": 1}


class Signals(pl.Callback):
    """Sends a signal in a batch, and collects those that are trained on, by their sums."""

    def __init__(self, at: int | None = None) -> None:
        self.at, self.seen = at, []

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: tuple, index: int
    ) -> None:
        self.seen.append(int(batch.rgb.long().sum()))
        if len(self.seen) - 1 == self.at:
            signal.raise_signal(signal.SIGUSR1)


def train(net: nn.Module, data: ColorDataModule, folder: Path, *, at: int | None = None, go_on: bool = False) -> list:
    """Train two epochs; return what batches it was on."""
    module = ColorizationModule(net.train(), optimizer=functools.partial(torch.optim.AdamW), **OPTIONS)
    path = folder / "last.ckpt"
    signals = Signals(at)
    trainer = pl.Trainer(accelerator="cpu", max_epochs=2, logger=False, enable_checkpointing=False,
                         use_distributed_sampler=False, enable_progress_bar=False, enable_model_summary=False,
                         num_sanity_val_steps=0, callbacks=[signals, Preemption(str(path))])  # fmt: skip
    trainer.accumulate_grad_batches = data.batches_a_step(1)
    try:
        trainer.fit(module, datamodule=data, ckpt_path=path if go_on else None)
        trainer.save_checkpoint(folder / "end.ckpt")
    except PreemptedError:
        assert at is not None
    return signals.seen


@pytest.fixture
def shards(tmp_path: Path) -> str:
    for number in range(12):
        save(tmp_path / "raw" / "stills" / f"{number}.png", picture(number))
    save_video(tmp_path / "raw" / "videos" / "0.mp4", seed=100, count=10)
    for kind, name in (("pictures", "stills"), ("videos", "videos")):
        prepare(kind, tmp_path / "raw" / name, tmp_path / "prepared", tuning_percent=0)
    write_shards(tmp_path / "prepared", tmp_path / "shards", shard_mb=0.004)
    return str(tmp_path / "shards")


@pytest.mark.filterwarnings("error:You're resuming")
@pytest.mark.parametrize("kind", ["shards", "accumulated", "dropout"])
def test_what_is_stopped_in_an_epoch_ends_as_what_is_not(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    torch.manual_seed(0)
    net = UNet(widths=(8, 16), dropout=0.5) if kind == "dropout" else tiny_network()
    start = {name: value.clone() for name, value in net.state_dict().items()}

    def run(name: str, **how: object) -> list:
        net.load_state_dict(start)
        if kind == "shards":
            data = ShardDataModule(urls=request.getfixturevalue("shards"), streams=2, shuffle_pictures=8, **BATCHING)
        else:
            data = ColorDataModule(global_batch=12 if kind == "accumulated" else None, **BATCHING)
        (tmp_path / name).mkdir(exist_ok=True)
        return train(net, data, tmp_path / name, **how)

    whole = run("whole")
    begun = run("parts", at=4 if kind == "accumulated" else 1)  # of three batches of a step, in the second one's middle
    done = 6 if kind == "accumulated" else 2
    assert begun == whole[:done]
    kept = torch.load(tmp_path / "parts" / "last.ckpt", weights_only=True)
    assert kept["global_step"] == 2
    assert run("parts", go_on=True) == whole[done:]
    expected, ended = (torch.load(tmp_path / name / "end.ckpt", weights_only=True) for name in ("whole", "parts"))
    assert ended["global_step"] == expected["global_step"] == 8
    torch.testing.assert_close(ended["state_dict"], expected["state_dict"], rtol=0, atol=0)
    torch.testing.assert_close(ended["optimizer_states"], expected["optimizer_states"], rtol=0, atol=0)
