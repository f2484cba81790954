"""Which colours could this be: what the network believes of one thing in a video or a picture, in words."""

import os
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.chroma import ChromaCoding, luma_from_code
from temporal_colorize.color.lab import lab_to_rgb
from temporal_colorize.color.names import TERMS, bin_terms, luma_levels, nearest_name
from temporal_colorize.inference.answer import Answer, Name, PixelBox
from temporal_colorize.inference.box import Box
from temporal_colorize.inference.naming import NamingOptions, PixelNames, claim, follow, name_pixels, pool
from temporal_colorize.inference.picture import is_picture, read_luma
from temporal_colorize.inference.planes import ab_at, render, see
from temporal_colorize.inference.session import Session
from temporal_colorize.inference.turn import UNTURNED, Turn
from temporal_colorize.models.contract import ColorOutput
from temporal_colorize.options import require_number
from temporal_colorize.video import Deinterlace, Frame, Limits, VideoReader

_MOST_SECONDS = 30  # around the moment: what is kept of each frame is half a megabyte
_AT_LEAST = 1e-3  # seconds that are read after the moment, or its own picture would be left out
_DECIMALS = 4  # of a probability
_STALE = 1.0  # seconds for which the picture at the moment has been shown, above which the answer says so


class _Kept(NamedTuple):
    """What is kept of every frame around the moment."""

    time: float
    scene: int
    seen: Tensor
    terms: Tensor
    trusted: float


class _Moment(NamedTuple):
    """The frame that is asked about."""

    time: float
    scene: int
    luma: np.ndarray
    seen: Tensor
    output: ColorOutput


def ask(
    source: str | os.PathLike[str],
    session: Session,
    *,
    box: PixelBox,
    naming: NamingOptions,
    weights: str,
    at: float | None = None,
    seconds: float = 1.0,
    warmup: float = 2.0,
    deinterlace: Deinterlace = "auto",
    rate: float | None = None,
    limits: Limits | None = None,
) -> Answer:
    """Say which colours the thing in a box could have.

    The thing is followed, by its luma, through the frames around, and what is believed of its pixels is pooled.

    Args:
        source: A video, numbered pictures, or a picture.
        session: A fresh session.
        box: Where the thing is, in the picture as it is shown.
        naming: How pixels are pooled.
        weights: What the session's weights are called, for the record.
        at: When it is there, in seconds after the first picture; None of a picture.
        seconds: How long before and after that is looked at, as far as the scene goes.
        warmup: How long before those the network begins, so that it remembers the scene.
        deinterlace: See `VideoReader`, and
        rate: this.
        limits: What the file is trusted with; None for the usual.

    Raises:
        ValueError: If the box or the time is outside, or the network has no bins; and what a file that cannot be read
            raises.
    """
    require_number("seconds", seconds, least=0, most=_MOST_SECONDS)
    require_number("warmup", warmup, least=0)
    if not session.net.has_bins:
        raise ValueError(f"weights={weights} only regress: names need a network with bins, such as weights=convlstm")
    if is_picture(source):
        if at is not None:
            raise ValueError(f"at={at}: {source} is a picture, which has no time; leave at out")
        plane = read_luma(source, limits=limits)
        asked = _Asked(session, ChromaCoding("bt601", full_range=True, bit_depth=8 * plane.dtype.itemsize), plane.shape)
        place = box.within(plane.shape)
        asked.look(plane, 0.0, at=0.0, since=0.0)
    else:
        if at is None:
            raise ValueError(f"at is missing: at which second of {source}? at=12.4s")
        require_number("at", at, least=0)
        part = {"start": max(0.0, at - seconds - warmup), "end": at + max(seconds, _AT_LEAST)}
        with VideoReader(source, deinterlace=deinterlace, rate=rate, limits=limits, **part) as reader:
            turn = Turn.of(reader.info.display_matrix)
            place = turn.stored_box(box.within(turn.shape((reader.info.height, reader.info.width))))
            _refuse_after(at, reader.info.duration)
            asked = _read_around(session, reader, at=at, seconds=seconds)
    return asked.answer(place, naming, source=str(source), box=box, at=at, weights=weights)


def _refuse_after(at: float, end: float | None) -> None:
    if end is not None and at > end:
        raise ValueError(f"at={at:g} is after the last picture: the video ends at {end:.2f} s")


def _read_around(session: Session, reader: VideoReader, *, at: float, seconds: float) -> "_Asked":
    info = reader.info
    shape = info.height, info.width
    coding = ChromaCoding(info.matrix, info.full_range, info.bit_depth)
    asked = _Asked(session, coding, shape, turn=Turn.of(info.display_matrix))
    since = float(reader.part.start or -reader.part.origin)
    for item in reader:
        if isinstance(item, Frame):
            asked.look(item.luma, item.time + since, at=at, since=at - seconds)
            shown = max(float(item.duration * item.time_base), 1 / float(info.nominal_rate))
    if info.duration is None:
        _refuse_after(at, asked.kept[-1].time + shown)
    asked.notes += reader.notes
    return asked


class _Asked:
    """Looks at the frames in order, keeps what an answer needs, and gives it."""

    def __init__(
        self, session: Session, coding: ChromaCoding, shape: tuple[int, int], *, turn: Turn = UNTURNED
    ) -> None:
        self.kept: list[_Kept] = []
        self.notes: list[str] = []
        self._session, self._coding, self._size = session, coding, session.prepare(*shape)
        self._moment: _Moment | None = None
        self._turn = turn

    def look(self, luma: np.ndarray, time: float, *, at: float, since: float) -> None:
        """Take the next frame: the last up to `at` is the one, and those before `since` the network only remembers."""
        seen = see(luma, self._size, self._coding)
        output = self._session.step(seen)
        if self._moment is None or time <= at + _AT_LEAST / 2:
            self._moment = _Moment(time, self._session.cuts, luma, seen, output)
        if time >= since - _AT_LEAST / 2:
            self.kept.append(self._keep(time, output, seen))

    def _keep(self, time: float, output: ColorOutput, seen: Tensor) -> _Kept:
        terms = self._named(output, seen).terms
        return _Kept(time, self._session.cuts, seen, terms, self._session.trusts(output))

    def _named(self, output: ColorOutput, seen: Tensor) -> PixelNames:
        calibration = self._session.decoding.calibration
        return name_pixels(output, seen, self._session.log_weights, calibration=calibration)

    def answer(
        self, place: Box, naming: NamingOptions, *, source: str, box: PixelBox, at: float | None, weights: str
    ) -> Answer:
        """Pool over the frames of the moment's scene in which the thing is found."""
        moment = self._moment
        pixels = self._named(moment.output, moment.seen)
        frames = [kept for kept in self.kept if kept.scene == moment.scene]
        if all(kept.time != moment.time for kept in frames):  # it began before what is looked at
            frames.insert(0, self._keep(moment.time, moment.output, moment.seen))
        here = [kept.time for kept in frames].index(moment.time)
        places = follow([kept.seen for kept in frames], here, place, naming)
        found = [kept for kept, where in zip(frames, places, strict=True) if where is not None]
        trusted = sum(kept.trusted for kept in found) / len(found)
        probabilities = claim(pool([kept.terms for kept in frames], places).settle(naming), trusted)
        rows, columns = place.slices(*pixels.terms.shape[-2:])
        grey, colored = self._crops(box)
        return Answer(
            source=source,
            box=box,
            at=at,
            names=_names(probabilities, pixels, rows, columns),
            lightness=float(pixels.lightness[:, rows, columns].mean()),
            pixels=(rows.stop - rows.start) * (columns.stop - columns.start),
            frames=len(found),
            seconds=None if at is None else (found[0].time, found[-1].time),
            trusted=trusted,
            computed=self._session.computed(),
            weights=weights,
            notes=[*self.notes, *self._session.notes, *_distrusted(trusted), *_stale(at, moment.time)],
            grey=grey,
            colored=colored,
        )

    def _crops(self, box: PixelBox) -> tuple[np.ndarray, np.ndarray]:
        luma = luma_from_code(torch.from_numpy(self._moment.luma.copy())[None], self._coding)
        ab = ab_at(luma, self._session.decode(self._moment.output).ab, self._moment.seen)
        rgb = render(luma, ab, self._coding.matrix)
        rows, columns = slice(box.top, box.top + box.height), slice(box.left, box.left + box.width)
        grey, colored = (
            self._turn.shown((part * 255).round().byte().permute(1, 2, 0).numpy())[rows, columns]
            for part in (luma.expand(3, -1, -1), rgb)
        )
        return grey, colored


def _names(probabilities: Tensor, pixels: PixelNames, rows: slice, columns: slice) -> list[Name]:
    """List the terms, the most probable first, each with the colour that is expected if it is the one."""
    level = luma_levels(pixels.lightness[:, rows, columns].mean())
    terms, colours = (table[level] for table in bin_terms())
    mass = (pixels.bins[:, rows, columns].flatten(1).mean(1)[:, None] * terms).T + 1e-9 * terms.T
    expected = mass @ colours / mass.sum(1, keepdim=True).clamp(min=1e-20)
    return [
        _name(TERMS[number], float(probabilities[number]), expected[number])
        for number in probabilities.argsort(descending=True).tolist()
    ]


def _name(term: str, probability: float, lab: Tensor) -> Name:
    rgb = (lab_to_rgb(lab[:, None, None]).flatten() * 255).round().int().tolist()
    return Name(name=term, probability=round(probability, _DECIMALS), such_as=nearest_name(lab, term), rgb=tuple(rgb))


def _distrusted(trusted: float) -> list[str]:
    if trusted == 1:
        return []
    return [
        f"{100 * trusted:.0f} % of each probability is claimed, and the rest given to all names alike: in infrared "
        "light not even black, grey and white are known"
    ]


def _stale(at: float | None, shown: float) -> list[str]:
    if at is None or at - shown <= _STALE:
        return []
    return [f"the picture at that moment has been shown since {shown:.2f} s"]
