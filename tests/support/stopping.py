"""Sessions that fail on the way, as if the process were stopped."""

from collections.abc import Sequence

import torch

from temporal_colorize.inference.hearing import Heard
from temporal_colorize.inference.session import Session
from temporal_colorize.models.contract import ColorOutput


class StoppedError(Exception):
    """What a session raises that was told to."""


def stopping(session: Session, *, after: int | None) -> Session:
    """Have a session raise a StoppedError once the network has seen more frames than `after`; None for never."""
    steps, seen = session.steps, 0

    def steps_until(clip: torch.Tensor, heard: Sequence[Heard] | None = None) -> list[ColorOutput]:
        nonlocal seen
        seen += len(clip)
        if after is not None and seen > after:
            raise StoppedError
        return steps(clip, heard)

    session.steps = steps_until
    return session
