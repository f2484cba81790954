"""What a network hears of hints in a frame, and how that is kept to the places that are meant."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.models.contract import ColorOutput, State

_REACH = 16  # pixels that the network sees, by which a hinted place grows,
_FEATHER = 16  # and over which it ends


class Heard(NamedTuple):
    """What a network hears in one frame, at the size that it sees.

    Attributes:
        hints: (3, H, W): a, b and a 0/1 mask, or None.
        confined: Likewise; but what the network makes of them elsewhere is left out, now and later, for which it runs
            twice. It remembers them until a frame without any.
    """

    hints: Tensor | None = None
    confined: Tensor | None = None

    def to(self, device: torch.device) -> "Heard":
        """Move it."""
        return Heard(*(None if part is None else part.to(device) for part in self))

    @property
    def all_hints(self) -> Tensor:
        """Confined ones over the others, (3, H, W)."""
        if self.hints is None:
            return self.confined
        return torch.where(self.confined[2:] > 0, self.confined, self.hints)

    @property
    def place(self) -> Tensor:
        """Where confined hints hold and a little beyond, ending softly: (1, 1, H, W) in 0..1."""
        grown = F.max_pool2d(self.confined[None, 2:], 2 * _REACH + 1, stride=1, padding=_REACH)
        return F.avg_pool2d(grown, _FEATHER + 1, stride=1, padding=_FEATHER // 2, count_include_pad=False)


NOTHING = Heard()


def stacked(heard: Sequence[Heard]) -> Tensor | None:
    """Stack frames' hints, (T, 3, H, W), but for confined ones; None if there are none."""
    like = next((one.hints for one in heard if one.hints is not None), None)
    if like is None:
        return None
    return torch.stack([torch.zeros_like(like) if one.hints is None else one.hints for one in heard])


def mixed_outputs(there: ColorOutput, elsewhere: ColorOutput, place: Tensor) -> ColorOutput:
    """Take one output at a place, (1, 1, H, W), and another elsewhere; B = T = 1."""
    pairs = zip(there, elsewhere, strict=True)
    return ColorOutput(*(None if one is None else _mixed(one[0], other[0], place)[None] for one, other in pairs))


def mixed_states(there: State, elsewhere: State, place: Tensor) -> State:
    """Do the same with states."""
    return tuple(_mixed(one, other, place) for one, other in zip(there, elsewhere, strict=True))


def _mixed(there: Tensor, elsewhere: Tensor, place: Tensor) -> Tensor:
    return torch.lerp(elsewhere, there, _shrunk(place, there))


def _shrunk(place: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(place, like.shape[-2:], mode="area").to(like.dtype)
