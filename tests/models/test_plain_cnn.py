import pytest
import torch

from temporal_colorize.models.plain_cnn import PlainCNN
from temporal_colorize.training.optim import parameter_groups

NARROW = {"widths": (4, 6, 8)}


@pytest.fixture
def clip() -> torch.Tensor:
    return 100 * torch.rand(2, 3, 1, 32, 48, generator=torch.Generator().manual_seed(1))


def test_parameters_by_hand() -> None:
    """Worked by hand: 9 * in * out + out for a 3x3 convolution."""
    down = [(1, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
    up = [(512, 256), (256, 128), (128, 64), (64, 32), (32, 2)]
    with torch.device("meta"):
        plain, dense = PlainCNN(), PlainCNN(dense=True)
    encoder = sum(9 * inputs * outputs + outputs for inputs, outputs in down)
    decoder = sum(9 * inputs * outputs + outputs for inputs, outputs in up)
    assert sum(p.numel() for p in plain.parameters()) == encoder + decoder == 6_252_002
    # 32 channels of 16x16 places to 1,024 units to two maps of 64x64
    layers = (512 + 1) * 32 + (32 * 16 * 16 + 1) * 1024 + (1024 + 1) * 2 * 64 * 64
    assert sum(p.numel() for p in dense.parameters()) == encoder + layers


@torch.no_grad()
def test_dense_layers_see_all_of_the_picture(clip: torch.Tensor) -> None:
    torch.manual_seed(0)
    square = clip[:1, :1, :, :, :32]
    other = square.clone()
    other[..., :4, :4] = 100 - other[..., :4, :4]
    convolutional = PlainCNN(widths=(4, 6))
    dense = PlainCNN(widths=(4, 6), dense=True, size=32, hidden=16)
    seen = [(net(square)[0].ab - net(other)[0].ab).abs()[..., -1, -1].max() for net in (convolutional, dense)]
    assert seen[0] == 0 and seen[1] > 1e-3
    assert dense(square)[0].ab.shape == (1, 1, 2, 8, 8)


def test_dense_layers_fix_the_size(clip: torch.Tensor) -> None:
    net = PlainCNN(**NARROW, dense=True, size=64, hidden=4)
    assert net.fixed_size == (64, 64) and PlainCNN(**NARROW).fixed_size is None
    with pytest.raises(ValueError, match=r"64 pixels square, got \(32, 48\)"):
        net(clip)


@torch.no_grad()
def test_the_start_keeps_the_signal_alive(clip: torch.Tensor) -> None:
    """Under He's start (2015) the mean square stays as it is from layer to layer; over eight it may drift."""
    torch.manual_seed(0)
    picture = clip.flatten(0, 1) / 100
    deep = PlainCNN(widths=(32, 32, 64, 64)).encoder(picture)
    assert 0.1 < deep.square().mean() / picture.square().mean() < 10


@pytest.mark.parametrize("dense", [False, True])
def test_everything_learns_and_the_encoder_at_its_own_rate(clip: torch.Tensor, dense: bool) -> None:
    torch.manual_seed(0)
    net = PlainCNN(**NARROW, dense=dense, size=32, hidden=16)
    net(clip[..., :32])[0].ab.square().mean().backward()
    assert all(p.grad.abs().max() > 0 for p in net.parameters())
    groups = parameter_groups(net, lr=1.0, encoder_lr_scale=0.5, encoder_lr_decay=0.1, weight_decay=0.0)
    assert sorted(group["lr"] for group in groups) == pytest.approx([0.005, 0.05, 0.5, 1.0])


@pytest.mark.parametrize("dense", [False, True])
def test_it_is_built_again_from_its_config(dense: bool) -> None:
    net = PlainCNN(**NARROW, dense=dense, size=16, hidden=4)
    assert not net.has_bins and net.stride == 8
    PlainCNN(**net.config).load_state_dict(net.state_dict())


@pytest.mark.parametrize(("options", "message"), [({"dense": True, "size": 100}, "size=100")])
def test_impossible_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PlainCNN(**options)
