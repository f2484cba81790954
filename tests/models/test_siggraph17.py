import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from temporal_colorize.models.siggraph17 import Siggraph17Net
from tests.support.public import normalisation

# richzhang/colorization, colorizers/siggraph17.py, line by line: name of a convolution, its inputs and outputs, its
# kernel, dilation, and the name of the batch normalisation after its ReLU.
PUBLIC = [
    ("model1.0", 4, 64, 3, 1, ""),
    ("model1.2", 64, 64, 3, 1, "model1.4"),
    ("model2.0", 64, 128, 3, 1, ""),
    ("model2.2", 128, 128, 3, 1, "model2.4"),
    ("model3.0", 128, 256, 3, 1, ""),
    ("model3.2", 256, 256, 3, 1, ""),
    ("model3.4", 256, 256, 3, 1, "model3.6"),
    ("model4.0", 256, 512, 3, 1, ""),
    ("model4.2", 512, 512, 3, 1, ""),
    ("model4.4", 512, 512, 3, 1, "model4.6"),
    ("model5.0", 512, 512, 3, 2, ""),
    ("model5.2", 512, 512, 3, 2, ""),
    ("model5.4", 512, 512, 3, 2, "model5.6"),
    ("model6.0", 512, 512, 3, 2, ""),
    ("model6.2", 512, 512, 3, 2, ""),
    ("model6.4", 512, 512, 3, 2, "model6.6"),
    ("model7.0", 512, 512, 3, 1, ""),
    ("model7.2", 512, 512, 3, 1, ""),
    ("model7.4", 512, 512, 3, 1, "model7.6"),
    ("model8up.0", 512, 256, 4, 1, ""),
    ("model3short8.0", 256, 256, 3, 1, ""),
    ("model8.1", 256, 256, 3, 1, ""),
    ("model8.3", 256, 256, 3, 1, "model8.5"),
    ("model9up.0", 256, 128, 4, 1, ""),
    ("model2short9.0", 128, 128, 3, 1, ""),
    ("model9.1", 128, 128, 3, 1, "model9.3"),
    ("model10up.0", 128, 128, 4, 1, ""),
    ("model1short10.0", 64, 128, 3, 1, ""),
    ("model10.1", 128, 128, 3, 1, ""),
]
# At 256 pixels, how many a side each is run on; transposed ones are counted at their inputs.
SIZES = {"1": 256, "2": 128, "3": 64, "4": 32, "5": 32, "6": 32, "7": 32, "8up": 32, "3short8": 64, "8": 64}
SIZES |= {"9up": 64, "2short9": 128, "9": 128, "10up": 128, "1short10": 256, "10": 256}
NARROW = 8  # times fewer channels


def public_weights(narrow: int = NARROW) -> dict[str, Tensor]:
    """Draw a state dict with the file's names and shapes, the head for 529 colours too."""
    draw = torch.Generator().manual_seed(0)
    weights = {}
    for name, inputs, outputs, size, _, norm in PUBLIC:
        inputs, outputs = max(4, inputs // narrow), outputs // narrow
        shape = (inputs, outputs) if size == 4 else (outputs, inputs)
        fan_in = inputs * (4 if size == 4 else 9)
        weights[f"{name}.weight"] = torch.randn(*shape, size, size, generator=draw) * (2 / fan_in) ** 0.5
        weights[f"{name}.bias"] = torch.randn(outputs, generator=draw) / 10
        if norm:
            weights |= normalisation(norm, outputs, draw)
    weights["model_class.0.weight"] = torch.randn(529, 256 // narrow, 1, 1, generator=draw)
    weights["model_class.0.bias"] = torch.randn(529, generator=draw)
    weights["model_out.0.weight"] = torch.randn(2, 128 // narrow, 1, 1, generator=draw) / 10
    weights["model_out.0.bias"] = torch.randn(2, generator=draw) / 10
    return weights


def published_ab(weights: dict[str, Tensor], lightness: Tensor, ab: Tensor, mask: Tensor) -> Tensor:
    """Run the rows above on (N, 1, H, W) and hints, as the public code does."""
    rows = {name: (size, dilation, norm) for name, _, _, size, dilation, norm in PUBLIC}

    def conv(name: str, x: Tensor) -> Tensor:
        kernel, (size, dilation, _) = (weights[f"{name}.weight"], weights[f"{name}.bias"]), rows[name]
        return F.conv_transpose2d(x, *kernel, 2, 1) if size == 4 else F.conv2d(x, *kernel, 1, dilation, dilation)

    def block(prefix: str, x: Tensor) -> Tensor:
        for name in [name for name in rows if name.startswith(f"{prefix}.")]:
            x, norm = F.relu(conv(name, x)), rows[name][2]
            if norm:
                statistics = weights[f"{norm}.running_mean"], weights[f"{norm}.running_var"]
                x = F.batch_norm(x, *statistics, weights[f"{norm}.weight"], weights[f"{norm}.bias"])
        return x

    conv1 = block("model1", torch.cat([(lightness - 50) / 100, ab / 110, mask], 1))
    conv2 = block("model2", conv1[:, :, ::2, ::2])
    conv3 = block("model3", conv2[:, :, ::2, ::2])
    x = conv3[:, :, ::2, ::2]
    for prefix in ("model4", "model5", "model6", "model7"):
        x = block(prefix, x)
    x = block("model8", F.relu(conv("model8up.0", x) + conv("model3short8.0", conv3)))
    x = block("model9", F.relu(conv("model9up.0", x) + conv("model2short9.0", conv2)))
    x = F.leaky_relu(conv("model10.1", F.relu(conv("model10up.0", x) + conv("model1short10.0", conv1))), 0.2)
    return 110 * torch.tanh(F.conv2d(x, weights["model_out.0.weight"], weights["model_out.0.bias"]))


def loaded(**options: float) -> Siggraph17Net:
    net = Siggraph17Net(width=64 // NARROW, **options).eval()
    net.load_public(public_weights())
    return net


@pytest.fixture
def clip() -> Tensor:
    return 100 * torch.rand(2, 2, 1, 32, 48, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def hints() -> Tensor:
    hints = torch.zeros(2, 2, 3, 32, 48)
    hints[:, 0, :, 4:11, 20:27] = torch.tensor([60.0, -45.0, 1.0])[:, None, None]
    return hints


def test_the_full_size_has_the_published_shapes_and_costs() -> None:
    with torch.device("meta"):
        net = Siggraph17Net().eval()
    # Kernels with biases, 2 * 129 in the head, two numbers a normalised channel.
    kernels = sum(size**2 * i * o + o for _, i, o, size, _, _ in PUBLIC) + 2 * 129
    norms = 2 * (64 + 128 + 256 + 4 * 512 + 256 + 128)
    assert sum(p.numel() for p in net.parameters()) == kernels + norms == 34_051_074
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        output, _ = net(torch.zeros(1, 1, 1, 256, 256, device="meta"))
    assert output.ab.shape == (1, 1, 2, 256, 256) and output.logits is None and output.known is None
    places = {name: SIZES[name.removeprefix("model").split(".")[0]] ** 2 for name, *_ in PUBLIC}
    flops = sum(2 * places[name] * size**2 * i * o for name, i, o, size, _, _ in PUBLIC) + 2 * 256**2 * 2 * 128
    assert counter.get_total_flops() == flops == 150_390_964_224


@torch.no_grad()
@pytest.mark.parametrize("hinted", [True, False])
def test_with_public_weights_the_colours_are_the_public_code_s(clip: Tensor, hints: Tensor, hinted: bool) -> None:
    output, _ = loaded()(clip, hints if hinted else None)
    given = (hints if hinted else torch.zeros_like(hints)).flatten(0, 1)
    expected = published_ab(public_weights(), clip.flatten(0, 1), given[:, :2], given[:, 2:]).unflatten(0, (2, 2))
    assert expected.std() > 10
    torch.testing.assert_close(output.ab, expected, atol=1e-2, rtol=1e-3)


@torch.no_grad()
def test_the_later_code_s_weights_see_a_centred_mask(clip: Tensor, hints: Tensor) -> None:
    output, _ = loaded(mask_center=0.5)(clip, hints)
    given = hints.flatten(0, 1)
    expected = published_ab(public_weights(), clip.flatten(0, 1), given[:, :2], given[:, 2:] - 0.5).unflatten(0, (2, 2))
    torch.testing.assert_close(output.ab, expected, atol=1e-2, rtol=1e-3)


def test_every_public_name_has_a_place_at_full_size() -> None:
    weights = public_weights(narrow=1)
    net = Siggraph17Net()
    net.load_public(weights)
    pairs = {
        "model7.4.weight": net.encoder.blocks[6][4].weight,
        "model2short9.0.bias": net.skip9.bias,
        "model8.5.running_mean": net.fuse8[5].running_mean,
        "model10.1.weight": net.fuse10[1].weight,
        "model_out.0.weight": net.ab_head.weight,
    }
    for name, value in pairs.items():
        torch.testing.assert_close(value, weights[name], msg=name)


@pytest.mark.parametrize(
    "missing", ["model8up.0.weight", "model9.3.running_var", "model_out.0.bias", "model1.0.weight"]
)
def test_weights_that_do_not_fit_are_refused(missing: str) -> None:
    weights = public_weights()
    del weights[missing]
    with pytest.raises(ValueError, match=r"siggraph17-df00044c.pth.*is missing$"):
        Siggraph17Net(width=64 // NARROW).load_public(weights)
    with pytest.raises(ValueError, match="not the weights of"):
        Siggraph17Net(width=16).load_public(public_weights())


@torch.no_grad()
def test_a_hint_is_seen_in_its_own_frame_only(clip: Tensor, hints: Tensor) -> None:
    net, state = loaded(), (torch.ones(1),)
    hinted, after = net(clip, hints, state)
    assert after is state
    free, after = net(clip)
    assert after is None
    change = (hinted.ab - free.ab).abs().amax((0, 2, 3, 4))
    assert change[0] > 1 and change[1] < 1e-3
    outside = hints.clone()
    outside[:, :, :2] += 30 * (1 - hints[:, :, 2:])  # colours that the mask does not give
    torch.testing.assert_close(net(clip, outside)[0].ab, hinted.ab)


def test_what_it_cannot_do_is_refused(clip: Tensor) -> None:
    with pytest.raises(ValueError, match="multiples of 8"):
        Siggraph17Net(width=4)(clip[..., :30, :])


def test_a_network_is_built_again_from_its_config() -> None:
    net = Siggraph17Net(width=4, mask_center=0.5)
    again = Siggraph17Net(**net.config)
    assert again.mask_center == 0.5 and not net.has_bins
    assert {k: v.shape for k, v in again.state_dict().items()} == {k: v.shape for k, v in net.state_dict().items()}


def test_all_of_it_learns(clip: Tensor, hints: Tensor) -> None:
    net = Siggraph17Net(width=2).train()
    net(clip, hints)[0].ab.square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
