"""The network of Zhang, Isola and Efros, "Colorful Image Colorization" (ECCV 2016)."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from temporal_colorize.color.bins import BIN_COUNT, bin_centres, decode_annealed_mean
from temporal_colorize.models.contract import ColorOutput, State, StatePlane, check_clip
from temporal_colorize.models.public_weights import take

REHEAT = 2.606  # by what the published network multiplies its logits; the paper prints the inverse as T = 0.38
_CONVS = (2, 2, 3, 3, 3, 3, 3)  # conv1 to conv7
_WIDTHS = (1, 2, 4, 8, 8, 8, 8)
_STRIDES = (2, 2, 2, 1, 1, 1, 1)
_DILATIONS = (1, 1, 1, 1, 2, 2, 1)
_L_SCALE, _AB_SCALE = 100.0, 110.0  # of the authors' PyTorch port
_PORT = "richzhang/colorization eccv16 (colorization_release_v2-9b330a0b.pth)"
_CAFFE = "colorization_release_v2.caffemodel"


def conv_block(inputs: int, outputs: int, convs: int, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """Build 3x3 convolutions with ReLU, of which the last one strides, and batch normalisation after them all."""
    layers: list[nn.Module] = []
    for left in reversed(range(convs)):
        step = 1 if left else stride
        layers += [nn.Conv2d(inputs, outputs, 3, step, dilation, dilation), nn.ReLU(inplace=True)]
        inputs = outputs
    return nn.Sequential(*layers, nn.BatchNorm2d(outputs))


class ConvEncoder(nn.Module):
    """conv1 to conv7, which the networks of 2016 and 2017 share but for their strides.

    Args:
        inputs: Channels of the input.
        width: Channels of conv1.
        strides: Of the last convolution of each block.
    """

    def __init__(self, inputs: int, width: int, strides: Sequence[int]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        for convs, factor, stride, dilation in zip(_CONVS, _WIDTHS, strides, _DILATIONS, strict=True):
            self.blocks.append(conv_block(inputs, width * factor, convs, stride=stride, dilation=dilation))
            inputs = width * factor

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x


class ZhangNet(nn.Module):
    """Eight blocks of convolutions without pooling or skip connections, 313 logits at 1/4 resolution; a network of
    single frames, which ignores hints.

    The layers are those of `colorization_deploy_v2.prototxt`. As the authors' PyTorch port does, L* is taken as
    (L - 50) / 100, where the Caffe network takes L - 50, and batch normalisation has a learnt scale and shift, where
    Caffe's has none. `ab` is the annealed mean as published, at T = 1 / 2.606.

    Args:
        width: Channels of conv1; the others follow. 64 is as published (32.2 M parameters).
    """

    architecture = "zhang"
    stride = 8
    fixed_size = None
    has_bins = True
    state_planes: tuple[StatePlane, ...] = ()

    def __init__(self, *, width: int = 64) -> None:
        super().__init__()
        self.config = {"width": width}
        wide = 4 * width
        self.encoder = ConvEncoder(1, width, _STRIDES)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(2 * wide, wide, 4, 2, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(wide, wide, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(wide, wide, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(wide, BIN_COUNT, 1),
        )

    def forward(
        self, lightness: Tensor, hints: Tensor | None = None, state: State | None = None
    ) -> tuple[ColorOutput, State | None]:
        """Colour a clip; shapes and ranges are those of `VideoColorizer`. The state is given back as it came."""
        check_clip(lightness, hints, self.stride)
        x = self.encoder((lightness.flatten(0, 1) - 50) / _L_SCALE)
        logits = self.decoder(x)
        ab = decode_annealed_mean(logits, logits.new_zeros(BIN_COUNT), temperature=1 / REHEAT)
        clip = lightness.shape[:2]
        return ColorOutput(ab.unflatten(0, clip), logits.unflatten(0, clip)), state

    def load_public(self, weights: Mapping[str, Tensor]) -> None:
        """Take the weights of the authors' PyTorch port (`eccv16`), as `read_public` reads them.

        The port has no `REHEAT`: what its softmax takes is divided by it here, so `ab` is the port's.

        Raises:
            ValueError: If these are not its weights, or are for other bins.
        """
        weights = dict(weights)
        centres = weights.pop("model_out.weight", None)
        if centres is None or centres.shape != (2, BIN_COUNT, 1, 1):
            raise ValueError(f"these are not the weights of {_PORT}: model_out.weight, the bins' centres, is not there")
        if (centres[:, :, 0, 0].float().T * _AB_SCALE - bin_centres()).abs().max() > 0.5:
            raise ValueError(f"these are not the weights of {_PORT}: model_out.weight holds other bins")
        own = {_own_name(name): value for name, value in weights.items()}
        for name in ("decoder.6.weight", "decoder.6.bias"):
            if name in own:
                own[name] = own[name] / REHEAT
        take(self, own, _PORT)

    def load_caffe(self, blobs: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Take the weights of the Caffe network, as `read_caffemodel` reads them.

        The blobs of `class8_ab` and `conv8_313_rh`, which OpenCV's users put in themselves, are not read: the bins'
        centres and 2.606.

        Raises:
            ValueError: If a layer is missing or has another shape.
        """
        state: dict[str, Tensor] = {}
        for layer, module in self._caffe_layers():
            convert, count = (_normalisation, 3) if layer.endswith("norm") else (_convolution, 2)
            if len(blobs.get(layer, ())) != count:
                raise ValueError(f"these are not the weights of {_CAFFE}: layer {layer} has not its {count} blobs")
            values = convert(*(torch.from_numpy(np.array(blob, dtype=np.float32)) for blob in blobs[layer]))
            state |= {f"{module}.{name}": value for name, value in values.items()}
        state["encoder.blocks.0.0.weight"] *= _L_SCALE
        take(self, state, _CAFFE)

    @staticmethod
    def _caffe_layers() -> list[tuple[str, str]]:
        """Pair the Caffe network's layers with the modules here."""
        pairs = []
        for block, convs in enumerate(_CONVS):
            for conv in range(convs):
                prefix = "bw_" if block == conv == 0 else ""
                pairs.append((f"{prefix}conv{block + 1}_{conv + 1}", f"encoder.blocks.{block}.{2 * conv}"))
            pairs.append((f"conv{block + 1}_{convs}norm", f"encoder.blocks.{block}.{2 * convs}"))
        last = [("conv8_1", 0), ("conv8_2", 2), ("conv8_3", 4), ("conv8_313", 6)]
        return pairs + [(layer, f"decoder.{number}") for layer, number in last]


def _own_name(name: str) -> str:
    """Turn model3.4.weight into encoder.blocks.2.4.weight, and what is in model8 into what is in the decoder."""
    block, _, rest = name.removeprefix("model").partition(".")
    if block == "8":
        return f"decoder.{rest}"
    return f"encoder.blocks.{int(block) - 1}.{rest}" if block.isdecimal() else name


def _convolution(weight: Tensor, bias: Tensor) -> dict[str, Tensor]:
    return {"weight": weight, "bias": bias.flatten()}  # old files give a bias four dimensions


def _normalisation(mean: Tensor, variance: Tensor, factor: Tensor) -> dict[str, Tensor]:
    """Caffe keeps sums; what they are to be divided by is the third blob, and 0 there stands for no statistics."""
    divisor = factor.sum().item()  # of one number
    scale = 1 / divisor if divisor else 0.0
    mean = mean.flatten() * scale
    return {
        "running_mean": mean,
        "running_var": variance.flatten() * scale,
        "weight": torch.ones_like(mean),
        "bias": torch.zeros_like(mean),
    }
