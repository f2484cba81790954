"""Parts that several networks share."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_CHANGE_SCALE = 8.0  # a change well above a camera's noise, 0.1 of the picture's -1..1, is then as large as a feature
_STRETCH = 0.03  # beyond 0 and 1, for a gate that reaches both: what is kept by 0.99 is gone after 400 frames


class ConvNormAct(nn.Sequential):
    """A convolution that keeps the size (or halves it, with stride 2), batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class ResidualEncoder(nn.Module):
    """A small residual encoder that starts from nothing, with features at strides 2, 4, 8, 16 and 32.

    Args:
        width: Channels at stride 2; every further stride has half as many again as the one before.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.widths = [int(width * 1.5**level) for level in range(5)]
        inputs, stages = 1, []
        for outputs in self.widths:
            stages.append(nn.Sequential(ConvNormAct(inputs, outputs, stride=2), _ResidualBlock(outputs)))
            inputs = outputs
        self.stages = nn.ModuleList(stages)

    def forward(self, grey: Tensor) -> list[Tensor]:
        """Compute features; see `EfficientNetLite.forward`."""
        features, x = [], grey
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


class _ResidualBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            ConvNormAct(width, width), nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.layers(x))


class ConvLSTM(nn.Module):
    """A ConvLSTM (Shi et al. 2015, without peepholes) over a clip, its state given and returned.

    The cell is kept in float32 whatever autocast says: it adds up over thousands of frames.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.from_input = nn.Conv2d(inputs, 4 * hidden, 3, padding=1)
        self.from_hidden = nn.Conv2d(hidden, 4 * hidden, 3, padding=1, bias=False)
        with torch.no_grad():
            self.from_input.bias[hidden : 2 * hidden] = 1.0  # a forget gate that starts open remembers

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Run over a clip.

        Args:
            x: (B, T, C, h, w).
            state: Hidden and cell, each (B, hidden, h, w); zeros for a fresh start.

        Returns:
            Hidden maps, (B, T, hidden, h, w), and the state after the last frame.
        """
        batch, frames = x.shape[:2]
        hidden, cell = state
        driven = self.from_input(x.flatten(0, 1)).unflatten(0, (batch, frames))
        outputs = []
        for frame in range(frames):
            gates = (driven[:, frame] + self.from_hidden(hidden)).float()
            enter, forget, leave, candidate = gates.chunk(4, dim=1)
            cell = forget.sigmoid() * cell + enter.sigmoid() * candidate.tanh()
            hidden = (leave.sigmoid() * cell.tanh()).to(x.dtype)
            outputs.append(hidden)
        return torch.stack(outputs, dim=1), (hidden, cell)


class TemporalBlend(nn.Module):
    """Keeps what belongs to a place while the picture there stands still: h = z * h_before + (1 - z) * x.

    z, one number in 0..1 a pixel, is read off the features before and now and the change of the picture; a hard sigmoid
    that reaches both ends (a stretched one, cut off: Louizos et al. 2018). A convex mix: nothing in it can grow, and
    where z is 1 what was once seen stays as it is. Two things are kept: the features, and
    the hints, of which as much is known as has been kept since they were given. z starts near 0.

    Args:
        width: Channels of the features.
        seen: Channels of what is compared.
        hidden: Channels inside the gate.
    """

    def __init__(self, width: int, seen: int, hidden: int = 32) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.Conv2d(2 * width + seen, hidden, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, hidden, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, 1, 1),
        )
        nn.init.zeros_(self.gate[-1].weight)
        nn.init.constant_(self.gate[-1].bias, -2.0)

    def forward(
        self, x: Tensor, seen: Tensor, hints: Tensor, state: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """Run over a clip; kept in float32 whatever autocast says.

        Args:
            x: (B, T, width, h, w).
            seen: (B, T, seen, h, w), the picture.
            hints: (B, T, 3, h, w): a, b and the share of the pixel that is hinted.
            state: Features, picture and known hints of the frame before, and a plane, (B, 1, h, w), that is 1 where
                there was one; zeros for a fresh start.

        Returns:
            The blended features, like x; what is known of hints, like hints; the state after the last frame.
        """
        outputs, known = [], []
        for frame in range(x.shape[1]):
            now, picture, hint = (part[:, frame].float() for part in (x, seen, hints))
            before, picture_before, hint_before, went_before = state
            change = _CHANGE_SCALE * (picture - picture_before).abs()
            gate = self.gate(torch.cat([now, before, change], dim=1)).float().sigmoid()
            keep = ((1 + 2 * _STRETCH) * gate - _STRETCH).clamp(0, 1) * (1 - hint[:, 2:]) * went_before
            outputs.append(torch.lerp(now, before, keep))
            known.append(_known(hint, hint_before, keep))
            state = outputs[-1], picture, known[-1], torch.ones_like(went_before)
        return torch.stack(outputs, dim=1), torch.stack(known, dim=1), state


def _known(hint: Tensor, before: Tensor, keep: Tensor) -> Tensor:
    """Add a frame's hints, (B, 3, h, w), to what is kept of earlier ones; their colours mix by their shares."""
    new, old = hint[:, 2:], keep * before[:, 2:]
    share = new + old
    colour = (new * hint[:, :2] + old * before[:, :2]) / share.clamp_min(1e-6)
    return torch.cat([colour, share], dim=1)


def pool_hints(hints: Tensor, size: int) -> Tensor:
    """Shrink hints, (N, 3, H, W), by `size`: the mean ab of what is hinted in each cell, and its share of the cell."""
    mask = hints[:, 2:]
    coverage = F.avg_pool2d(mask, size)
    colour = F.avg_pool2d(hints[:, :2] * mask, size) / coverage.clamp_min(1e-6)
    return torch.cat([colour, coverage], dim=1)
