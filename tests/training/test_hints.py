"""A fully hinted frame is given back, and a static scene keeps its colours: learnt, in a short training."""

import functools

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.color.bins import bin_centres, decode_annealed_mean, load_prior
from temporal_colorize.color.chroma import lightness_from_luma, luma_of_rgb
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.data.training_clips import ClipBatch
from temporal_colorize.models.convlstm import ConvLSTMUNet
from temporal_colorize.training.module import ColorizationModule
from tests.training.test_module import OPTIONS

FRAMES, STEPS = 11, 220


def static_scenes(count: int, frames: int, generator: torch.Generator) -> ClipBatch:
    """Draw clips of coloured patches, 16 pixels wide, that stand still."""
    rgb = (255 * F.interpolate(torch.rand(count, 3, 4, 4, generator=generator), (64, 64))).byte()
    flow = torch.zeros(count, frames - 1, 2, 16, 16)
    return ClipBatch(rgb[:, None].expand(-1, frames, -1, -1, -1), flow, flow[:, :, :1])


def module(**options: object) -> ColorizationModule:
    torch.manual_seed(0)
    net = ConvLSTMUNet(encoder="residual", encoder_width=8, widths=(32, 32, 32), memory=(16, 16))
    defaults = {**OPTIONS, "uniform": 1.0, "hint_full": 1.0, "hint_sparse": 0.0}
    model = ColorizationModule(net, optimizer=functools.partial(torch.optim.AdamW), **{**defaults, **options})
    model.log = model.log_dict = lambda *_, **__: None
    return model


@pytest.fixture(scope="module")
def trained() -> ColorizationModule:
    model = module().train()
    generator = torch.Generator().manual_seed(1)
    optimizer = torch.optim.AdamW(model.net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=STEPS)
    for step in range(STEPS):
        loss = model.training_step(static_scenes(4, 5 if step < 0.8 * STEPS else FRAMES, generator), 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model.eval()


def scene_and_hints() -> tuple[Tensor, Tensor, Tensor]:
    rgb = static_scenes(8, FRAMES, torch.Generator().manual_seed(99)).rgb.flatten(0, 1).float() / 255
    ab = rgb_to_lab(rgb)[:, 1:]
    lightness = lightness_from_luma(luma_of_rgb(rgb, "bt601")).unflatten(0, (8, FRAMES))
    target = F.avg_pool2d(ab, 4).unflatten(0, (8, FRAMES))
    hints = torch.zeros(8, FRAMES, 3, 64, 64)
    hints[:, 0] = torch.cat([ab.unflatten(0, (8, FRAMES))[:, 0], torch.ones(8, 1, 64, 64)], 1)
    return lightness, target, hints


@torch.no_grad()
def test_hinted_colours_are_given_back_and_kept(trained: ColorizationModule) -> None:
    lightness, target, hints = scene_and_hints()
    output, _ = trained.net(lightness, hints)
    annealed = decode_annealed_mean(output.logits, trained.log_weights)
    for name, ab, bound in (("regression", output.ab, 10), ("bins", annealed, 15)):
        error = (ab - target).norm(dim=2).mean((0, 2, 3))
        assert error[0] < bound, f"{name}: not given back"  # ab units; without hints the error is above 25
        assert error[10] < bound, f"{name}: not kept for ten frames"
    unhinted, _ = trained.net(lightness)
    assert (unhinted.ab - target).norm(dim=2).mean() > 25  # nothing else could have told the colours


def test_training_shows_the_hints_that_its_options_ask_for() -> None:
    batch = static_scenes(4, 3, torch.Generator().manual_seed(0))
    for options, coverage in (({"hint_full": 1.0}, 1.0), ({"hint_full": 0.0}, None)):
        model, seen = module(**options), []
        model.net.register_forward_pre_hook(lambda _, arguments, seen=seen: seen.append(arguments[1]))
        model.training_step(batch, 0)
        assert (seen[0] is None) == (coverage is None)
        if coverage:
            assert seen[0][:, 0, 2].mean() == coverage and not seen[0][:, 1:].any()


def test_rebalancing_reaches_the_gradient_of_training() -> None:
    """Through the module's own loss: a rare colour's logits get a larger gradient than a common colour's."""
    common, rare = bin_centres()[int(load_prior().argmax())], bin_centres()[int(load_prior().argmin())]

    def gradient(colour: Tensor, uniform: float) -> float:
        logits = torch.zeros(1, 1, 313, 4, 4, requires_grad=True)
        target = colour.reshape(1, 1, 2, 1, 1).expand(-1, -1, -1, 4, 4)
        module(uniform=uniform)._classification(logits, target, torch.zeros(1, 1, 1, 4, 4)).backward()
        return float(logits.grad.norm())

    assert gradient(rare, 0.5) > 5 * gradient(common, 0.5)
    assert gradient(rare, 1.0) < 2 * gradient(common, 1.0)
