from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader

from temporal_colorize.training.callbacks import ExponentialAverage


class Counter(pl.LightningModule):
    """Its one weight is 1 after the first step, 2 after the second, and so on."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))
        self.seen = 0.0

    def training_step(self, batch: torch.Tensor, number: int) -> torch.Tensor:
        self.steps += 1
        return -self.weight.sum()

    def validation_step(self, batch: torch.Tensor, number: int) -> None:
        self.seen = self.weight.item()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1.0)


def fitted(folder: Path, steps: int, decay: float) -> Counter:
    module = Counter()
    loader = DataLoader(torch.zeros(steps, 1))
    checkpoint = pl.callbacks.ModelCheckpoint(dirpath=folder, filename="last")
    trainer = pl.Trainer(
        default_root_dir=folder,
        max_steps=steps,
        callbacks=[ExponentialAverage(decay), checkpoint],
        logger=False,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, loader, DataLoader(torch.zeros(1, 1)))
    return module


def by_hand(steps: int, decay: float) -> float:
    average = 1.0  # after the first step
    for n in range(1, steps):
        keep = min(decay, (1 + n) / (10 + n))
        average = keep * average + (1 - keep) * (n + 1)
    return average


@pytest.mark.parametrize(("steps", "decay"), [(12, 0.9), (12, 0.3), (1, 0.9)])
def test_the_average_is_validated_and_kept(tmp_path: Path, steps: int, decay: float) -> None:
    module = fitted(tmp_path, steps, decay)
    assert module.weight.item() == pytest.approx(by_hand(steps, decay))
    assert module.seen == pytest.approx(by_hand(steps, decay))
    assert module.steps == steps  # a counter is not averaged
    kept = torch.load(tmp_path / "last.ckpt", weights_only=True)["state_dict"]
    assert kept["weight"].item() == pytest.approx(by_hand(steps, decay))


def test_a_decay_above_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"callbacks\.average\.decay"):
        ExponentialAverage(1.5)
