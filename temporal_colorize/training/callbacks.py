"""What happens beside training: a picture grid to look at, and weights that infer.py takes."""

from pathlib import Path

import cv2
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.color.chroma import ab_to_chroma, chroma_to_rgb
from temporal_colorize.data.datamodule import ClipBatch
from temporal_colorize.inference.weights import save_weights
from temporal_colorize.training.module import ColorizationModule


def render(luma: Tensor, ab: Tensor) -> Tensor:
    """Render luma, (N, 1, H, W) in [0, 1], and ab, (N, 2, h, w), to RGB, (N, 3, H, W) in [0, 1], at constant luma."""
    ab = F.interpolate(ab, luma.shape[-2:], mode="bilinear")
    return chroma_to_rgb(luma, ab_to_chroma(luma, ab, "bt601"), "bt601")


class PictureGrid(pl.Callback):
    """Shows grey | predicted | truth after every validation: in TensorBoard, and as `latest.png`.

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
        if len(self._shown) >= self.rows:
            return
        last = {name: value[:, -1].float().cpu() for name, value in outputs.items()}
        grey = torch.zeros_like(last["ab"])
        columns = [render(last["luma"], ab) for ab in (grey, last["ab"], last["target"])]
        self._shown.extend(torch.cat(columns, dim=-1))

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: ColorizationModule) -> None:
        pictures, self._shown = self._shown[: self.rows], []
        if not pictures or not trainer.is_global_zero:
            return
        if len(pictures) % 2:
            pictures.append(torch.zeros_like(pictures[0]))
        grid = torch.cat([torch.cat(pictures[::2], dim=-2), torch.cat(pictures[1::2], dim=-2)], dim=-1)
        picture = (grid.permute(1, 2, 0) * 255).round().byte().numpy()
        self.folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(self.folder / "latest.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        for logger in trainer.loggers:
            if isinstance(logger, pl.loggers.TensorBoardLogger):
                logger.experiment.add_image("grey, predicted, truth", grid, trainer.global_step)


class ExportWeights(pl.Callback):
    """Writes the best checkpoint's network as safetensors when training ends.

    Args:
        path: The file, for `infer.py weights=...`.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)

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
        save_weights(self.path, pl_module.net, pl_module.log_weights, notes=notes)
