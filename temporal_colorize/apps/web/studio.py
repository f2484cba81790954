"""What a visitor can do, without the page that he does it on."""

import contextlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from temporal_colorize.apps.service import Job, NoSuchJob, Service
from temporal_colorize.apps.service.source import Look, look_at
from temporal_colorize.apps.service.words import plainly
from temporal_colorize.apps.web.desk import Desk, Desks
from temporal_colorize.apps.web.frames import Shown, of_files, of_frame
from temporal_colorize.apps.web.given import Given, color_of, places_of, write_hints
from temporal_colorize.apps.web.options import PageOptions
from temporal_colorize.colorizer import Colorizer
from temporal_colorize.inference.picture import is_picture
from temporal_colorize.options import require_number

if TYPE_CHECKING:
    from temporal_colorize.inference.answer import Answer

_MOST_GIVEN = 200
_LATEST = 1e6  # seconds
_USUAL_SHAPE = 360, 640  # 16:9, as most cameras have it


@dataclass(frozen=True, kw_only=True)
class Choices:
    """How a visitor wants it.

    Attributes:
        vividness: 0 honest .. 1 vivid.
        abstain: Fade colours that are less sure than this to be right, 0..1.
        reference: The same place by day, as the browser sent it.
        both: Carry colours that are given back in time, too.
        lossless: Keep every grey value as it was.

    Raises:
        ValueError: If a number is none, or out of its range.
    """

    vividness: float | None = None
    abstain: float = 0.0
    reference: str | None = None
    both: bool = False
    lossless: bool = False

    def __post_init__(self) -> None:  # before any of it reaches the configuration, in which a text may mean more
        if self.vividness is not None:
            require_number("vividness", self.vividness, least=0, most=1)
        require_number("abstain", self.abstain, least=0, most=1)


@dataclass(frozen=True)
class Studio:
    """Takes files and colours them; every method raises a ValueError or NoSuchJob whose text is for the visitor."""

    service: Service
    colorizer: Colorizer
    options: PageOptions
    desks: Desks = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "desks", Desks(self.options.desks))

    def warm(self) -> None:
        """Have the network ready for the first visitor: a runtime converts it when it first sees a shape."""
        with contextlib.suppress(ValueError):
            self.colorizer.image(np.full(_USUAL_SHAPE, 128, np.uint8), **self.service.usual_of_looks)

    def take(self, desk: Desk, sent: str | Path, *, keep: bool = False) -> None:
        """Put a file on the desk instead of what was there, with which all that came of it goes; one that a browser
        sent is moved there, others `keep` their place."""
        self.service.forget(desk.visitor)
        desk.clear()
        kept = self.service.place(desk.visitor, Path(sent).name)
        (shutil.copyfile if keep else shutil.move)(sent, kept)
        desk.source = kept

    def first(self, desk: Desk, choices: Choices) -> None:
        """Show the first picture in colour, long before the job's turn may come; a refused file leaves the desk, and
        what cannot be decoded, the job tells."""
        service = self.service
        asked = {"vividness": choices.vividness, "abstain": choices.abstain or None}
        with service.turns.first():
            look = self._look(desk)
            with contextlib.suppress(ValueError):
                with self.colorizer.stream(desk.source, **{**service.usual_of_looks, **asked}) as frames:
                    frame = next(frames)
                desk.shape, desk.turn, desk.origin = frame.planes[0].shape, frame.turn, frame.time
                desk.shown = self._of_frame(desk, frame)
                desk.seconds = float(look.seconds or 0)

    def color(self, desk: Desk, choices: Choices) -> None:
        """Ask for the file on the desk to be coloured, with all that was given."""
        if desk.source is None:
            raise ValueError("there is nothing to colour yet: drop a clip or a picture first")
        self.cancel(desk)
        desk.problem = ""
        hints, reference = self._hints(desk), self._reference(desk, choices.reference)
        asked = {
            "vividness": choices.vividness,
            "abstain": choices.abstain or None,
            "hints": hints,
            "direction": "both" if choices.both and hints else None,
            "reference": reference,
            "confidence": self.colorizer.vividness is not None,
        }
        if not is_picture(desk.source):
            asked |= {"encoder": "lossless"} if choices.lossless else {}
        spend = [*(hints.parent.iterdir() if hints else ()), *([reference] if reference else ())]
        desk.job = self.service.submit(desk.visitor, desk.source, asked, spend=spend).snapshot()

    def job(self, desk: Desk) -> Job | None:
        """Return the job on the desk; NoSuchJob if it was removed meanwhile."""
        return None if desk.job is None else self.service.job(desk.job.id, desk.visitor)

    def cancel(self, desk: Desk) -> None:
        """End the job on the desk, if there is one."""
        if desk.job is not None:
            try:
                self.service.cancel(desk.job.id, desk.visitor)
            except NoSuchJob:
                desk.job = None

    def follow(self, desk: Desk) -> None:
        """Bring what is shown up to what the job has done; raises NoSuchJob if it was removed meanwhile."""
        now = self.job(desk)
        if now is None or desk.job.is_over:
            return
        desk.job = job = now.snapshot()
        if job.state == "done":
            self._supersede(desk, now)
        if job.is_over and self.result(desk) is not None:
            self.show(desk, 0.0 if desk.shown is None else desk.shown.time)
        elif job.latest is not None:
            desk.shown = self._of_frame(desk, job.latest)

    def show(self, desk: Desk, seconds: float) -> None:
        """Show a time of what was done last."""
        job = self.result(desk)
        if job is None:
            raise ValueError("other times can be shown when it is done")
        desk.shown = of_files(
            job.output, job.confidence, seconds=_time_of(seconds), longest=self.service.options.preview,
            quality=self.options.quality, limits=self.service.limits,
        )  # fmt: skip

    def result(self, desk: Desk) -> Job | None:
        """Return the last job of what is on the desk that was done: one that failed or was cancelled takes nothing."""
        return next((job for job in self.service.jobs(desk.visitor) if job.id == desk.done), None)

    def give(self, desk: Desk, places: object, *, color: object, radius: float, grow: bool = False) -> None:
        """Note that places of what is shown have a colour."""
        if desk.shown is None:
            raise ValueError("there is no picture yet: drop a clip or a picture first")
        if len(desk.given) >= _MOST_GIVEN:
            raise ValueError(f"{len(desk.given)} colours are given, and more are not taken: take some back")
        require_number("size", radius, least=1, most=512)
        where = {"at": desk.shown.time, "places": places_of(places), "radius": float(radius), "grow": bool(grow)}
        desk.given.append(Given(color=color_of(color), **where))

    def mark(self, desk: Desk, place: object) -> None:
        """Take one corner of a box, and with the second make it what is asked about."""
        (x, y), (height, width) = places_of([place])[0], desk.seen_shape
        if desk.corner is None:
            desk.corner, desk.box = (x, y), None
            return
        across, down = sorted((desk.corner[0], x)), sorted((desk.corner[1], y))
        left, top = int(across[0] * width), int(down[0] * height)
        right, bottom = max(left + 1, round(across[1] * width)), max(top + 1, round(down[1] * height))
        desk.corner, desk.box = None, (left, top, min(right, width) - left, min(bottom, height) - top)

    def ask(self, desk: Desk) -> "Answer":
        """Say which colours what is in the box could have."""
        if desk.source is None or desk.shown is None:
            raise ValueError("there is nothing to ask about yet: drop a clip or a picture first")
        if desk.box is None:
            raise ValueError("where is the thing? click on two corners around it, or write the box as numbers")
        at = None if is_picture(desk.source) else desk.shown.time
        return self.service.ask(desk.visitor, desk.source, box=desk.box, at=at)

    def _look(self, desk: Desk) -> Look:
        try:
            with plainly(self.service.root):
                return look_at(desk.source, self.service.options, self.service.limits, {})
        except ValueError:
            self.service.forget(desk.visitor)
            desk.clear()
            raise

    def _supersede(self, desk: Desk, job: Job) -> None:
        """Have a job's result instead of the one before it, which goes."""
        before, desk.done = self.result(desk), job.id
        if before is not None and before is not job:
            self.service.remove(before.id, desk.visitor)

    def _hints(self, desk: Desk) -> Path | None:
        """Write what was given where no earlier job reads it."""
        if not desk.given:
            return None
        path = self.service.place(desk.visitor, "hints.json")
        write_hints(desk.given, path, shape=desk.seen_shape)
        return path

    def _of_frame(self, desk: Desk, frame: object) -> Shown:
        return of_frame(frame, origin=desk.origin, longest=self.service.options.preview, quality=self.options.quality)

    def _reference(self, desk: Desk, sent: str | None) -> Path | None:
        if not sent:
            return None
        kept = self.service.place(desk.visitor, Path(sent).name)
        try:
            os.link(sent, kept)
        except OSError:
            raise ValueError("the daytime reference was removed after a while: choose it again") from None
        return kept


def _time_of(sent: object) -> float:
    if isinstance(sent, int | float) and 0 <= sent <= _LATEST:
        return float(sent)
    raise ValueError("that is no time: choose one on the line below the picture")
