"""The first network of the thesis on monochrome CCTV: a plain convolutional encoder-decoder."""

from collections import OrderedDict
from itertools import pairwise

from torch import Tensor, nn

from temporal_colorize.models.contract import ColorOutput, State, StatePlane, check_clip

_AB_SCALE = 110.0
_SQUEEZED = 32  # channels before the dense layers: from all 512 of a 256x256 picture they would have 134 M weights


class PlainCNN(nn.Module):
    """Strided convolutions down, upsampling and convolutions up, no skips; ab by regression with tanh.

    After Ghevandiani (2025), whose text could not be had here. Known of it: a convolutional encoder-decoder, in one
    description with fully connected layers at the end. Ours is the layer list: two 3x3 convolutions with ReLU a level,
    the first with stride 2, one convolution after each nearest upsampling, no normalisation.

    A fully connected layer between all of a 256x256 picture and all of its ab would have 8.6e9 weights. So with
    `dense` such layers stand in the decoder's place: 32 channels at the encoder's resolution, `hidden` units, and one
    unit for each value of ab at 1/4. Without it ab comes at full resolution.

    Hints are ignored, and the state comes back as it was given: frames are coloured one by one.

    Args:
        widths: Channels of the encoder at strides 2, 4, 8 and so on; their number decides `stride`.
        dense: Whether fully connected layers end the network, which fixes its input at
        size: this height and width, in pixels. Of no meaning without `dense`, and so is
        hidden: this, the units between the two dense layers.

    Raises:
        ValueError: If `size` is no multiple of the stride.
    """

    architecture = "cnn"
    stride = 16
    fixed_size: tuple[int, int] | None = None
    has_bins = False
    state_planes: tuple[StatePlane, ...] = ()

    def __init__(
        self,
        *,
        widths: tuple[int, ...] = (64, 128, 256, 512),
        dense: bool = False,
        size: int = 256,
        hidden: int = 1024,
    ) -> None:
        super().__init__()
        self.config = {"widths": list(widths), "dense": dense, "size": size, "hidden": hidden}
        self.stride = 2 ** len(widths)
        if dense and (size < self.stride or size % self.stride):
            raise ValueError(f"size={size} must be a multiple of {self.stride}, the stride of {len(widths)} widths")
        self.fixed_size = (size, size) if dense else None
        self.encoder = _encoder(widths)
        self.decoder = _dense_decoder(widths[-1], size // self.stride, size // 4, hidden) if dense else _decoder(widths)

    def forward(
        self, lightness: Tensor, hints: Tensor | None = None, state: State | None = None
    ) -> tuple[ColorOutput, State | None]:
        """Colour a clip; shapes and ranges are those of `VideoColorizer`."""
        check_clip(lightness, hints, self.stride)
        size = tuple(lightness.shape[-2:])
        if self.fixed_size not in (None, size):
            raise ValueError(f"dense=True fixes the input at {self.config['size']} pixels square, got {size}")
        ab = self.decoder(self.encoder(lightness.flatten(0, 1) / 100))
        return ColorOutput((_AB_SCALE * ab.float().tanh()).unflatten(0, lightness.shape[:2]), None), state


def _encoder(widths: tuple[int, ...]) -> nn.Sequential:
    levels = (
        nn.Sequential(*_conv_act(inputs, outputs, stride=2), *_conv_act(outputs, outputs))
        for inputs, outputs in pairwise((1, *widths))
    )
    return nn.Sequential(OrderedDict(blocks=nn.Sequential(*levels)))  # named as the optimiser looks for them


def _decoder(widths: tuple[int, ...]) -> nn.Sequential:
    rising = (*reversed(widths), widths[0] // 2)
    levels = (nn.Sequential(nn.Upsample(scale_factor=2), *_conv_act(*pair)) for pair in pairwise(rising))
    return nn.Sequential(*levels, nn.Conv2d(rising[-1], 2, 3, padding=1))


def _dense_decoder(inputs: int, size_in: int, size_out: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(
        *_conv_act(inputs, _SQUEEZED, kernel=1),
        nn.Flatten(),
        nn.Linear(_SQUEEZED * size_in**2, hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, 2 * size_out**2),
        nn.Unflatten(1, (2, size_out, size_out)),
    )


def _conv_act(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
    # Nothing normalises here: PyTorch's own start would shrink the signal sixfold a layer, down to nothing.
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    nn.init.zeros_(conv.bias)
    return [conv, nn.ReLU(inplace=True)]
