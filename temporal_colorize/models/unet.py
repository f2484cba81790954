"""The main network of the thesis on monochrome CCTV: a U-Net (Ronneberger et al. 2015) that regresses ab."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from temporal_colorize.models.blocks import ConvNormAct
from temporal_colorize.models.contract import ColorOutput, State, StatePlane, check_clip

_AB_SCALE = 110.0


class UNet(nn.Module):
    """Two 3x3 convolutions a level, max pooling down, transposed convolutions and skips up; ab at full resolution.

    After Ghevandiani (2025), whose text could not be had here. Known of it: L in [0, 1] in and ab in [-1, 1] out, four
    levels of 64 to 512 filters with ReLU and batch normalisation, a bottleneck of 1024, transposed convolutions with
    stride 2, 256x256 pictures; its sixth version adds dropout and an L2 penalty on the encoder's layers (here the
    optimiser's weight decay). Chosen here: the order convolution, normalisation, ReLU; transposed kernels of 2x2;
    tanh, since the range of ab asks for it, times 110; dropout after each pooling, so that the skips stay whole.

    Hints are ignored, and the state comes back as it was given: frames are coloured one by one.

    Args:
        widths: Filters of the encoder's levels, and last those of the bottleneck; their number decides `stride`.
        dropout: Share of the values that are dropped, in training only; 0 in the fifth version, unknown in the sixth.

    Raises:
        ValueError: If `dropout` is not below 1.
    """

    architecture = "unet"
    stride = 16
    fixed_size: tuple[int, int] | None = None
    has_bins = False
    state_planes: tuple[StatePlane, ...] = ()

    def __init__(
        self,
        *,
        widths: tuple[int, ...] = (64, 128, 256, 512, 1024),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout={dropout} must be at least 0 and below 1")
        self.config = {"widths": list(widths), "dropout": dropout}
        self.stride = 2 ** (len(widths) - 1)
        rising = list(pairwise(reversed(widths)))
        self.encoder = _Encoder(widths[:-1], dropout)
        self.bottleneck = _double(*widths[-2:])
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(deep, wide, 2, 2) for deep, wide in rising)
        self.fuse = nn.ModuleList(_double(2 * wide, wide) for _, wide in rising)
        self.head = nn.Conv2d(widths[0], 2, 1)

    def forward(
        self, lightness: Tensor, hints: Tensor | None = None, state: State | None = None
    ) -> tuple[ColorOutput, State | None]:
        """Colour a clip; shapes and ranges are those of `VideoColorizer`."""
        check_clip(lightness, hints, self.stride)
        x, skips = self.encoder(lightness.flatten(0, 1) / 100)
        x = self.bottleneck(x)
        for enlarge, fuse, skip in zip(self.enlarge, self.fuse, reversed(skips), strict=True):
            x = fuse(torch.cat([skip, enlarge(x)], dim=1))
        ab = _AB_SCALE * self.head(x).float().tanh()
        return ColorOutput(ab.unflatten(0, lightness.shape[:2]), None), state


class _Encoder(nn.Module):
    def __init__(self, widths: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(_double(*pair) for pair in pairwise((1, *widths)))
        self.shrink = nn.Sequential(nn.MaxPool2d(2), nn.Dropout(dropout))

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Give what goes to the bottleneck, and each level's features from fine to coarse."""
        skips = []
        for block in self.blocks:
            skips.append(block(x))
            x = self.shrink(skips[-1])
        return x, skips


def _double(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(ConvNormAct(inputs, outputs), ConvNormAct(outputs, outputs))
