"""Colours the luma planes of one stream: what the network sees, on which frames, and where chroma is laid anew."""

import bisect
import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.inference.chroma_layer import ChromaLayer
from temporal_colorize.inference.colored import ColoredFrame
from temporal_colorize.inference.estimate import Estimate
from temporal_colorize.inference.gate import Box, Gate, GateOptions
from temporal_colorize.inference.hints.guidance import Guidance, Guide, View, heard, shares, sure_with
from temporal_colorize.inference.planes import lightness_of, shrink
from temporal_colorize.inference.profile import Profile
from temporal_colorize.inference.session import Session
from temporal_colorize.inference.snapshot import Snapshot, give_back, nest, take, unnest
from temporal_colorize.inference.turn import UNTURNED, Turn
from temporal_colorize.models.contract import ColorOutput
from temporal_colorize.video import VideoInfo

_CARRIED = ("looks", "_before", "_newest", "_shown")
_LAID = ("_sure",)


class Work(NamedTuple):
    """What is left to do of a frame.

    Attributes:
        guide: (h, w) luma codes at chroma resolution.
        lightness: L* that the network saw or would have seen, (1, H0, W0).
        estimate: Gives what is to be shown; None if nothing has changed.
        boxes: Where chroma must be laid.
        known: Colours that are laid over it.
        cuts: How many have been found up to and with it.
    """

    guide: np.ndarray
    lightness: Tensor
    estimate: Callable[[], Estimate] | None
    boxes: list[Box]
    known: Guidance | None = None
    cuts: int = 0


class ChromaStream:
    """From luma planes, in order, to chroma planes; nothing on the way is RGB.

    Args:
        session: A fresh session.
        coding: How the stream writes luma and chroma.
        shape: (height, width) of the luma planes.
        chroma_shape: (height, width) of the chroma planes.
        gate: When to look again, and where; None for every frame, all of it.
        guide: Knows colours of some frames, see `Guide`; None for nobody.
        turn: How pictures are shown.
        profile: Where the time goes is added up there.

    Attributes:
        looks: On how many frames the network ran.
        coding: As given.
        confidence: Of what was laid last, (h, w), see `Estimate`; None if the session does not say.
        laid_cuts: How many cuts there had been up to that.
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
        turn: Turn = UNTURNED,
        profile: Profile | None = None,
    ) -> None:
        self.looks = 0
        self.confidence: Tensor | None = None
        self.laid_cuts = 0
        self._sure: Tensor | None = None  # but for what a guide knows
        self._session, self.coding, self._turn = session, coding, turn
        self._layer = ChromaLayer(coding, chroma_shape)  # begins its table, while the network is prepared
        self._size = session.prepare(*shape)
        self._gate = None if gate is None else Gate(gate, bit_depth=coding.bit_depth)
        self._guide = guide
        if guide is not None:
            guide.begin(View(shape, chroma_shape, self._size, coding, session.cut_threshold, turn))
        self._stage = (profile or Profile()).stage
        self._before = self._newest = self._shown = Estimate(torch.empty(0))

    @property
    def cuts(self) -> int:
        """How many cuts have been found."""
        return self._session.cuts

    @property
    def keeps_chroma(self) -> bool:
        """Whether a frame's chroma may be that of the frame before, so that every frame must be laid."""
        return self._gate is not None

    @property
    def notes(self) -> list[str]:
        """What was done otherwise than asked for lack of memory."""
        return self._session.notes

    @property
    def infrared(self) -> float | None:
        """Share of the frames the network ran on that looked near-infrared; None if nobody asked."""
        return self._session.infrared

    @property
    def given(self) -> list[str]:
        """What the guide was given, a line each."""
        return [] if self._guide is None else self._guide.given

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
        return {**take(self, _LAID), **nest("layer", self._layer.snapshot())}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on where both of a stream like this one were copied after the same frame."""
        give_back(self, (*_CARRIED, *_LAID), snapshot)
        self._before, self._newest, self._shown = (Estimate(*it) for it in (self._before, self._newest, self._shown))
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
            return self._look_at_all(guides, [lightness_of(codes, self.coding) for codes in seen], known)
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
        hearing = [heard(guidance, self._size) for guidance in known]
        with self._stage("network"):
            outputs = self._session.steps(torch.stack(lightness), hearing) if guides else []
        everything = [tuple(slice(0, length) for length in self._layer.planes[0].shape)]
        decodings = (functools.partial(self._decode, output) for output in outputs)
        parts = zip(guides, lightness, decodings, known, strict=True)
        cut_at = self._session.cut_at if guides else []
        before = self._session.cuts - len(cut_at)
        return [
            Work(guide, seen, ab, everything, guidance, before + bisect.bisect_right(cut_at, number))
            for number, (guide, seen, ab, guidance) in enumerate(parts)
        ]

    def _look(self, guide: np.ndarray, seen: np.ndarray, known: Guidance | None) -> Work:
        with self._stage("gate"):
            wanted = self._gate.must_run(seen, now=known is not None and known.fresh)
        lightness = lightness_of(seen, self.coding)
        if self._guide is not None:
            self._gate.guide(shares(known and known.colours, self._size))
        if wanted:
            self._run(lightness, known)
        shown = self._mix() if self._gate.must_show else None
        boxes = self._gate.boxes(*guide.shape)
        return Work(guide, lightness, None if shown is None else lambda: shown, boxes, known, self._session.cuts)

    def lay(self, work: Work) -> tuple[np.ndarray, np.ndarray]:
        """Do the second half, frames in order: return Cb and Cr."""
        self.laid_cuts = work.cuts
        if work.estimate is not None:
            shown = work.estimate()
            self._sure = shown.confidence
            with self._stage("fit lines"):
                self._layer.estimate(shown.ab, work.lightness)
        self.confidence = self._sure
        if self._sure is not None and work.known is not None:
            self.confidence = sure_with(work.known, self._sure)
        with self._stage("lay chroma"):
            self._layer.lay(work.guide, work.boxes, work.known)
        return self._layer.planes

    def picture(
        self, planes: tuple[np.ndarray, np.ndarray, np.ndarray], *, time: float, number: int, total: int | None = None
    ) -> ColoredFrame:
        """Return what was laid last for whoever wants to see it: luma, Cb and Cr, and what else is known of it."""
        about = {"coding": self.coding, "turn": self._turn, "certainty": self.confidence, "cuts": self.laid_cuts}
        return ColoredFrame(planes=planes, time=time, number=number, total=total, **about)

    def _run(self, lightness: Tensor, known: Guidance | None) -> None:
        """Run the network for a new estimate."""
        self.looks += 1
        cuts = self._session.cuts
        hearing = heard(known, self._size)
        with self._stage("network"):
            (output,) = self._session.steps(lightness[None], [hearing])
        if self._session.cuts > cuts:
            self._gate.restart()
        self._before, self._newest = self._shown, self._decode(output)

    def _decode(self, output: ColorOutput) -> Estimate:
        with self._stage("decode bins"):
            return self._session.decode(output)

    def _mix(self) -> Estimate:
        """Mix what is to be shown of the estimates."""
        share = self._gate.share
        self._shown = self._newest if share == 1 else self._before.mixed(self._newest, share)
        self._gate.estimate(self._shown.ab.numpy())
        return self._shown


def coding_of(info: VideoInfo) -> ChromaCoding:
    """Say how a video's planes are written."""
    return ChromaCoding(info.matrix, info.full_range, info.bit_depth)
