"""What every network that a weights file may name keeps to, each as small as its options allow."""

from pathlib import Path

import pytest
import torch
from torch import nn

from temporal_colorize.color.bins import BIN_COUNT
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.weights import ARCHITECTURES, load_weights, save_weights
from temporal_colorize.models.contract import fresh_state

NARROW = (8, 8, 8, 8, 8)
SMALL = {
    "convlstm": {"encoder": "residual", "encoder_width": 8, "widths": (16, 16, 16), "memory": (8, 8), "blend": True},
    "cnn": {"widths": (8, 16, 16)},
    "unet": {"widths": NARROW, "dropout": 0.3},
    "surveillance": {"widths": NARROW, "up_width": 8},
    "zhang": {"width": 8},
    "siggraph17": {"width": 8, "mask_center": 0.5},
    "fusion": {"extractor": "efficientnet_lite0"},
    "cnn_lstm": {"widths": NARROW, "memory": 4},
}


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def net(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return ARCHITECTURES[request.param](**SMALL[request.param]).eval()


@pytest.fixture(scope="module")
def clip() -> torch.Tensor:
    return 100 * torch.rand(1, 3, 1, 64, 96, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_shapes_and_ranges(net: nn.Module, clip: torch.Tensor) -> None:
    output, _ = net(clip)
    assert output.ab.shape[:3] == (1, 3, 2) and output.ab.abs().max() <= 110.01
    assert (output.logits is not None) == net.has_bins
    if net.has_bins:
        assert output.logits.shape == (1, 3, BIN_COUNT, *output.ab.shape[-2:]) and output.logits.isfinite().all()


@torch.no_grad()
def test_frame_by_frame_equals_the_whole_clip(net: nn.Module, clip: torch.Tensor) -> None:
    whole, _ = net(clip)
    state, parts = None, []
    for frame in clip.split(1, dim=1):
        output, state = net(frame, None, state)
        parts.append(output.ab)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole.ab, atol=1e-2, rtol=1e-3)


@torch.no_grad()
def test_zeros_are_a_fresh_start_and_no_hints(net: nn.Module, clip: torch.Tensor) -> None:
    fresh = fresh_state(net, 1, 64, 96)
    without, after = net(clip)
    zeros, _ = net(clip, torch.zeros(1, 3, 3, 64, 96), fresh)
    assert all(torch.equal(a, b) for a, b in zip(zeros, without, strict=True) if a is not None)
    assert [plane.shape for plane in fresh] == [plane.shape for plane in after or ()]


@torch.no_grad()
@pytest.mark.parametrize("net", ["convlstm", "cnn_lstm"], indirect=True)
def test_one_stream_of_a_batch_starts_afresh_alone(net: nn.Module, clip: torch.Tensor) -> None:
    two = torch.cat([clip, clip.flip(-1)])
    _, state = net(two)
    reset = tuple(torch.cat([plane[:1], torch.zeros_like(plane[1:])]) for plane in state)
    output, _ = net(two[:, :1], None, reset)
    torch.testing.assert_close(output.ab[:1], net(two[:1, :1], None, tuple(part[:1] for part in state))[0].ab)
    torch.testing.assert_close(output.ab[1:], net(two[1:, :1])[0].ab)


@torch.no_grad()
@pytest.mark.parametrize("net", sorted(ARCHITECTURES.keys() - {"convlstm", "cnn_lstm"}), indirect=True)
def test_a_network_of_single_frames_gives_its_state_back_and_ignores_what_it_cannot_take(
    net: nn.Module, clip: torch.Tensor
) -> None:
    state, hints = (torch.ones(1),), torch.ones(1, 3, 3, 64, 96)
    output, after = net(clip, hints, state)
    assert after is state and net(clip)[1] is None
    assert torch.equal(output.ab, net(clip)[0].ab) == (net.architecture != "siggraph17")  # which takes hints


@torch.no_grad()
def test_a_weights_file_brings_it_back(net: nn.Module, clip: torch.Tensor, tmp_path: Path) -> None:
    save_weights(tmp_path / "a.safetensors", net, torch.zeros(BIN_COUNT), half=False)
    again = load_weights(str(tmp_path / "a.safetensors"), architecture=net.architecture)
    assert again.net.config == net.config
    assert torch.equal(again.net(clip)[0].ab, net(clip)[0].ab)
    color = Session(again, SessionOptions(size=64)).color(clip[0, 0])
    assert color.shape == net(clip)[0].ab.shape[2:] and color.isfinite().all()
