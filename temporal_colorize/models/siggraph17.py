"""The network of Zhang et al., "Real-Time User-Guided Image Colorization with Learned Deep Priors" (SIGGRAPH 2017)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from temporal_colorize.models.contract import ColorOutput, State, StatePlane, check_clip
from temporal_colorize.models.public_weights import take
from temporal_colorize.models.zhang import ConvEncoder, conv_block

_L_SCALE, _AB_SCALE = 100.0, 110.0
_PORT = "richzhang/colorization siggraph17 (siggraph17-df00044c.pth)"
# The port's names of what is not in the encoder.
_NAMES = {
    "model8up.0": "up8",
    "model3short8.0": "skip8",
    "model8": "fuse8",
    "model9up.0": "up9",
    "model2short9.0": "skip9",
    "model9": "fuse9",
    "model10up.0": "up10",
    "model1short10.0": "skip10",
    "model10": "fuse10",
    "model_out.0": "ab_head",
}


class Siggraph17Net(nn.Module):
    """A U-Net over L* and hints that regresses ab at full resolution; a network of single frames, so that a hint is
    seen in its own frame only.

    The layers are those of the authors' PyTorch port. Its second head, over a 23x23 grid of colours at 1/4
    resolution, suggests a palette and does not touch the picture; it is left out, and there are no logits.

    Args:
        width: Channels of conv1; the others follow. 64 is as published (34.1 M parameters, without that head).
        mask_center: What is taken off the 0/1 mask of the hints: 0 as the published siggraph17 file has it, 0.5 for
            weights trained by the authors' later code, richzhang/colorization-pytorch.
    """

    architecture = "siggraph17"
    stride = 8
    fixed_size = None
    has_bins = False
    state_planes: tuple[StatePlane, ...] = ()

    def __init__(self, *, width: int = 64, mask_center: float = 0.0) -> None:
        super().__init__()
        self.config = {"width": width, "mask_center": mask_center}
        self.mask_center = mask_center
        double, quad = 2 * width, 4 * width
        self.encoder = ConvEncoder(4, width, [1] * 7)
        self.up8 = nn.ConvTranspose2d(2 * quad, quad, 4, 2, 1)
        self.skip8 = nn.Conv2d(quad, quad, 3, padding=1)
        self.fuse8 = nn.Sequential(nn.ReLU(inplace=True), *conv_block(quad, quad, 2))
        self.up9 = nn.ConvTranspose2d(quad, double, 4, 2, 1)
        self.skip9 = nn.Conv2d(double, double, 3, padding=1)
        self.fuse9 = nn.Sequential(nn.ReLU(inplace=True), *conv_block(double, double, 1))
        self.up10 = nn.ConvTranspose2d(double, double, 4, 2, 1)
        self.skip10 = nn.Conv2d(width, double, 3, padding=1)
        self.fuse10 = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(double, double, 3, padding=1), nn.LeakyReLU(0.2))
        self.ab_head = nn.Conv2d(double, 2, 1)

    def forward(
        self, lightness: Tensor, hints: Tensor | None = None, state: State | None = None
    ) -> tuple[ColorOutput, State | None]:
        """Colour a clip; shapes and ranges are those of `VideoColorizer`. The state is given back as it came."""
        check_clip(lightness, hints, self.stride)
        conv1, conv2, conv3, conv4, *deep = self.encoder.blocks
        at1 = conv1(self._input(lightness, hints))
        at2 = conv2(_every_other(at1))
        at4 = conv3(_every_other(at2))
        x = conv4(_every_other(at4))
        for block in deep:
            x = block(x)
        x = self.fuse8(self.up8(x) + self.skip8(at4))
        x = self.fuse9(self.up9(x) + self.skip9(at2))
        x = self.fuse10(self.up10(x) + self.skip10(at1))
        ab = _AB_SCALE * self.ab_head(x).float().tanh()
        return ColorOutput(ab.unflatten(0, lightness.shape[:2]), None), state

    def _input(self, lightness: Tensor, hints: Tensor | None) -> Tensor:
        """Stack L*, a, b and the mask as the port scales them, (B * T, 4, H, W)."""
        if hints is None:
            hints = torch.zeros_like(lightness).expand(-1, -1, 3, -1, -1)
        ab, mask = hints[:, :, :2], hints[:, :, 2:]
        parts = (lightness - 50) / _L_SCALE, ab * mask / _AB_SCALE, mask - self.mask_center
        return torch.cat(parts, dim=2).flatten(0, 1)

    def load_public(self, weights: Mapping[str, Tensor]) -> None:
        """Take the weights of the authors' PyTorch port (`siggraph17`), as `read_public` reads them.

        Raises:
            ValueError: If these are not its weights.
        """
        own = {_own_name(name): value for name, value in weights.items() if not name.startswith("model_class.")}
        take(self, own, _PORT)


def _every_other(x: Tensor) -> Tensor:
    return x[:, :, ::2, ::2]


def _own_name(name: str) -> str:
    """Turn model3.4.weight into encoder.blocks.2.4.weight, and what comes after model7 into the names here."""
    for theirs, ours in _NAMES.items():
        if name.startswith(f"{theirs}."):
            return name.replace(theirs, ours, 1)
    block, _, rest = name.removeprefix("model").partition(".")
    return f"encoder.blocks.{int(block) - 1}.{rest}" if block.isdecimal() else name
