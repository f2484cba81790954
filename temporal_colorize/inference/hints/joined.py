"""Several guides as one."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from temporal_colorize.inference.hints.guidance import Colours, Guidance, Guide, View
from temporal_colorize.inference.snapshot import Snapshot, nest, unnest


def join_guides(guides: Sequence[Guide]) -> Guide | None:
    """Make one of several, of which the later ones know better; None of none."""
    return JoinedGuide(guides) if len(guides) > 1 else next(iter(guides), None)


class JoinedGuide:
    """Asks all of its guides, and lays what the later ones know over what the earlier ones do; see `Guide`."""

    def __init__(self, guides: Sequence[Guide]) -> None:
        self._guides = list(guides)

    @property
    def given(self) -> list[str]:
        """What they were given."""
        return [line for guide in self._guides for line in guide.given]

    @property
    def notes(self) -> list[str]:
        """What they have not used."""
        return [line for guide in self._guides for line in guide.notes]

    @property
    def looks_ahead(self) -> bool:
        """Whether one of them looks ahead."""
        return any(guide.looks_ahead for guide in self._guides)

    def look_ahead(self, frames: Iterable[tuple[np.ndarray, float]], folder: Path) -> None:
        """Show all frames to the one that looks ahead."""
        (guide,) = (guide for guide in self._guides if guide.looks_ahead)  # hints; references do not
        guide.look_ahead(frames, folder)

    def settings(self) -> dict[str, object]:
        """Name what their guidance depends on."""
        return {name: value for guide in self._guides for name, value in guide.settings().items()}

    def begin(self, view: View) -> None:
        """Get ready for a stream."""
        for guide in self._guides:
            guide.begin(view)

    def snapshot(self) -> Snapshot:
        """Copy what they carry from frame to frame."""
        parts = [nest(str(number), guide.snapshot()) for number, guide in enumerate(self._guides)]
        return {name: value for part in parts for name, value in part.items()}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a `snapshot` of guides like these."""
        for number, guide in enumerate(self._guides):
            guide.restore(unnest(str(number), snapshot))

    def __call__(self, luma: np.ndarray, seen: np.ndarray, time: float) -> Guidance | None:
        """Take the next frame."""
        found: Guidance | None = None
        for guide in self._guides:
            found = _over(guide(luma, seen, time), found)
        return found


def _over(upper: Guidance | None, lower: Guidance | None) -> Guidance | None:
    if upper is None or lower is None:
        return upper if lower is None else lower
    colours = upper.colours.over(lower.colours)
    trust = lower.trust + upper.mask / np.maximum(colours.mask, 1e-6) * (upper.trust - lower.trust)
    return Guidance(
        *colours,
        upper.fresh or lower.fresh,
        _both(upper.told, lower.told),
        _both(upper.confined, lower.confined),
        trust,
    )


def _both(upper: Colours | None, lower: Colours | None) -> Colours | None:
    return upper.over(lower) if upper is not None and lower is not None else upper or lower
