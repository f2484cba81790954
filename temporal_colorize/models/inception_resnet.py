"""Inception-ResNet-v2 (Szegedy et al. 2016), its parameters named as in timm.

A layer is written (channels, kernel, stride). It pads to keep the size, unless its stride is 2 or it says `valid`.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from temporal_colorize.models.public_weights import take

Kernel = int | tuple[int, int]
Layer = tuple[int, Kernel] | tuple[int, Kernel, int]


class _ConvNormAct(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: Kernel = 1, stride: int = 1, *, valid: bool = False) -> None:
        super().__init__()
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (0, 0) if valid or stride > 1 else (height // 2, width // 2)
        self.conv = nn.Conv2d(inputs, outputs, (height, width), stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x)).relu()


def _chain(inputs: int, *layers: Layer) -> nn.Module:
    """Put layers in a row; one alone has no number in its name."""
    built = []
    for outputs, *rest in layers:
        built.append(_ConvNormAct(inputs, outputs, *rest))
        inputs = outputs
    return built[0] if len(built) == 1 else nn.Sequential(*built)


class _Branches(nn.Module):
    """Runs `branch0`, `branch1`, ... side by side and stacks what they give."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self._names = [f"branch{number}" for number in range(len(branches))]
        for name, branch in zip(self._names, branches, strict=True):
            self.add_module(name, branch)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([getattr(self, name)(x) for name in self._names], dim=1)


class _Residual(_Branches):
    """Adds its branches, brought to the input's channels by a 1x1 convolution and scaled down, to the input."""

    def __init__(self, width: int, stacked: int, *branches: nn.Module, scale: float, act: bool = True) -> None:
        super().__init__(*branches)
        self.conv2d = nn.Conv2d(stacked, width, 1)
        self._scale = scale
        self._act = act

    def forward(self, x: Tensor) -> Tensor:
        x = x + self._scale * self.conv2d(super().forward(x))
        return x.relu() if self._act else x


def _mixed_5b() -> _Branches:
    pooled = nn.Sequential(nn.AvgPool2d(3, 1, 1, count_include_pad=False), _ConvNormAct(192, 64))
    return _Branches(
        _chain(192, (96, 1)),
        _chain(192, (48, 1), (64, 5)),
        _chain(192, (64, 1), (96, 3), (96, 3)),
        pooled,
    )


def _block35() -> _Residual:
    branches = _chain(320, (32, 1)), _chain(320, (32, 1), (32, 3)), _chain(320, (32, 1), (48, 3), (64, 3))
    return _Residual(320, 128, *branches, scale=0.17)


def _mixed_6a() -> _Branches:
    return _Branches(_chain(320, (384, 3, 2)), _chain(320, (256, 1), (256, 3), (384, 3, 2)), nn.MaxPool2d(3, 2))


def _block17() -> _Residual:
    branches = _chain(1088, (192, 1)), _chain(1088, (128, 1), (160, (1, 7)), (192, (7, 1)))
    return _Residual(1088, 384, *branches, scale=0.1)


def _mixed_7a() -> _Branches:
    return _Branches(
        _chain(1088, (256, 1), (384, 3, 2)),
        _chain(1088, (256, 1), (288, 3, 2)),
        _chain(1088, (256, 1), (288, 3), (320, 3, 2)),
        nn.MaxPool2d(3, 2),
    )


def _block8(scale: float = 0.2, act: bool = True) -> _Residual:
    branches = _chain(2080, (192, 1)), _chain(2080, (192, 1), (224, (1, 3)), (256, (3, 1)))
    return _Residual(2080, 448, *branches, scale=scale, act=act)


class InceptionResNetV2(nn.Module):
    """The classifier, or without classes the features before it.

    It takes pictures as timm's `inception_resnet_v2.tf_in1k` does: (rgb - `mean`) / `std`, `side` pixels high and wide,
    though any size from 75 pixels on will do, since the features are averaged over the picture.

    Args:
        classes: Of the classifier, 55.8 M parameters with 1000; 0 leaves it out, 54.3 M.
    """

    side = 299
    mean = (0.5, 0.5, 0.5)
    std = (0.5, 0.5, 0.5)
    width = 1536

    def __init__(self, *, classes: int = 1000) -> None:
        super().__init__()
        self.conv2d_1a = _ConvNormAct(3, 32, 3, 2)
        self.conv2d_2a = _ConvNormAct(32, 32, 3, valid=True)
        self.conv2d_2b = _ConvNormAct(32, 64, 3)
        self.maxpool_3a = nn.MaxPool2d(3, 2)
        self.conv2d_3b = _ConvNormAct(64, 80)
        self.conv2d_4a = _ConvNormAct(80, 192, 3, valid=True)
        self.maxpool_5a = nn.MaxPool2d(3, 2)
        self.mixed_5b = _mixed_5b()
        self.repeat = nn.Sequential(*[_block35() for _ in range(10)])
        self.mixed_6a = _mixed_6a()
        self.repeat_1 = nn.Sequential(*[_block17() for _ in range(20)])
        self.mixed_7a = _mixed_7a()
        self.repeat_2 = nn.Sequential(*[_block8() for _ in range(9)])
        self.block8 = _block8(scale=1.0, act=False)
        self.conv2d_7b = _ConvNormAct(2080, self.width)
        self.classif = nn.Linear(self.width, classes) if classes else None

    def features(self, picture: Tensor) -> Tensor:
        """Compute (N, 1536, h, w) of (N, 3, H, W), where h is about H / 32: 8 of 299, 6 of 256, 1 of 75."""
        for name, layer in self.named_children():
            if name != "classif":
                picture = layer(picture)
        return picture

    def forward(self, picture: Tensor) -> Tensor:
        """Compute the classes' scores before the softmax, (N, classes), or without classes the mean features."""
        mean = self.features(picture).mean((-2, -1))
        return mean if self.classif is None else self.classif(mean)

    def load_imagenet(self, weights: Mapping[str, Tensor]) -> None:
        """Take timm's weights; of 1001 classes, as TensorFlow counts them, the first, the background, is left out.

        Raises:
            ValueError: If they are not of this network; the message names the first tensor that does not fit.
        """
        heads = {name: value for name, value in weights.items() if name.startswith("classif.")}
        rest = {name: value for name, value in weights.items() if name not in heads}
        if self.classif is None:
            heads = {}
        elif all(len(value) == self.classif.out_features + 1 for value in heads.values()):
            heads = {name: value[1:] for name, value in heads.items()}
        take(self, {**rest, **heads}, "timm's inception_resnet_v2")
