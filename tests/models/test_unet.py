import pytest
import torch

from temporal_colorize.models.unet import UNet
from temporal_colorize.training.optim import parameter_groups

NARROW = {"widths": (4, 6, 8)}


@pytest.fixture
def clip() -> torch.Tensor:
    return 100 * torch.rand(2, 3, 1, 32, 48, generator=torch.Generator().manual_seed(1))


def test_parameters_and_shapes_by_hand() -> None:
    """Worked by hand: 9 * in * out a convolution, 2 * out a normalisation, 4 * in * out + out a transposed one."""
    convolutions = [(1, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
    convolutions += [(512, 1024), (1024, 1024), (1024, 512), (512, 512), (512, 256), (256, 256)]
    convolutions += [(256, 128), (128, 128), (128, 64), (64, 64)]
    transposed = [(1024, 512), (512, 256), (256, 128), (128, 64)]
    by_hand = sum(9 * inputs * outputs + 2 * outputs for inputs, outputs in convolutions)
    by_hand += sum(4 * inputs * outputs + outputs for inputs, outputs in transposed) + 64 * 2 + 2
    with torch.device("meta"):
        net = UNet()
    assert sum(p.numel() for p in net.parameters()) == by_hand == 31_036_546
    output, _ = net(torch.empty(1, 2, 1, 256, 256, device="meta"))
    assert output.ab.shape == (1, 2, 2, 256, 256)


@torch.no_grad()
def test_the_finest_skip_carries_single_pixels(clip: torch.Tensor) -> None:
    torch.manual_seed(0)
    net = UNet(**NARROW).eval()
    for enlarge in net.enlarge:  # nothing comes up from below
        torch.nn.init.zeros_(enlarge.weight)
    other = clip.clone()
    other[..., 16, 20] = 100 - other[..., 16, 20]
    changed = (net(clip)[0].ab != net(other)[0].ab).any(dim=2)[0, 0].nonzero()
    # four 3x3 convolutions along the top level: at most 4 pixels to each side
    assert 0 < len(changed) <= 9 * 9
    assert (changed - torch.tensor([16, 20])).abs().max() <= 4


def test_dropout_draws_in_training_only(clip: torch.Tensor) -> None:
    net = UNet(**NARROW, dropout=0.5)
    draws = [net(clip)[0].ab for _ in range(2)]
    assert (draws[0] - draws[1]).abs().max() > 1e-2
    net.eval()
    torch.testing.assert_close(net(clip)[0].ab, net(clip)[0].ab, atol=0, rtol=0)
    whole = UNet(**NARROW)
    torch.testing.assert_close(whole(clip)[0].ab, whole(clip)[0].ab, atol=0, rtol=0)


def test_everything_learns_and_the_encoder_at_its_own_rate(clip: torch.Tensor) -> None:
    torch.manual_seed(0)
    net = UNet(**NARROW)
    net(clip)[0].ab.square().mean().backward()
    assert all(p.grad.abs().max() > 0 for p in net.parameters())
    groups = parameter_groups(net, lr=1.0, encoder_lr_scale=0.5, encoder_lr_decay=0.1, weight_decay=0.0)
    assert sorted(group["lr"] for group in groups) == pytest.approx([0.05, 0.5, 1.0])


def test_it_is_built_again_from_its_config() -> None:
    net = UNet(**NARROW, dropout=0.2)
    assert net.config == {"widths": [4, 6, 8], "dropout": 0.2} and net.stride == 4
    UNet(**net.config).load_state_dict(net.state_dict())


@pytest.mark.parametrize(("options", "message"), [({"dropout": 1.0}, "dropout=1.0")])
def test_impossible_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UNet(**options)
