import pytest
import torch
from scipy.special import softmax

from temporal_colorize.color.bins import BIN_COUNT, bin_centres
from temporal_colorize.models.surveillance import SurveillanceNet
from temporal_colorize.training.optim import parameter_groups

NARROW = {"widths": (4, 4, 6, 6, 6), "repeats": (1, 2, 1, 1, 2), "up_width": 6}


@pytest.fixture
def clip() -> torch.Tensor:
    return 100 * torch.rand(2, 3, 1, 32, 48, generator=torch.Generator().manual_seed(1))


def test_parameters_and_shapes_by_hand() -> None:
    """Worked by hand: 9 * in * out + out a 3x3 convolution, 2 * out a block's normalisation."""
    convolutions = [(1, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256), (256, 512)]
    convolutions += [(512, 512)] * 5 + [(512, 256)] + [(256, 256)] * 5
    by_hand = sum(9 * inputs * outputs + outputs for inputs, outputs in convolutions)
    by_hand += 2 * (64 + 128 + 256 + 512 + 512 + 256 + 256) + (256 + 1) * 313
    with torch.device("meta"):
        net = SurveillanceNet()
    assert sum(p.numel() for p in net.parameters()) == by_hand == 18_928_249
    assert net.decoder(net.encoder(torch.empty(2, 1, 256, 256, device="meta"))).shape == (2, 313, 64, 64)
    assert not [module for module in net.modules() if "Pool" in type(module).__name__]


@torch.no_grad()
def test_each_frame_is_coloured_alone_and_the_state_comes_back(clip: torch.Tensor) -> None:
    net = SurveillanceNet(**NARROW).eval()
    hints, state = torch.ones(2, 3, 3, 32, 48), (torch.ones(1),)
    output, after = net(clip, hints, state)
    assert after is state and net(clip)[1] is None
    assert output.ab.shape == (2, 3, 2, 8, 12) and output.logits.shape == (2, 3, BIN_COUNT, 8, 12)
    torch.testing.assert_close(net(clip[1:, 2:3])[0].logits, output.logits[1:, 2:3])


@torch.no_grad()
def test_the_colour_is_the_annealed_mean() -> None:
    """The oracle is SciPy's softmax: the temperature divides the logits."""
    torch.manual_seed(0)
    net = SurveillanceNet(**NARROW, temperature=0.5).eval()
    torch.nn.init.normal_(net.decoder[-1].weight, std=3.0)
    output, _ = net(100 * torch.rand(1, 1, 1, 32, 32))
    shares = softmax(output.logits[0, 0].double().numpy() / 0.5, axis=0)
    expected = torch.einsum("qhw,qc->chw", torch.from_numpy(shares), bin_centres().double())
    torch.testing.assert_close(output.ab[0, 0].double(), expected, atol=1e-3, rtol=0)


def test_everything_learns_and_the_encoder_at_its_own_rate(clip: torch.Tensor) -> None:
    torch.manual_seed(0)
    net = SurveillanceNet(**NARROW)
    net(clip)[0].logits.log_softmax(2)[:, :, 100].mean().backward()
    assert all(p.grad.abs().max() > 0 for p in net.parameters())
    groups = parameter_groups(net, lr=1.0, encoder_lr_scale=0.5, encoder_lr_decay=0.1, weight_decay=0.0)
    assert sorted(group["lr"] for group in groups) == pytest.approx([5e-5, 5e-4, 5e-3, 0.05, 0.5, 1.0])


def test_it_is_built_again_from_its_config() -> None:
    net = SurveillanceNet(**NARROW, temperature=1.0)
    SurveillanceNet(**net.config).load_state_dict(net.state_dict())


@pytest.mark.parametrize(
    ("options", "message"), [({"temperature": 0.0}, "temperature=0.0"), ({"repeats": (2, 2)}, r"repeats=\[2, 2\]")]
)
def test_impossible_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SurveillanceNet(**options)
