"""The LightningModule: what one training step is."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from temporal_colorize.color.bins import encode_soft, load_prior, rebalancing_weights
from temporal_colorize.color.chroma import lightness_from_luma, luma_of_rgb
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.color.standards import Matrix
from temporal_colorize.data.hints import sample_hints
from temporal_colorize.data.training_clips import ClipBatch
from temporal_colorize.gradient_prior import gradient_weights
from temporal_colorize.losses import Distance, classification_loss, regression_loss, resized, temporal_loss
from temporal_colorize.models.contract import ColorOutput, decode
from temporal_colorize.options import require_number
from temporal_colorize.training.devices import mean_over_devices, part_of_step, step_of
from temporal_colorize.training.optim import parameter_groups, warmup_cosine
from temporal_colorize.training.scores import picture_scores

_BETWEEN_PARTS = 1 << 40  # of the seeds of a step's parts; those of steps are nearer to each other


class Degrade(Protocol):
    """What `data.degrade.Degradation` does: (B, T, 3, H, W) RGB in [0, 1] to (B, T, 1, H, W) luma in [0, 1]."""

    def __call__(self, rgb: Tensor, *, matrix: Matrix, generator: torch.Generator) -> Tensor: ...


class _Prepared(NamedTuple):
    luma: Tensor  # (B, T, 1, H, W), Y' in 0..1
    lightness: Tensor  # (B, T, 1, H, W), L* of the luma, as the network will see it in a file
    ab: Tensor  # (B, T, 2, H, W)


def _matrix(generator: torch.Generator) -> Matrix:
    return "bt601" if torch.rand((), generator=generator) < 0.5 else "bt709"  # both occur in recordings


def check_checkpoint(path: str, net: nn.Module) -> None:
    """Raise a ValueError that names the file unless it is a checkpoint of a training of this very network."""
    try:
        states = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    except OSError as error:
        raise ValueError(f"resume={path}: no such checkpoint ({error.strerror})") from error
    except Exception as error:  # whatever unpickling something else raises
        what = "is not a checkpoint of train.py; nothing that it carries is run"
        raise ValueError(f"resume={path} {what}") from error
    shapes = {name.removeprefix("net."): value.shape for name, value in states.items() if name.startswith("net.")}
    if shapes != {name: value.shape for name, value in net.state_dict().items()}:
        raise ValueError(f"resume={path} is of another network: give the options of the run that it is from")


class ColorizationModule(pl.LightningModule):
    """Trains any network under the contract of `models.contract`.

    Args:
        net: The network.
        optimizer: Makes an optimiser from parameter groups.
        lr: Learning rate of all but the encoder.
        encoder_lr_scale: The learning rate of the encoder's last block as a share of `lr`, and
        encoder_lr_decay: what each block before it has of the next one's.
        weight_decay: The optimiser's, for matrices and kernels only, and
        encoder_weight_decay: for those of the encoder, if another.
        warmup_steps: Optimiser steps until the learning rate is reached.
        last_lr_scale: What a cosine leaves of the learning rate in the end; 1 keeps it constant.
        regression: Weight of the loss on ab.
        distance: Its kind, and
        beta: where smooth L1 begins to be linear, in ab units; see `losses.regression_loss`.
        classification: Weight of the rebalanced cross-entropy; of no meaning for a network without logits.
        temporal: Weight of the loss on frames warped by known motion.
        prior: CSV file of the bins' prior, from `python -m data_prep.prior`; None for the one that ships.
        uniform: Share of the uniform distribution in the prior (Zhang et al.'s lambda); 1 turns rebalancing off.
        gradient_prior: Whether pixels of rare gradients weigh more in the classification, see `gradient_prior`.
        hint_full: Share of clips whose first frame is hinted as a whole; none of the stills, which are all first frame.
        hint_sparse: Share of clips and stills whose first frame has a few hinted squares.
        hint_points: How many such squares at most.
        seed: Decides the hints and the degradation, together with the step's number.
        degrade: Makes the luma that the network sees from the clean colours; None shows the clean luma.

    Raises:
        ValueError: If a share is outside 0..1, or there is no loss on colours or no parameter to train.
    """

    def __init__(
        self,
        net: nn.Module,
        *,
        optimizer: Callable[[list[dict]], Optimizer],
        lr: float,
        encoder_lr_scale: float,
        encoder_lr_decay: float,
        weight_decay: float,
        encoder_weight_decay: float | None = None,
        warmup_steps: int,
        last_lr_scale: float = 0.01,
        regression: float,
        distance: Distance = "smooth_l1",
        beta: float = 10.0,
        classification: float,
        temporal: float,
        prior: str | None,
        uniform: float,
        gradient_prior: bool = False,
        hint_full: float,
        hint_sparse: float,
        hint_points: int,
        seed: int,
        degrade: Degrade | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["net", "optimizer", "degrade"])
        if not any(parameter.requires_grad for parameter in net.parameters()):
            raise ValueError(f"model {net.architecture} has nothing to train (model=zhang reads what model=caffe runs)")
        if regression == 0 and (classification == 0 or not net.has_bins):
            raise ValueError(
                "nothing would be learnt: set loss.regression, or loss.classification of a network with bins"
            )
        shares = {
            "hint_full": hint_full,
            "hint_sparse": hint_sparse,
            "hint_full + hint_sparse": hint_full + hint_sparse,
        }
        for name, share in shares.items():
            require_number(f"loss.{name}", share, least=0, most=1)
        require_number("loss.hint_points", hint_points, least=1)
        self.net = net.to(memory_format=torch.channels_last)
        self.make_optimizer = optimizer
        self.degrade = degrade
        weights = rebalancing_weights(load_prior(prior), uniform=uniform)
        self.register_buffer("log_weights", weights.log())

    def training_step(self, batch: ClipBatch, batch_index: int) -> Tensor:
        """Compute the loss of one batch; all that is random depends on the seed and the step alone."""
        seed = self.hparams.seed * 1_000_003 + self.global_step
        own = seed + part_of_step(self, batch_index) * _BETWEEN_PARTS
        torch.manual_seed(own)  # for layers that draw, such as dropout
        generator = torch.Generator().manual_seed(seed)
        matrix = _matrix(generator)  # of all parts of a step; the rest is each part's own
        if own != seed:
            generator.manual_seed(own)
        prepared = self._prepare(batch, matrix, generator, self.degrade)
        hints = self._hints(prepared, generator)
        output, _ = self.net(prepared.lightness, hints)
        target = resized(prepared.ab, output.ab.shape[-2:])
        losses = self._losses(output, target, prepared, batch, seen=mean_over_devices(batch.visible.sum()))
        loss = sum(getattr(self.hparams, name) * value for name, value in losses.items())
        with torch.no_grad():
            error = self.decode(output) - target
        self.log_dict({"train/mse": error.square().mean(), "train/mae": error.abs().mean()}, sync_dist=True)
        self.log_dict({f"train/{name}": value for name, value in losses.items()}, sync_dist=True)
        self.log("train/loss", loss, prog_bar=True, sync_dist=True)
        return loss

    def validation_step(self, batch: ClipBatch, batch_index: int) -> dict[str, Tensor]:
        """Measure the honest colours (vividness 0, mean of the posterior) of clean luma without hints, in ab units.

        Returns:
            luma, ab and target of all frames, and where there are bins their logits, for whoever shows them.
        """
        generator = torch.Generator().manual_seed(step_of(self, batch_index))
        prepared = self._prepare(batch, _matrix(generator), generator, None)
        output, _ = self.net(prepared.lightness)
        target = resized(prepared.ab, output.ab.shape[-2:])
        losses = self._losses(output, target, prepared, batch, seen=batch.visible.sum())
        ab = self.decode(output)
        error = ab - target
        scores = {
            "val/mse": error.square().mean(),
            "val/mae": error.abs().mean(),
            "val/mse_grey": target.square().mean(),
            "val/mae_grey": target.abs().mean(),
            "val/mse_regression": (output.ab - target).square().mean(),
            "val/loss": sum(getattr(self.hparams, name) * value for name, value in losses.items()),
            **{f"val/{name}": value for name, value in losses.items()},
            **{f"val/{name}": value for name, value in picture_scores(prepared.luma, ab, target).items()},
        }
        frames = batch.rgb.shape[0] * batch.rgb.shape[1]
        self.log_dict(scores, prog_bar=False, batch_size=frames, sync_dist=True)
        logits = {} if output.logits is None else {"logits": output.logits}
        return {"luma": prepared.luma, "ab": ab, "target": target, **logits}

    def decode(self, output: ColorOutput) -> Tensor:
        """Give the honest colours: the posterior's mean, or the regression's where there are no logits."""
        return decode(output, self.log_weights, vividness=0.0, temperature=1.0)

    def configure_optimizers(self) -> dict:
        """Build the optimiser over `parameter_groups` and its warm-up and cosine, stepped every step."""
        options = self.hparams
        groups = parameter_groups(
            self.net,
            lr=options.lr,
            encoder_lr_scale=options.encoder_lr_scale,
            encoder_lr_decay=options.encoder_lr_decay,
            weight_decay=options.weight_decay,
            encoder_weight_decay=options.encoder_weight_decay,
        )
        optimizer = self.make_optimizer(groups)
        steps = self.trainer.estimated_stepping_batches
        if steps == float("inf"):
            raise ValueError("set trainer.max_epochs or trainer.max_steps: the learning rate must know when to end")
        steps = int(steps)
        scheduler = warmup_cosine(
            optimizer,
            total_steps=steps,
            warmup_steps=min(options.warmup_steps, steps // 5),
            last_scale=options.last_lr_scale,
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    @staticmethod
    def _prepare(batch: ClipBatch, matrix: Matrix, generator: torch.Generator, degrade: Degrade | None) -> _Prepared:
        with torch.autocast(batch.rgb.device.type, enabled=False):
            rgb = batch.rgb.float() / 255
            luma = degrade(rgb, matrix=matrix, generator=generator) if degrade else luma_of_rgb(rgb, matrix)
            return _Prepared(luma, lightness_from_luma(luma), rgb_to_lab(rgb)[:, :, 1:])

    def _hints(self, prepared: _Prepared, generator: torch.Generator) -> Tensor | None:
        return sample_hints(
            prepared.ab,
            full=self.hparams.hint_full if prepared.ab.shape[1] > 1 else 0.0,
            sparse=self.hparams.hint_sparse,
            most_points=self.hparams.hint_points,
            generator=generator,
        )

    def _losses(
        self, output: ColorOutput, target: Tensor, prepared: _Prepared, batch: ClipBatch, *, seen: Tensor
    ) -> dict[str, Tensor]:
        motion = batch.flow, batch.visible, seen
        regression = regression_loss(output.ab, target, distance=self.hparams.distance, beta=self.hparams.beta)
        losses = {"regression": regression}
        if output.logits is not None:
            losses["classification"] = self._classification(output.logits, target, prepared.lightness)
        if self.hparams.temporal:
            losses["temporal"] = temporal_loss(output.ab, *motion)
            if output.logits is not None and bool(seen):
                losses["temporal"] = losses["temporal"] + temporal_loss(self.decode(output), *motion)
        return losses

    def _classification(self, logits: Tensor, target: Tensor, lightness: Tensor) -> Tensor:
        index, share = encode_soft(target.flatten(0, 1))
        pixel_weights = None
        if self.hparams.gradient_prior:
            pixel_weights = gradient_weights(resized(lightness, target.shape[-2:])).flatten(0, 2)
        return classification_loss(logits.flatten(0, 1), index, share, self.log_weights.exp(), pixel_weights)
