"""A fully hinted frame is given back, and a static scene keeps its colours: learnt, in a short training."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.color.bins import BIN_COUNT, decode_annealed_mean, encode_soft
from temporal_colorize.losses import classification_loss, regression_loss
from temporal_colorize.models.convlstm import ConvLSTMUNet

FRAMES, STEPS = 11, 180


def static_scenes(count: int, frames: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Draw patches of colours that the lightness says nothing about; the first frame is hinted as a whole."""
    ab = F.interpolate(140 * (torch.rand(count, 2, 4, 4, generator=generator) - 0.5), (64, 64))
    lightness = F.interpolate(100 * torch.rand(count, 1, 8, 8, generator=generator), (64, 64), mode="bilinear")
    hints = torch.zeros(count, frames, 3, 64, 64)
    hints[:, 0] = torch.cat([ab, torch.ones(count, 1, 64, 64)], 1)
    target = F.avg_pool2d(ab, 4)[:, None].expand(-1, frames, -1, -1, -1)
    return lightness[:, None].expand(-1, frames, -1, -1, -1), target, hints


@pytest.fixture(scope="module")
def trained() -> ConvLSTMUNet:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    net = ConvLSTMUNet(encoder="residual", encoder_width=8, widths=(32, 32, 32), memory=(16, 16)).train()
    optimizer = torch.optim.AdamW(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=STEPS)
    for step in range(STEPS):
        lightness, target, hints = static_scenes(4, 6 if step < 0.8 * STEPS else FRAMES, generator)
        output, _ = net(lightness, hints)
        index, share = encode_soft(target.flatten(0, 1))
        loss = regression_loss(output.ab, target)
        loss = loss + classification_loss(output.logits.flatten(0, 1), index, share, torch.ones(BIN_COUNT))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return net.eval()


@torch.no_grad()
def test_hinted_colours_are_given_back_and_kept(trained: ConvLSTMUNet) -> None:
    lightness, target, hints = static_scenes(8, FRAMES, torch.Generator().manual_seed(99))
    output, _ = trained(lightness, hints)
    grey = target.norm(dim=2).mean()
    decoded = decode_annealed_mean(output.logits, torch.zeros(BIN_COUNT))
    for ab in (output.ab, decoded):
        error = (ab - target).norm(dim=2).mean((0, 2, 3))
        assert error[0] < 0.4 * grey  # given back
        assert error[10] < 0.4 * grey  # and kept, ten frames later
    unhinted, _ = trained(lightness)
    assert (unhinted.ab - target).norm(dim=2).mean() > 0.8 * grey  # nothing else could have told the colours
