import pytest
import torch

from temporal_colorize.color.bins import BIN_COUNT, bin_centres, load_prior
from temporal_colorize.models import cnn_lstm
from temporal_colorize.models.cnn_lstm import CnnLstm
from temporal_colorize.models.inception_resnet import InceptionResNetV2
from temporal_colorize.training.optim import parameter_groups

NARROW = {"widths": (4, 4, 6, 6, 6), "repeats": (1, 2, 1, 1, 2), "memory": 4}


def narrow(**options: object) -> CnnLstm:
    """Make a small network whose colours, and whose memory of them, are far from even."""
    torch.manual_seed(0)
    net = CnnLstm(**NARROW | options).eval()
    torch.nn.init.normal_(net.classify.weight, std=2.0)
    if net.recall is not None:
        torch.nn.init.normal_(net.recall.weight, std=5.0)
    return net


@pytest.fixture
def clip() -> torch.Tensor:
    return 100 * torch.rand(2, 8, 1, 32, 48, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("bins", "total"), [(310, 14_930_358), (313, 14_931_993)])
def test_parameters_by_hand(bins: int, total: int) -> None:
    """Worked by hand: 9 * in * out + out a convolution, 2 * in the normalisation before it, from the second on."""
    convolutions = [(1, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256), (256, 512)]
    convolutions += [(512, 512)] * 5
    by_hand = sum(9 * inputs * outputs + outputs for inputs, outputs in convolutions)
    by_hand += sum(2 * inputs for inputs, _ in convolutions[1:])
    by_hand += (512 + 1) * bins + 32 * bins  # classification, and what is recalled
    by_hand += (9 * 3 + 1 + 9 * 32) * 4 * 32  # four gates of 32
    with torch.device("meta"):
        net = CnnLstm(bins=bins)
    assert sum(p.numel() for p in net.parameters()) == by_hand == total


def test_normalisation_comes_before_every_convolution_but_the_first() -> None:
    kinds = [type(module).__name__ for module in narrow().encoder.modules()]
    order = [kind for kind in kinds if kind in ("Conv2d", "BatchNorm2d", "MaxPool2d")]
    assert order == ["Conv2d", "MaxPool2d"] + 2 * (["BatchNorm2d", "Conv2d"]) + ["MaxPool2d"] + 2 * (
        ["BatchNorm2d", "Conv2d", "MaxPool2d"]
    ) + 2 * ["BatchNorm2d", "Conv2d"] + ["MaxPool2d"]


@torch.no_grad()
@pytest.mark.parametrize("pooling", [(2, 2, 2, 1, 1), (2, 2, 1, 1, 1)])
def test_shapes(clip: torch.Tensor, pooling: tuple[int, ...]) -> None:
    net = narrow(pooling=pooling)
    output, state = net(clip)
    places = (32 // net.stride, 48 // net.stride)
    assert output.ab.shape == (2, 8, 2, *places) and output.logits.shape == (2, 8, BIN_COUNT, *places)
    assert [part.shape for part in state] == [(2, 4, *places)] * 2


@torch.no_grad()
@pytest.mark.parametrize("cuts", [(1,) * 8, (3, 5)], ids=["frame by frame", "3 + 5"])
def test_parts_equal_the_whole_clip(clip: torch.Tensor, cuts: tuple[int, ...]) -> None:
    net = narrow()
    whole, whole_state = net(clip)
    parts, state = [], None
    for lightness in clip.split(cuts, 1):
        output, state = net(lightness, None, state)
        parts.append(output)
    torch.testing.assert_close(torch.cat([part.logits for part in parts], 1), whole.logits, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(torch.cat([part.ab for part in parts], 1), whole.ab, atol=1e-2, rtol=1e-4)
    torch.testing.assert_close(state, whole_state, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_inception_can_stand_in_for_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    published = InceptionResNetV2(classes=0).state_dict()
    published["conv2d_1a.conv.weight"] *= 1.5
    published |= {"classif.weight": torch.zeros(1001, 1536), "classif.bias": torch.zeros(1001)}  # as in the file
    monkeypatch.setattr(cnn_lstm, "read_public", lambda path, option: {"its.pth": published}[path])
    net = CnnLstm(encoder="inception_resnet_v2", encoder_weights="its.pth", memory=4).eval()
    assert torch.equal(net.encoder.conv2d_1a.conv.weight, published["conv2d_1a.conv.weight"])
    assert "encoder_weights" not in net.config and net.config["encoder"] == "inception_resnet_v2"
    output, _ = net(100 * torch.rand(1, 2, 1, 80, 96))
    assert output.logits.shape == (1, 2, BIN_COUNT, 10, 12) and output.ab.std() > 0
    with pytest.raises(ValueError, match="75 pixels each way, got 64x96"):
        net(torch.zeros(1, 1, 1, 64, 96))


@torch.no_grad()
def test_a_single_picture_leaves_the_memory_out(clip: torch.Tensor) -> None:
    net, without = narrow(), narrow(memory=0)
    without.load_state_dict(net.state_dict(), strict=False)
    torch.testing.assert_close(net(clip)[0].logits[:, :1], without(clip)[0].logits[:, :1])
    assert (net(clip)[0].ab - without(clip)[0].ab).abs()[:, 1:].amax((0, 2, 3, 4)).min() > 1
    state = (torch.ones(1),)
    assert without(clip, None, state)[1] is state and without(clip)[1] is None


@torch.no_grad()
def test_colours_are_what_is_remembered(clip: torch.Tensor) -> None:
    """Two networks that differ in the first frame's colours only: the later frames differ by what was stored."""
    net, other = narrow(), narrow()
    first, _ = net(clip[:, :1])
    other.classify.bias[0] += 30.0  # the greenest bin everywhere
    green, state = other(clip[:, :1])
    assert (green.ab - first.ab).abs().max() > 10
    after_green, _ = net(clip[:, 1:2], None, state)
    torch.testing.assert_close(net(clip[:, :2])[0].ab[:, 1:], net(clip[:, 1:2], None, net(clip[:, :1])[1])[0].ab)
    assert (after_green.ab - net(clip[:, :2])[0].ab[:, 1:]).abs().max() > 1


def test_310_bins_keep_the_probability_of_each_output() -> None:
    net = narrow(memory=0)
    outputs = 5 * torch.randn(1, 310, 2, 2)
    logits = net._spread(outputs)
    probabilities = outputs.double().softmax(1)
    shares = logits.double().softmax(1)
    # by hand: an output's probability is the sum over the bins that read it, and they have equal parts
    by_output = torch.zeros(1, 310, 2, 2, dtype=torch.float64).index_add_(1, net.output_of_bin, shares)
    torch.testing.assert_close(by_output, probabilities, atol=1e-6, rtol=0)
    counts = net.output_of_bin.bincount()
    assert counts.tolist().count(1) == 307 and counts.max() == 2
    assert bool(logits.isfinite().all())
    for shared in (counts == 2).nonzero().flatten():
        one, two = (net.output_of_bin == shared).nonzero().flatten()
        assert (bin_centres()[one] - bin_centres()[two]).norm() < 15  # next to one another on the grid of 10
        assert min(load_prior()[one], load_prior()[two]) == load_prior().min()
        torch.testing.assert_close(logits[:, one], outputs[:, shared] - 0.6931472)  # log 2


def test_313_bins_are_all_their_own() -> None:
    net = narrow(memory=0, bins=313)
    outputs = torch.randn(1, 313, 2, 2)
    torch.testing.assert_close(net._spread(outputs), outputs)


def test_everything_learns_through_time_and_the_encoder_at_its_own_rate(clip: torch.Tensor) -> None:
    net = CnnLstm(**NARROW)
    net(clip)[0].logits.log_softmax(2)[:, 2, 100].mean().backward()
    assert all(p.grad.abs().max() > 0 for p in net.parameters())
    groups = parameter_groups(net, lr=1.0, encoder_lr_scale=0.5, encoder_lr_decay=0.1, weight_decay=0.0)
    assert sorted(group["lr"] for group in groups) == pytest.approx([5e-5, 5e-4, 5e-3, 0.05, 0.5, 1.0])


def test_it_is_built_again_from_its_config_and_keeps_the_bins_it_was_trained_with() -> None:
    net = narrow(pooling=(2, 2, 1, 1, 1))
    net.output_of_bin = net.output_of_bin.flip(0)  # as if the shipped prior had been another one
    again = CnnLstm(**net.config)
    again.load_state_dict({name: value.float() for name, value in net.state_dict().items()})  # as weights are read
    assert torch.equal(again.output_of_bin, net.output_of_bin) and again.output_of_bin.dtype == torch.int64
    assert again.stride == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bins": 311}, "bins=311"),
        ({"encoder": "vgg"}, "encoder=vgg"),
        ({"encoder_weights": "its.pth"}, "encoder=blocks starts from nothing"),
        ({"temperature": 0.0}, "temperature=0.0"),
        ({"pooling": (2, 2, 2, 2)}, r"pooling=\[2, 2, 2, 2\]"),
        ({"pooling": (4, 2, 1, 1, 1)}, "strides of 1 or 2"),
    ],
)
def test_impossible_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CnnLstm(**options)
