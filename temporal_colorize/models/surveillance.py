"""Deep Colorization for Surveillance Images (Yao and Xia): a VGG without pooling that classifies colours."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from temporal_colorize.color.bins import BIN_COUNT, decode_annealed_mean
from temporal_colorize.models.contract import ColorOutput, State, StatePlane, check_clip
from temporal_colorize.models.zhang import conv_block

_UP_REPEATS = 3


class SurveillanceNet(nn.Module):
    """Blocks of repeated convolution and ReLU, each ended by batch normalisation; 313 logits at 1/4 resolution.

    The paper could not be had here. Known of it: VGG-style blocks without pooling, resolution changed by down- and
    upsampling only, a distribution over quantised ab, a point estimate of it with a regularisation parameter, and a
    loss weighted by a gradient prior (`temporal_colorize.gradient_prior`). Chosen here: VGG-16's repeats and widths;
    halving by a stride of 2 in a block's last convolution and one normalisation a block, as in Zhang et al. 2016, whose
    wording the paper's is like; then twice bilinear upsampling and a block of three convolutions; the 313 bins of
    `color.bins`; and as the regularised point estimate the annealed mean.

    Hints are ignored, and the state comes back as it was given: frames are coloured one by one.

    Args:
        widths: Channels of the encoder's blocks, at strides 1, 2, 4, 8 and 16 (each halves at its end, but the last).
        repeats: Convolutions in each of them.
        up_width: Channels at 1/8 and 1/4 on the way up.
        temperature: Of the annealed mean that `ColorOutput.ab` is; 1 for the mean, towards 0 the mode.

    Raises:
        ValueError: If there are not five widths and five repeats, or the temperature is not positive.
    """

    architecture = "surveillance"
    stride = 16
    fixed_size: tuple[int, int] | None = None
    has_bins = True
    state_planes: tuple[StatePlane, ...] = ()

    def __init__(
        self,
        *,
        widths: Sequence[int] = (64, 128, 256, 512, 512),
        repeats: Sequence[int] = (2, 2, 3, 3, 3),
        up_width: int = 256,
        temperature: float = 0.38,
    ) -> None:
        super().__init__()
        if len(widths) != 5 or len(repeats) != 5:
            raise ValueError(f"widths={list(widths)} and repeats={list(repeats)} must have five numbers each")
        if not temperature > 0:
            raise ValueError(f"temperature={temperature} must be above 0")
        self.config = {
            "widths": list(widths),
            "repeats": list(repeats),
            "up_width": up_width,
            "temperature": temperature,
        }
        strides = (2, 2, 2, 2, 1)
        channels = pairwise((1, *widths))
        blocks = [conv_block(*io, n, stride=s) for io, n, s in zip(channels, repeats, strides, strict=True)]
        self.encoder = nn.Sequential(OrderedDict(blocks=nn.Sequential(*blocks)))  # named as the optimiser expects
        self.decoder = nn.Sequential(
            *(_up_block(*pair) for pair in pairwise((widths[-1], up_width, up_width))),
            nn.Conv2d(up_width, BIN_COUNT, 1),
        )

    def forward(
        self, lightness: Tensor, hints: Tensor | None = None, state: State | None = None
    ) -> tuple[ColorOutput, State | None]:
        """Colour a clip; shapes and ranges are those of `VideoColorizer`."""
        check_clip(lightness, hints, self.stride)
        logits = self.decoder(self.encoder((lightness.flatten(0, 1) - 50) / 100))
        logits = logits.unflatten(0, lightness.shape[:2])
        ab = decode_annealed_mean(logits, logits.new_zeros(BIN_COUNT), temperature=self.config["temperature"])
        return ColorOutput(ab, logits), state


def _up_block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), conv_block(inputs, outputs, _UP_REPEATS))
