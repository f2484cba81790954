import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from temporal_colorize.color.bins import bin_centres
from temporal_colorize.models.public_weights import read_public
from temporal_colorize.models.zhang import REHEAT, ZhangNet
from temporal_colorize.training.optim import parameter_groups
from tests.support.caffe import random_blobs
from tests.support.public import normalisation

# richzhang/colorization, colorizers/eccv16.py, line by line: name of a convolution, its inputs and outputs, stride,
# dilation, and the name of the batch normalisation after its ReLU.
PUBLIC = [
    ("model1.0", 1, 64, 1, 1, ""),
    ("model1.2", 64, 64, 2, 1, "model1.4"),
    ("model2.0", 64, 128, 1, 1, ""),
    ("model2.2", 128, 128, 2, 1, "model2.4"),
    ("model3.0", 128, 256, 1, 1, ""),
    ("model3.2", 256, 256, 1, 1, ""),
    ("model3.4", 256, 256, 2, 1, "model3.6"),
    ("model4.0", 256, 512, 1, 1, ""),
    ("model4.2", 512, 512, 1, 1, ""),
    ("model4.4", 512, 512, 1, 1, "model4.6"),
    ("model5.0", 512, 512, 1, 2, ""),
    ("model5.2", 512, 512, 1, 2, ""),
    ("model5.4", 512, 512, 1, 2, "model5.6"),
    ("model6.0", 512, 512, 1, 2, ""),
    ("model6.2", 512, 512, 1, 2, ""),
    ("model6.4", 512, 512, 1, 2, "model6.6"),
    ("model7.0", 512, 512, 1, 1, ""),
    ("model7.2", 512, 512, 1, 1, ""),
    ("model7.4", 512, 512, 1, 1, "model7.6"),
    ("model8.0", 512, 256, 2, 1, ""),  # transposed, 4x4
    ("model8.2", 256, 256, 1, 1, ""),
    ("model8.4", 256, 256, 1, 1, ""),
]
NARROW = 8  # times fewer channels


def public_weights(narrow: int = NARROW) -> dict[str, Tensor]:
    """Draw a state dict with the file's names and shapes; the centres in it are those of the bins, over 110."""
    draw = torch.Generator().manual_seed(0)
    weights = {}
    for name, inputs, outputs, _, _, norm in PUBLIC:
        inputs, outputs = max(1, inputs // narrow), outputs // narrow
        shape = (inputs, outputs, 4, 4) if name == "model8.0" else (outputs, inputs, 3, 3)
        fan_in = inputs * (4 if name == "model8.0" else 9)
        weights[f"{name}.weight"] = torch.randn(shape, generator=draw) * (2 / fan_in) ** 0.5
        weights[f"{name}.bias"] = torch.randn(outputs, generator=draw) / 10
        if norm:
            weights |= normalisation(norm, outputs, draw)
    weights["model8.6.weight"] = torch.randn(313, 256 // narrow, 1, 1, generator=draw)
    weights["model8.6.bias"] = torch.randn(313, generator=draw)
    weights["model_out.weight"] = bin_centres().T.reshape(2, 313, 1, 1) / 110
    return weights


def published_ab(weights: dict[str, Tensor], lightness: Tensor) -> Tensor:
    """Run the rows above on (N, 1, H, W), as the public code does."""
    x = (lightness - 50) / 100
    for name, _, _, stride, dilation, norm in PUBLIC:
        kernel = weights[f"{name}.weight"], weights[f"{name}.bias"]
        up = name == "model8.0"
        x = F.conv_transpose2d(x, *kernel, 2, 1) if up else F.conv2d(x, *kernel, stride, dilation, dilation)
        x = F.relu(x)
        if norm:
            statistics = weights[f"{norm}.running_mean"], weights[f"{norm}.running_var"]
            x = F.batch_norm(x, *statistics, weights[f"{norm}.weight"], weights[f"{norm}.bias"])
    x = F.conv2d(x, weights["model8.6.weight"], weights["model8.6.bias"])
    return 110 * F.conv2d(x.softmax(1), weights["model_out.weight"])


def loaded() -> ZhangNet:
    net = ZhangNet(width=64 // NARROW).eval()
    net.load_public(public_weights())
    return net


@pytest.fixture
def clip() -> Tensor:
    return 100 * torch.rand(2, 2, 1, 64, 96, generator=torch.Generator().manual_seed(1))


def test_the_full_size_has_the_published_shapes_and_costs() -> None:
    with torch.device("meta"):
        net = ZhangNet().eval()
    # Kernels with biases, 313 * 257 in the last, two numbers a normalised channel.
    kernels = sum((16 if name == "model8.0" else 9) * i * o + o for name, i, o, *_ in PUBLIC) + 313 * 257
    assert sum(p.numel() for p in net.parameters()) == kernels + 2 * (64 + 128 + 256 + 4 * 512) == 32_235_385
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        logits = net.decoder(net.encoder(torch.zeros(1, 1, 256, 256, device="meta")))
    assert logits.shape == (1, 313, 64, 64)
    # Two a weight and place; model8.0 is counted at its input's places, 32 * 32.
    size, flops = 256, 2 * 313 * 256 * 64**2
    for name, inputs, outputs, stride, _, _ in PUBLIC:
        size = 32 if name == "model8.0" else size // stride
        flops += 2 * inputs * outputs * size**2 * (16 if name == "model8.0" else 9)
        size = 64 if name == "model8.0" else size
    assert counter.get_total_flops() == flops == 83_544_244_224


@torch.no_grad()
def test_with_public_weights_the_colours_are_the_public_code_s(clip: Tensor) -> None:
    output, _ = loaded()(clip)
    expected = published_ab(public_weights(), clip.flatten(0, 1)).unflatten(0, (2, 2))
    assert expected.std() > 10
    torch.testing.assert_close(output.ab, expected, atol=1e-2, rtol=1e-3)
    # The annealed mean of the logits, by hand: the paper's T is 1 / 2.606.
    by_hand = torch.einsum("btqhw,qc->btchw", (2.606 * output.logits).softmax(2), bin_centres())
    torch.testing.assert_close(output.ab, by_hand, atol=1e-3, rtol=1e-4)


def test_every_public_name_has_a_place_at_full_size() -> None:
    weights = public_weights(narrow=1)
    net = ZhangNet()
    net.load_public(weights)
    torch.testing.assert_close(net.decoder[6].weight * REHEAT, weights["model8.6.weight"])
    torch.testing.assert_close(net.encoder.blocks[4][6].running_var, weights["model5.6.running_var"])


def spoilt(**changes: Tensor | None) -> dict[str, Tensor]:
    weights = public_weights() | {name.replace("__", "."): value for name, value in changes.items()}
    return {name: value for name, value in weights.items() if value is not None}


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (spoilt(model3__4__bias=None), r"encoder.blocks.2.4.bias is missing"),
        (spoilt(model9__0__bias=torch.zeros(1)), r"has no place"),
        (spoilt(model1__0__weight=torch.zeros(8, 4, 3, 3)), r"\(8, 4, 3, 3\), not \(8, 1, 3, 3\)"),
        (spoilt(model_out__weight=None), "model_out.weight, the bins' centres"),
        (spoilt(model_out__weight=torch.zeros(2, 313, 1, 1)), "other bins"),
        ({"conv1.weight": torch.zeros(1)}, "eccv16"),
    ],
    ids=["missing", "one too many", "shape", "no bins", "other bins", "something else"],
)
def test_weights_that_do_not_fit_are_refused(weights: dict[str, Tensor], message: str) -> None:
    net = ZhangNet(width=64 // NARROW)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(ValueError, match=message) as caught:
        net.load_public(weights)
    assert "\n" not in str(caught.value)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_a_public_file_is_read_and_anything_else_is_not(tmp_path) -> None:
    path = tmp_path / "eccv16.pth"
    torch.save(public_weights(), path)
    assert read_public(path).keys() == public_weights().keys()
    torch.save({"state_dict": public_weights(), "epoch": 3}, path)
    with pytest.raises(ValueError, match="checkpoint"):
        read_public(path)
    path.write_bytes(b"rubbish")
    for broken in (path, tmp_path / "none.pth"):
        with pytest.raises(ValueError, match=str(broken)):
            read_public(broken)


def test_caffe_s_statistics_are_sums_by_a_third_blob() -> None:
    """By hand: 6 / 2 = 3 and 20 / 2 = 10; a factor of 0 stands for no statistics, as in Caffe's own layer."""
    blobs = random_blobs(2)
    blobs["conv1_2norm"] = [np.full(2, 6.0), np.full(2, 20.0), np.array([2.0])]
    blobs["conv2_2norm"][2] = np.zeros(1)
    net = ZhangNet(width=2)
    net.load_caffe(blobs)
    first, second = net.encoder.blocks[0][4], net.encoder.blocks[1][4]
    assert first.running_mean.tolist() == [3, 3] and first.running_var.tolist() == [10, 10]
    assert first.weight.tolist() == [1, 1] and first.bias.tolist() == [0, 0]
    assert second.running_mean.abs().max() == 0 and second.running_var.abs().max() == 0


def test_caffe_weights_of_old_files_have_four_dimensions() -> None:
    blobs = random_blobs(2)
    net, old = ZhangNet(width=2), ZhangNet(width=2)
    net.load_caffe(blobs)
    old.load_caffe({name: [a.reshape((1,) * (4 - a.ndim) + a.shape) for a in arrays] for name, arrays in blobs.items()})
    for name, value in net.state_dict().items():
        assert torch.equal(value, old.state_dict()[name]), name


def test_caffe_weights_that_do_not_fit_are_refused() -> None:
    blobs = random_blobs(2)
    for wrong, message in (
        ({name: arrays for name, arrays in blobs.items() if name != "conv5_2"}, "conv5_2"),
        (blobs | {"conv4_3norm": blobs["conv4_3norm"][:2]}, "conv4_3norm has not its 3 blobs"),
        (random_blobs(4), r"\(4, 1, 3, 3\), not \(2, 1, 3, 3\)"),
    ):
        with pytest.raises(ValueError, match=message):
            ZhangNet(width=2).load_caffe(wrong)


@torch.no_grad()
def test_the_contract_of_a_network_of_single_frames(clip: Tensor) -> None:
    net, state = loaded(), (torch.ones(1),)
    whole, after = net(clip, torch.ones(2, 2, 3, 64, 96), state)
    assert after is state and whole.known is None
    alone, after = net(clip[:, 1:])
    assert after is None
    torch.testing.assert_close(whole.logits[:, 1:], alone.logits, atol=1e-4, rtol=1e-4)
    with pytest.raises(ValueError, match="multiples of 8"):
        net(clip[..., :60, :])


def test_a_network_is_built_again_from_its_config() -> None:
    net = ZhangNet(width=4)
    assert ZhangNet(**net.config).decoder[0].weight.shape == net.decoder[0].weight.shape == (32, 16, 4, 4)


def test_all_of_it_learns_and_conv1_at_the_lowest_rate(clip: Tensor) -> None:
    net = ZhangNet(width=2).train()
    output, _ = net(clip)
    (output.ab.mean() + output.logits.square().mean()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
    options = {"lr": 1.0, "encoder_lr_scale": 0.5, "encoder_lr_decay": 0.1, "weight_decay": 0.0}
    rates = {id(p): group["lr"] for group in parameter_groups(net, **options) for p in group["params"]}
    firsts = [net.decoder[0], net.encoder.blocks[6][0], net.encoder.blocks[0][0]]
    assert [rates[id(module.bias)] for module in firsts] == pytest.approx([1.0, 0.5, 0.5e-6])
