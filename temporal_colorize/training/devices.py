"""What training on several devices needs beside Lightning's DDP: statistics and sums over all of them."""

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins import LayerSync
from torch import Tensor, distributed, nn


class SynchronizedStatistics(LayerSync):
    """Batch normalisation with the statistics of the whole batch of all devices: PyTorch's own on GPUs, ours on CPUs.

    For `trainer.plugins`, in place of `trainer.sync_batchnorm`, whose layers run on GPUs alone. Names of weights stay.
    """

    def apply(self, model: pl.LightningModule) -> pl.LightningModule:
        on_cpu = model.trainer.strategy.root_device.type == "cpu"
        for module in model.modules():
            if type(module) is nn.BatchNorm2d:
                module.__class__, module.process_group = SummedNorm if on_cpu else nn.SyncBatchNorm, None  # the world
        return model

    def revert(self, model: pl.LightningModule) -> pl.LightningModule:
        for module in model.modules():
            if type(module) in (SummedNorm, nn.SyncBatchNorm):
                module.__class__ = nn.BatchNorm2d
        return model


class SummedNorm(nn.BatchNorm2d):
    """What `nn.SyncBatchNorm` is on GPUs by sums over all devices, each of which has a batch of the same shape."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or world_size() == 1:
            return super().forward(x)
        self.num_batches_tracked += 1
        y = x.float()  # sums want it, autocast or not
        count = world_size() * y.numel() / y.shape[1]
        mean = _Sum.apply(y.sum((0, 2, 3))) / count
        centred = y - mean[:, None, None]
        variance = _Sum.apply(centred.square().sum((0, 2, 3))) / count
        self._remember(mean, variance * count / (count - 1))
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        share = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean.detach(), share)
        self.running_var.lerp_(variance.detach(), share)


class _Sum(torch.autograd.Function):
    """The sum of a tensor over all devices, whose gradient is the sum of the gradients."""

    @staticmethod
    def forward(context: object, value: Tensor) -> Tensor:
        return _summed(value)

    @staticmethod
    def backward(context: object, gradient: Tensor) -> Tensor:
        return _summed(gradient)


def _summed(value: Tensor) -> Tensor:
    total = value.detach().clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(total)
    return total


def world_size() -> int:
    """Say how many devices train together."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def mean_over_devices(value: Tensor) -> Tensor:
    """Average a tensor that has no gradient over all devices; each must call this as often as the others."""
    return value if world_size() == 1 else _summed(value) / world_size()


def part_of_step(module: pl.LightningModule, batch_index: int) -> int:
    """Number the parts of a step's batch: those of a device, accumulated, one after the other; 0 outside a trainer."""
    try:
        trainer = module.trainer
    except RuntimeError:
        return 0
    count = trainer.accumulate_grad_batches
    return trainer.global_rank * count + batch_index % count


def step_of(module: pl.LightningModule, batch_index: int) -> int:
    """Number the whole batch that a device's batch is part of, within an epoch or a validation."""
    try:
        return batch_index // module.trainer.accumulate_grad_batches
    except RuntimeError:
        return batch_index
