"""Fine-tuning a public caffemodel on a domain, the use that the Caffe colouriser's paper names next, on a made-up one.

Both domains have the same scenes, stripes lying and standing: in one they are red and blue, in the other green and
yellow.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from temporal_colorize.color.bins import encode_soft
from temporal_colorize.color.chroma import lightness_from_luma, luma_of_rgb
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.inference.weights import load_weights
from temporal_colorize.losses import classification_loss
from temporal_colorize.models.zhang import ZhangNet
from tests.support.caffe import CONVOLUTIONS, caffemodel
from tests.support.program import run

RED, BLUE, GREEN, YELLOW = (190, 70, 60), (60, 80, 180), (60, 150, 70), (200, 190, 60)
SIZE, WIDTH = 64, 8


def scenes(lying: tuple[int, ...], standing: tuple[int, ...], *, count: int, seed: int) -> np.ndarray:
    """Draw half-and-half pictures, (count, SIZE, SIZE, 3) uint8 RGB: one colour's stripes lie, the other's stand."""
    rng = np.random.default_rng(seed)
    pictures = np.empty((count, SIZE, SIZE, 3), np.uint8)
    for picture in pictures:
        wave = 0.75 + 0.25 * np.sin(np.arange(SIZE) * rng.uniform(0.6, 1.2) + rng.uniform(0, 6))
        left = np.arange(SIZE)[None, :, None] < rng.integers(20, 44)
        side = left if rng.random() < 0.5 else ~left
        picture[:] = np.where(side, wave[:, None, None] * np.array(lying), wave[None, :, None] * np.array(standing))
    return pictures


def seen_and_true(pictures: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """L* as a network sees it, (N, 1, 1, H, W), and ab at 1/4, (N, 2, H / 4, W / 4)."""
    rgb = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    ab = torch.nn.functional.avg_pool2d(rgb_to_lab(rgb)[:, 1:], 4)
    return lightness_from_luma(luma_of_rgb(rgb, "bt601"))[:, None], ab


@torch.no_grad()
def error(net: nn.Module, pictures: np.ndarray) -> float:
    lightness, ab = seen_and_true(pictures)
    return float((net.eval()(lightness)[0].ab[:, 0] - ab).square().mean())


def public_network(folder: Path) -> Path:
    """Train on the first domain, batch normalisation without scale and shift as Caffe's is, and write a caffemodel."""
    torch.manual_seed(0)
    net = ZhangNet(width=WIDTH)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.requires_grad_(False)
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], 3e-3)
    for step in range(60):
        lightness, ab = seen_and_true(scenes(RED, BLUE, count=8, seed=step))
        loss = classification_loss(net.train()(lightness)[0].logits[:, 0], *encode_soft(ab), torch.ones(313))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    path = folder / "first.caffemodel"
    path.write_bytes(caffemodel(blobs_of(net)))
    return path


def blobs_of(net: ZhangNet) -> dict[str, list[np.ndarray]]:
    """Undo what `ZhangNet.load_caffe` does."""
    convolutions = [module for module in net.modules() if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)]
    norms = iter(module for module in net.modules() if isinstance(module, nn.BatchNorm2d))
    blobs = {}
    for (name, *_, norm), convolution in zip([*CONVOLUTIONS, ("conv8_313", "")], convolutions, strict=True):
        weight = convolution.weight.detach().numpy() / (100 if name == "bw_conv1_1" else 1)
        blobs[name] = [weight, convolution.bias.detach().numpy()]
        if norm:
            statistics = next(norms)
            one = np.ones(1, np.float32)
            blobs[norm] = [statistics.running_mean.numpy(), statistics.running_var.numpy(), one]
    return blobs


def trained_on_the_second(folder: Path, *options: str) -> nn.Module:
    output = folder / "run"
    result = run("train.py", "model=zhang", f"model.width={WIDTH}", "loss=classification", "loss.uniform=1",
                 "optimizer=adam", "optimizer.lr=2e-3", f"data.root={folder / 'second'}", f"data.size={SIZE}",
                 "data.still_share=1", "data.frames_a_batch=8", "data.batches_an_epoch=50",
                 "data.validation_batches=1", "data.workers=0",
                 "data.held_out_percent=10", "callbacks.average=null", "trainer.max_epochs=1", "logger=csv",
                 "trainer.enable_progress_bar=false", f"hydra.run.dir={output}", *options)  # fmt: skip
    assert result.returncode == 0, result.stderr
    return load_weights(str(output / "weights.safetensors"), architecture="zhang").net


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("domains")
    (folder / "second" / "images").mkdir(parents=True)
    for number, picture in enumerate(scenes(GREEN, YELLOW, count=40, seed=1000)):
        cv2.imwrite(str(folder / "second" / "images" / f"{number}.png"), picture[..., ::-1])
    return folder


def test_fine_tuning_public_weights_on_a_domain_gains(folder: Path) -> None:
    public = public_network(folder)
    held_out = scenes(GREEN, YELLOW, count=16, seed=2000)
    assert error(load_weights(str(public)).net, scenes(RED, BLUE, count=16, seed=3000)) < 400  # it knows its own
    before = error(load_weights(str(public)).net, held_out)
    after = error(trained_on_the_second(folder, f"weights={public}"), held_out)
    print(f"ab MSE on the new domain: {before:.0f} before, {after:.0f} after")
    assert after < 0.2 * before
