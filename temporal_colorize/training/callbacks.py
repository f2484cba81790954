"""What happens beside training: a picture grid to look at, and weights that infer.py takes."""

import time
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.data.training_clips import ClipBatch
from temporal_colorize.inference.certainty import UNCALIBRATED
from temporal_colorize.inference.confidence_map import ConfidenceMap
from temporal_colorize.inference.planes import render
from temporal_colorize.inference.session import SessionOptions
from temporal_colorize.inference.weights import USUAL_SIZE, load_weights, save_weights
from temporal_colorize.options import require_number
from temporal_colorize.training.module import ColorizationModule
from temporal_colorize.training.tuning import tune_decoding


class PictureGrid(pl.Callback):
    """Shows grey | predicted | truth | confidence of the same frames after every validation: as `latest.png`, and in
    TensorBoard and W&B where they are on. Without bins there is no confidence; with, nobody has calibrated it yet.

    Args:
        folder: Where the picture goes.
        rows: How many frames it shows, from the first validation batch and on.
    """

    def __init__(self, folder: str, *, rows: int = 8) -> None:
        self.folder, self.rows = Path(folder), rows
        self._shown: list[Tensor] = []

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: ColorizationModule,
        outputs: dict[str, Tensor],
        batch: ClipBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if len(self._shown) >= self.rows or not trainer.is_global_zero:
            return
        missing = self.rows - len(self._shown)
        last = {name: value[:missing, -1].float().cpu() for name, value in outputs.items()}
        grey = torch.zeros_like(last["ab"])
        size = last["luma"].shape[-2:]
        abs_ = (F.interpolate(ab, size, mode="bilinear") for ab in (grey, last["ab"], last["target"]))
        columns = [render(last["luma"], ab) for ab in abs_]
        if "logits" in last:
            columns.append(_maps(last["logits"], last["ab"], pl_module.log_weights.cpu(), size))
        self._shown.extend(torch.cat(columns, dim=-1))

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: ColorizationModule) -> None:
        pictures, self._shown = self._shown, []
        if not pictures:
            return
        if len(pictures) % 2:
            pictures.append(torch.zeros_like(pictures[0]))
        grid = torch.cat([torch.cat(pictures[::2], dim=-2), torch.cat(pictures[1::2], dim=-2)], dim=-1)
        picture = (grid.permute(1, 2, 0) * 255).round().byte().numpy()
        self.folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(self.folder / "latest.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        title = "grey, predicted, truth" + ", confidence" * pl_module.net.has_bins
        for logger in trainer.loggers:
            if isinstance(logger, pl.loggers.TensorBoardLogger):
                logger.experiment.add_image(title, picture, trainer.global_step, dataformats="HWC")
            elif isinstance(logger, pl.loggers.WandbLogger):
                logger.log_image(title, [picture], trainer.global_step)


def _maps(logits: Tensor, ab: Tensor, log_weights: Tensor, size: tuple[int, int]) -> Tensor:
    """Draw how sure colours, (N, 2, h, w), are by logits, (N, 313, h, w): (N, 3, H, W) in 0..1."""
    draw = ConfidenceMap(size, "viridis", words="")
    pictures = []
    for one, colours in zip(logits, ab, strict=True):
        sure = UNCALIBRATED(one, log_weights, colours, temperature=1.0)
        pictures.append(torch.from_numpy(draw.picture(sure)[: size[0], :, ::-1].copy()).permute(2, 0, 1) / 255)
    return torch.stack(pictures)


class ExponentialAverage(WeightAveraging):
    """Averages weights and batch statistics over the steps; what is validated, kept and exported is the average.

    Args:
        decay: Of the average, a step; it starts lower, at (1 + n) / (10 + n) after n steps, so that a short run is not
            held back by where it started.
    """

    def __init__(self, decay: float) -> None:
        require_number("callbacks.average.decay", decay, least=0, most=1)

        def average(averaged: list[Tensor], current: list[Tensor], count: Tensor) -> None:
            if averaged[0].is_floating_point():
                keep = min(decay, (1 + float(count)) / (10 + float(count)))
                torch._foreach_lerp_(averaged, current, 1 - keep)
            else:
                torch._foreach_copy_(averaged, current)  # counters

        super().__init__(multi_avg_fn=average)

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        self._device = trainer.strategy.root_device  # the module itself is moved there only later
        super().setup(trainer, pl_module, stage)


class Throughput(pl.Callback):
    """Logs the pictures (frames of clips, and stills) trained on a second, validation and its like left out."""

    def __init__(self) -> None:
        self._pictures, self._seconds, self._since = 0, 0.0, 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: ColorizationModule) -> None:
        self._since = time.perf_counter()

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: ColorizationModule,
        outputs: Tensor,
        batch: ClipBatch,
        batch_idx: int,
    ) -> None:
        now = time.perf_counter()
        self._pictures += batch.rgb.shape[0] * batch.rgb.shape[1] * trainer.world_size
        self._seconds, self._since = self._seconds + now - self._since, now
        if trainer.global_step % trainer.log_every_n_steps == 0:
            pl_module.log("train/pictures_per_second", self._pictures / self._seconds)
            self._pictures, self._seconds = 0, 0.0


class ExportWeights(pl.Callback):
    """Writes the best checkpoint's network as safetensors when training ends, its decoding tuned on the tuning split.

    Args:
        path: The file, for `infer.py weights=...`.
        pictures: At most so many stills are used for the tuning, and
        clips: so many clips,
        frames: of which the first so many frames are coloured and the last is judged.
        inference: The options of `SessionOptions`; its size, if any, is kept in the weights as theirs.
        tuning: The options of `tuning.tune_decoding`.
    """

    def __init__(
        self,
        path: str,
        *,
        pictures: int,
        clips: int,
        frames: int,
        inference: dict[str, Any],
        tuning: dict[str, Any],
    ) -> None:
        self.path = Path(path)
        self.amount = {"pictures": pictures, "clips": clips, "frames": frames}
        self.inference, self.tuning = SessionOptions(**inference), tuning

    def on_fit_end(self, trainer: pl.Trainer, pl_module: ColorizationModule) -> None:
        if not trainer.is_global_zero:
            return
        watching = (callback for callback in trainer.checkpoint_callbacks if callback.monitor is not None)
        best = next((callback.best_model_path for callback in watching), "")
        if best:
            checkpoint = torch.load(best, map_location="cpu", weights_only=True)
            pl_module.load_state_dict(checkpoint["state_dict"])
        self.path.parent.mkdir(parents=True, exist_ok=True)
        notes = {"steps": str(trainer.global_step)}
        size = self.inference.size or USUAL_SIZE
        save = partial(save_weights, self.path, pl_module.net, pl_module.log_weights, size=size)
        save(notes=notes)  # whatever becomes of the tuning
        if pl_module.net.has_bins:
            scenes = trainer.datamodule.tuning.scenes(**self.amount)
            tuned = tune_decoding(load_weights(str(self.path)), scenes, options=self.inference, **self.tuning)
            notes |= {"tuning": tuned.notes}
            save(decoding=tuned.decoding, notes=notes)
