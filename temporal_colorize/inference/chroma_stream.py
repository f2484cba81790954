"""Colours the luma planes of one stream: what the network sees, on which frames, and where chroma is laid anew."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.inference.chroma_layer import ChromaLayer
from temporal_colorize.inference.gate import Box, Gate, GateOptions
from temporal_colorize.inference.hints.guidance import Guidance, Guide, View, network_hints, shares
from temporal_colorize.inference.planes import lightness_of, shrink
from temporal_colorize.inference.profile import Profile
from temporal_colorize.inference.session import Session
from temporal_colorize.inference.snapshot import Snapshot, give_back, nest, take, unnest
from temporal_colorize.models.contract import ColorOutput

_CARRIED = ("looks", "_before", "_newest", "_shown")


class Work(NamedTuple):
    """What is left to do of a frame.

    Attributes:
        guide: (h, w) luma codes at chroma resolution.
        lightness: L* that the network saw or would have seen, (1, H0, W0).
        ab: Gives what is to be shown, (2, h', w'); None if nothing has changed.
        boxes: Where chroma must be laid.
        known: Colours that are laid over it.
    """

    guide: np.ndarray
    lightness: Tensor
    ab: Callable[[], Tensor] | None
    boxes: list[Box]
    known: Guidance | None = None


class ChromaStream:
    """From luma planes, in order, to chroma planes; nothing on the way is RGB.

    Args:
        session: A fresh session.
        coding: How the stream writes luma and chroma.
        shape: (height, width) of the luma planes.
        chroma_shape: (height, width) of the chroma planes.
        gate: When to look again, and where; None for every frame, all of it.
        guide: Knows colours of some frames, see `Guide`; None for nobody.
        profile: Where the time goes is added up there.

    Attributes:
        looks: On how many frames the network ran.
    """

    def __init__(
        self,
        session: Session,
        coding: ChromaCoding,
        *,
        shape: tuple[int, int],
        chroma_shape: tuple[int, int],
        gate: GateOptions | None = None,
        guide: Guide | None = None,
        profile: Profile | None = None,
    ) -> None:
        self.looks = 0
        self._session, self._coding = session, coding
        self._layer = ChromaLayer(coding, chroma_shape)  # begins its table, while the network is prepared
        self._size = session.prepare(*shape)
        self._gate = None if gate is None else Gate(gate, bit_depth=coding.bit_depth)
        self._guide = guide
        if guide is not None:
            guide.begin(View(shape, chroma_shape, self._size, coding, session.cut_threshold))
        self._stage = (profile or Profile()).stage
        self._before = self._newest = self._shown = torch.empty(0)  # ab, (2, h, w) each

    @property
    def cuts(self) -> int:
        """How many cuts have been found."""
        return self._session.cuts

    @property
    def notes(self) -> list[str]:
        """What was done otherwise than asked for lack of memory."""
        return self._session.notes

    @property
    def unused(self) -> list[str]:
        """What the guide could not use, so far."""
        return [] if self._guide is None else self._guide.notes

    def looked(self) -> Snapshot:
        """Copy what `look` carries from frame to frame."""
        gate = {} if self._gate is None else nest("gate", self._gate.snapshot())
        guide = {} if self._guide is None else nest("guide", self._guide.snapshot())
        return {**take(self, _CARRIED), **nest("session", self._session.snapshot()), **gate, **guide}

    def laid(self) -> Snapshot:
        """Copy what `lay` carries from frame to frame."""
        return nest("layer", self._layer.snapshot())

    def restore(self, snapshot: Snapshot) -> None:
        """Go on where both of a stream like this one were copied after the same frame."""
        give_back(self, _CARRIED, snapshot)
        self._session.restore(unnest("session", snapshot))
        if self._gate is not None:
            self._gate.restore(unnest("gate", snapshot))
        if self._guide is not None:
            self._guide.restore(unnest("guide", snapshot))
        self._layer.restore(unnest("layer", snapshot))

    def __call__(self, luma: np.ndarray, time: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Colour the next frame, (H, W) luma codes: Cb and Cr codes, in the stream's integer type."""
        (work,) = self.look([luma], [time])
        return self.lay(work)

    def look(self, lumas: Sequence[np.ndarray], times: Sequence[float] | None = None) -> list[Work]:
        """Do the first half of the next frames, in which the network is; another thread may `lay` what comes of it.

        Without a gate the network runs on all of them together. Only a guide asks for their times, in seconds.
        """
        with self._stage("shrink"):
            guides = [shrink(luma, *self._layer.planes[0].shape) for luma in lumas]
            seen = [shrink(guide, *self._size) for guide in guides]
        known = self._known(lumas, seen, times)
        if self._gate is None:
            return self._look_at_all(guides, [lightness_of(codes, self._coding) for codes in seen], known)
        return [self._look(*parts) for parts in zip(guides, seen, known, strict=True)]

    def _known(
        self, lumas: Sequence[np.ndarray], seen: list[np.ndarray], times: Sequence[float] | None
    ) -> list[Guidance | None]:
        """Ask the guide."""
        if self._guide is None:
            return [None] * len(lumas)
        with self._stage("hints"):
            return [self._guide(*parts) for parts in zip(lumas, seen, times or [], strict=True)]

    def _look_at_all(
        self, guides: list[np.ndarray], lightness: list[Tensor], known: list[Guidance | None]
    ) -> list[Work]:
        self.looks += len(guides)
        hints = None
        if any(map(_is_fresh, known)):
            fresh = [guidance if _is_fresh(guidance) else None for guidance in known]
            hints = torch.stack([network_hints(shares(guidance, self._size)) for guidance in fresh])
        with self._stage("network"):
            outputs = self._session.steps(torch.stack(lightness), hints) if guides else []
        everything = [tuple(slice(0, length) for length in self._layer.planes[0].shape)]
        decodings = (functools.partial(self._decode, output) for output in outputs)
        parts = zip(guides, lightness, decodings, known, strict=True)
        return [Work(guide, seen, ab, everything, guidance) for guide, seen, ab, guidance in parts]

    def _look(self, guide: np.ndarray, seen: np.ndarray, known: Guidance | None) -> Work:
        with self._stage("gate"):
            wanted = self._gate.must_run(seen, now=_is_fresh(known))
        lightness, hints = lightness_of(seen, self._coding), None
        if self._guide is not None:
            given = shares(known, self._size)
            self._gate.guide(given)
            hints = network_hints(given) if _is_fresh(known) else None
        if wanted:
            self._run(lightness, hints)
        shown = self._mix() if self._gate.must_show else None
        boxes = self._gate.boxes(*guide.shape)
        return Work(guide, lightness, None if shown is None else lambda: shown, boxes, known)

    def lay(self, work: Work) -> tuple[np.ndarray, np.ndarray]:
        """Do the second half, frames in order: return Cb and Cr."""
        if work.ab is not None:
            ab = work.ab()
            with self._stage("fit lines"):
                self._layer.estimate(ab, work.lightness)
        with self._stage("lay chroma"):
            self._layer.lay(work.guide, work.boxes, work.known)
        return self._layer.planes

    def _run(self, lightness: Tensor, hints: Tensor | None) -> None:
        """Run the network for a new estimate."""
        self.looks += 1
        cuts = self._session.cuts
        with self._stage("network"):
            output = self._session.step(lightness, hints)
        if self._session.cuts > cuts:
            self._gate.restart()
        self._before, self._newest = self._shown, self._decode(output)

    def _decode(self, output: ColorOutput) -> Tensor:
        with self._stage("decode bins"):
            return self._session.decode(output)

    def _mix(self) -> Tensor:
        """Mix what is to be shown of the estimates, (2, h, w)."""
        if self._gate.share == 1:
            self._shown = self._newest
        else:
            self._shown = torch.lerp(self._before, self._newest, self._gate.share)
        self._gate.estimate(self._shown.numpy())
        return self._shown


def _is_fresh(known: Guidance | None) -> bool:
    """Say whether the network should be told: told in every frame, it spreads the colours over what is around."""
    return known is not None and known.fresh
