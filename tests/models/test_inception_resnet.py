"""The oracle is timm 1.0.31, whose own file was run once beside ours, on the numbers that `numbered` writes."""

import pytest
import torch
from torch import Tensor, nn

from temporal_colorize.models.inception_resnet import InceptionResNetV2

# Written from timm's public model: kernels as (outputs, inputs, height, width), every one with a batch normalisation.
STEM = {
    "conv2d_1a": (32, 3, 3, 3),
    "conv2d_2a": (32, 32, 3, 3),
    "conv2d_2b": (64, 32, 3, 3),
    "conv2d_3b": (80, 64, 1, 1),
    "conv2d_4a": (192, 80, 3, 3),
    "conv2d_7b": (1536, 2080, 1, 1),
}
MIXED_5B = {
    "branch0": (96, 192, 1, 1),
    "branch1.0": (48, 192, 1, 1),
    "branch1.1": (64, 48, 5, 5),
    "branch2.0": (64, 192, 1, 1),
    "branch2.1": (96, 64, 3, 3),
    "branch2.2": (96, 96, 3, 3),
    "branch3.1": (64, 192, 1, 1),
}
BLOCK35 = {
    "branch0": (32, 320, 1, 1),
    "branch1.0": (32, 320, 1, 1),
    "branch1.1": (32, 32, 3, 3),
    "branch2.0": (32, 320, 1, 1),
    "branch2.1": (48, 32, 3, 3),
    "branch2.2": (64, 48, 3, 3),
}
MIXED_6A = {
    "branch0": (384, 320, 3, 3),
    "branch1.0": (256, 320, 1, 1),
    "branch1.1": (256, 256, 3, 3),
    "branch1.2": (384, 256, 3, 3),
}
BLOCK17 = {
    "branch0": (192, 1088, 1, 1),
    "branch1.0": (128, 1088, 1, 1),
    "branch1.1": (160, 128, 1, 7),
    "branch1.2": (192, 160, 7, 1),
}
MIXED_7A = {
    "branch0.0": (256, 1088, 1, 1),
    "branch0.1": (384, 256, 3, 3),
    "branch1.0": (256, 1088, 1, 1),
    "branch1.1": (288, 256, 3, 3),
    "branch2.0": (256, 1088, 1, 1),
    "branch2.1": (288, 256, 3, 3),
    "branch2.2": (320, 288, 3, 3),
}
BLOCK8 = {
    "branch0": (192, 2080, 1, 1),
    "branch1.0": (192, 2080, 1, 1),
    "branch1.1": (224, 192, 1, 3),
    "branch1.2": (256, 224, 3, 1),
}
SINGLE = {"mixed_5b": MIXED_5B, "mixed_6a": MIXED_6A, "mixed_7a": MIXED_7A}
# Blocks, and the 1x1 convolution with a bias that ends each.
REPEATED = {
    **{f"repeat.{number}": (BLOCK35, (320, 128, 1, 1)) for number in range(10)},
    **{f"repeat_1.{number}": (BLOCK17, (1088, 384, 1, 1)) for number in range(20)},
    **{f"repeat_2.{number}": (BLOCK8, (2080, 448, 1, 1)) for number in range(9)},
    "block8": (BLOCK8, (2080, 448, 1, 1)),
}

# As timm gave them: features' mean and standard deviation, and every 125th score.
KNOWN_FEATURES = (0.6585602, 1.0107800)
KNOWN_SCORES = [0.1810328, 1.1165104, 0.1169876, 0.2132869, 0.7104309, -1.8520378, -0.1647537, 0.2929892]


def published_shapes() -> dict[str, tuple[int, ...]]:
    kernels, shapes = dict(STEM), {"classif.weight": (1000, 1536), "classif.bias": (1000,)}
    for name, layers in SINGLE.items():
        kernels |= {f"{name}.{layer}": kernel for layer, kernel in layers.items()}
    for name, (layers, last) in REPEATED.items():
        kernels |= {f"{name}.{layer}": kernel for layer, kernel in layers.items()}
        shapes |= {f"{name}.conv2d.weight": last, f"{name}.conv2d.bias": last[:1]}
    for name, kernel in kernels.items():
        shapes |= {f"{name}.conv.weight": kernel, f"{name}.bn.num_batches_tracked": ()}
        shapes |= {f"{name}.bn.{part}": kernel[:1] for part in ("weight", "bias", "running_mean", "running_var")}
    return shapes


def on_meta(**options: int) -> InceptionResNetV2:
    with torch.device("meta"):
        return InceptionResNetV2(**options).eval()


def numbered(net: nn.Module) -> nn.Module:
    """Give a network that was built on no device weights that hang on their names and places alone."""
    ramp = (torch.arange(2**16) * 40503 % 2**16).float() / 2**15 - 1  # -1..1, well mixed
    net = net.to_empty(device="cpu").eval()
    for number, (name, value) in enumerate(sorted(net.state_dict().items())):
        repeats = -(-value.numel() // 2**16)
        wave = ramp.roll(97 * number).repeat(repeats)[: value.numel()].view(value.shape)
        if name.endswith("running_var"):
            value.copy_(1 + 0.5 * wave)
        elif name.endswith("bn.weight"):
            value.copy_(1 + 0.25 * wave)
        elif value.ndim == 1:
            value.copy_(0.1 * wave)
        elif value.ndim > 1:
            value.copy_(wave * (6 / value[0].numel()) ** 0.5)  # what goes in comes out as large
        else:
            value.zero_()
    return net


def picture() -> Tensor:
    return torch.sin(40 * torch.linspace(-1, 1, 3 * 107 * 96)).view(1, 3, 107, 96)


@pytest.fixture(scope="module")
def net() -> InceptionResNetV2:
    return numbered(on_meta())


def test_names_and_shapes_are_those_of_timm() -> None:
    assert {name: tuple(value.shape) for name, value in on_meta().state_dict().items()} == published_shapes()


def test_parameters_are_as_many_as_published() -> None:
    """timm's table says 55.84 M; Keras, which has no scales in its 30,272 normalised channels, 55,873,736 with the
    two statistics of each."""
    assert sum(p.numel() for p in on_meta().parameters()) == 55_873_736 - 3 * 30_272 + 2 * 30_272
    assert sum(p.numel() for p in on_meta(classes=0).parameters()) == 55_843_464 - 1537 * 1000


@torch.no_grad()
@pytest.mark.parametrize(("side", "left"), [(299, 8), (75, 1)])
def test_what_is_left_of_a_picture(net: InceptionResNetV2, side: int, left: int) -> None:
    """Eight by eight of 299, as in the paper's figures; 75 is the least that Keras takes."""
    assert net.features(torch.zeros(1, 3, side, side)).shape == (1, 1536, left, left)


@torch.no_grad()
def test_features_and_scores_equal_timms(net: InceptionResNetV2) -> None:
    features, scores = net.features(picture()), net(picture())
    assert features.shape == (1, 1536, 2, 1)
    assert (features.mean().item(), features.std().item()) == pytest.approx(KNOWN_FEATURES, rel=1e-4)
    assert scores[0, ::125].tolist() == pytest.approx(KNOWN_SCORES, abs=2e-4)


def test_a_file_of_1001_classes_loses_the_background(net: InceptionResNetV2) -> None:
    weights = net.state_dict()
    background = {name: torch.full_like(weights[name][:1], 7.0) for name in ("classif.weight", "classif.bias")}
    weights |= {name: torch.cat([first, weights[name]]) for name, first in background.items()}
    again = on_meta().to_empty(device="cpu")
    again.load_imagenet({name: value for name, value in weights.items() if not name.endswith("num_batches_tracked")})
    taken = dict(again.named_parameters())
    assert all(torch.equal(value, taken[name]) for name, value in net.named_parameters())


def test_without_classes_the_classifier_of_a_file_is_left_out(net: InceptionResNetV2) -> None:
    again = on_meta(classes=0).to_empty(device="cpu")
    again.load_imagenet(net.state_dict())
    with torch.no_grad():
        mean = net.features(picture()).mean((2, 3))
        torch.testing.assert_close(again.eval()(picture()), mean)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights.pop("classif.bias"), "classif.bias"),
        (lambda weights: weights.pop("repeat_1.19.conv2d.bias"), "repeat_1.19.conv2d.bias"),
        (lambda weights: weights.update({"features.0.weight": torch.zeros(1)}), "features.0.weight"),
        (lambda weights: weights.update({"block8.conv2d.bias": torch.zeros(9)}), "block8.conv2d.bias"),
        (lambda weights: weights.update({"classif.bias": torch.zeros(10)}), "classif.bias"),
    ],
)
def test_weights_that_do_not_fit_are_refused(change, message: str) -> None:
    net = on_meta()
    weights = dict(net.state_dict())
    change(weights)
    with pytest.raises(ValueError, match=message):
        net.load_imagenet(weights)
