"""Two processes of gloo on the CPU against one: the same batches, gradients, losses and scores.

The network in float64: in float32 a ReLU that falls to the other side of 0 changes gradients by one in a thousand, as
it does in one process that has its clips in another order.
"""

import functools
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from temporal_colorize.data.datamodule import ColorDataModule
from temporal_colorize.models.contract import ColorOutput, fresh_state
from temporal_colorize.training.devices import SummedNorm, SynchronizedStatistics
from temporal_colorize.training.module import ColorizationModule
from tests.support.networks import tiny_network
from tests.training.test_module import OPTIONS

STEPS = 4


class Recorder(pl.Callback):
    """Writes what the first process saw: the gradients of every step, the losses, the scores."""

    def __init__(self, path: Path) -> None:
        self.path, self.gradients, self.losses, self.norms = path, [], [], set()

    def on_before_optimizer_step(self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: object) -> None:
        self.gradients.append([p.grad.detach().clone() for p in pl_module.net.parameters()])
        self.norms |= {type(module) for module in pl_module.modules() if isinstance(module, nn.BatchNorm2d)}

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        self.losses.append(float(trainer.callback_metrics["train/loss"]))

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        scores = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("val/")}
        seen = {"gradients": self.gradients, "losses": self.losses, "scores": scores, "steps": trainer.global_step}
        seen |= {"norms": [norm.__name__ for norm in self.norms], "state": pl_module.net.state_dict()}
        if trainer.is_global_zero:
            torch.save(seen, self.path)


def compute_in_float64(net: nn.Module) -> None:
    """What a network asks for in float32 it gets in float64."""

    def enter(_: nn.Module, given: tuple) -> tuple:
        torch.Tensor.float = torch.Tensor.double
        lightness, hints = (*given, None)[:2]
        state = fresh_state(net, len(lightness), *lightness.shape[-2:], like=lightness)
        return lightness.double(), hints if hints is None else hints.double(), tuple(part.double() for part in state)

    def leave(_: nn.Module, given: tuple, result: tuple) -> tuple:
        del torch.Tensor.float  # a method of its base class again
        return ColorOutput(*(part if part is None else part.float() for part in result[0])), result[1]

    net.register_forward_pre_hook(enter)
    net.register_forward_hook(leave)


def train(path: Path, *, devices: int, frames_a_batch: int, synchronized: bool = True, still_share: float = 0.5,
          optimizer: type = torch.optim.SGD, steps: int = STEPS, **options: object) -> dict:  # fmt: skip
    """Train the tiny network on a global batch of 16 frames; see `Recorder` for what is returned."""
    data = ColorDataModule(size=32, frames=4, frames_a_batch=frames_a_batch, global_batch=16, batches_an_epoch=steps,
                           still_share=still_share, validation_batches=3, workers=0)  # fmt: skip
    defaults = {"hint_full": 0.0, "hint_sparse": 0.0, "lr": 1e-3, "warmup_steps": 0}
    module = ColorizationModule(
        tiny_network(), optimizer=functools.partial(optimizer), **{**OPTIONS, **defaults, **options}
    )
    module.train()
    compute_in_float64(module.net.double())
    trainer = pl.Trainer(accelerator="cpu", devices=devices, max_epochs=1, logger=False, enable_checkpointing=False,
                         strategy="ddp_fork" if devices > 1 else "auto", use_distributed_sampler=False,
                         plugins=[SynchronizedStatistics()] if synchronized and devices > 1 else None,
                         enable_progress_bar=False, enable_model_summary=False, callbacks=[Recorder(path)],
                         num_sanity_val_steps=0)  # fmt: skip
    trainer.accumulate_grad_batches = data.batches_a_step(trainer.world_size)
    trainer.fit(module, datamodule=data)
    return torch.load(path, weights_only=True)


def assert_same_gradients(one: dict, two: dict) -> None:
    assert len(one["gradients"]) == len(two["gradients"]) == one["steps"] == two["steps"]
    for mine, theirs in zip(one["gradients"], two["gradients"], strict=True):
        assert max(float(gradient.abs().max()) for gradient in mine) > 0.1
        for a, b in zip(mine, theirs, strict=True):
            assert float((a - b).abs().max()) <= 1e-5


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return train(tmp_path_factory.mktemp("one") / "seen.pt", devices=1, frames_a_batch=16)


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return train(tmp_path_factory.mktemp("two") / "seen.pt", devices=2, frames_a_batch=8)


def test_two_processes_have_the_gradients_of_one_with_the_same_global_batch(alone: dict, together: dict) -> None:
    assert together["norms"] == ["SummedNorm"] and alone["norms"] == ["BatchNorm2d"]
    assert_same_gradients(alone, together)
    assert together["losses"] == pytest.approx(alone["losses"], rel=1e-6)


def test_the_statistics_of_two_processes_are_those_of_the_whole_batch(alone: dict, together: dict) -> None:
    assert alone["state"].keys() == together["state"].keys()
    for name, value in alone["state"].items():
        torch.testing.assert_close(together["state"][name], value, rtol=1e-6, atol=1e-6)


def test_a_validation_divided_among_two_says_what_one_says(alone: dict, together: dict) -> None:
    assert {"val/mse", "val/mae", "val/psnr", "val/auc"} <= alone["scores"].keys()
    for name in ("val/mse", "val/mae", "val/mse_grey", "val/psnr", "val/auc", "val/colourfulness_true"):
        assert together["scores"][name] == pytest.approx(alone["scores"][name], rel=1e-6)


def test_without_synchronized_statistics_the_gradients_differ(alone: dict, tmp_path: Path) -> None:
    apart = train(tmp_path / "seen.pt", devices=2, frames_a_batch=8, synchronized=False, steps=1)
    with pytest.raises(AssertionError):
        assert_same_gradients({**alone, "gradients": alone["gradients"][:1], "steps": 1}, apart)


def test_accumulated_batches_are_the_parts_of_two_processes(tmp_path: Path) -> None:
    """With hints, which every part draws for itself, and with statistics of each part."""
    options = {"frames_a_batch": 8, "hint_full": 0.3, "hint_sparse": 0.5, "still_share": 1.0, "synchronized": False}
    accumulated = train(tmp_path / "one.pt", devices=1, **options)
    assert_same_gradients(accumulated, train(tmp_path / "two.pt", devices=2, **options))
    assert len(accumulated["losses"]) == 2 * STEPS


@pytest.mark.slow
def test_the_loss_goes_the_same_way(tmp_path: Path) -> None:
    """With Adam, hints drawn by each process for itself, and some more steps: alike, not equal."""
    options = {"optimizer": torch.optim.AdamW, "hint_full": 0.2, "hint_sparse": 0.2, "lr": 3e-3, "steps": 20}
    one = train(tmp_path / "one.pt", devices=1, frames_a_batch=16, **options)
    two = train(tmp_path / "two.pt", devices=2, frames_a_batch=8, **options)
    assert sum(one["losses"][-4:]) < 0.95 * sum(one["losses"][:4])
    difference = [abs(a - b) / a for a, b in zip(one["losses"], two["losses"], strict=True)]
    assert sum(difference) / len(difference) < 0.05
    assert two["scores"]["val/mse"] == pytest.approx(one["scores"]["val/mse"], rel=0.1)


@pytest.mark.parametrize(
    ("devices", "frames", "total", "batches"), [(1, 8, None, 1), (2, 8, None, 1), (2, 8, 64, 4), (3, 8, 24, 1)]
)
def test_how_many_batches_are_accumulated(devices: int, frames: int, total: int | None, batches: int) -> None:
    data = ColorDataModule(frames_a_batch=frames, global_batch=total)
    assert data.batches_a_step(devices) == batches


@pytest.mark.parametrize(("devices", "total"), [(3, 32), (1, 12), (8, 32)])
def test_a_global_batch_that_cannot_be_divided_is_refused(devices: int, total: int) -> None:
    data = ColorDataModule(frames_a_batch=8, global_batch=total)
    with pytest.raises(ValueError, match=f"data.global_batch={total} must be a multiple of {8 * devices}"):
        data.batches_a_step(devices)


def test_layers_are_given_back_as_they_were() -> None:
    net = tiny_network()
    for module in net.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SummedNorm
    clip = torch.rand(1, 2, 1, 32, 32) * 100
    summed = net(clip)[0].ab
    assert not any(type(module) is SummedNorm for module in SynchronizedStatistics().revert(net).modules())
    torch.testing.assert_close(net(clip)[0].ab, summed)
