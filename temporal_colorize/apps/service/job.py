"""One thing to colour, as whoever asked for it sees it."""

import copy
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from temporal_colorize.apps.service.errors import TooLarge
from temporal_colorize.apps.service.options import ServiceOptions
from temporal_colorize.apps.service.timeline import Point, Timeline
from temporal_colorize.apps.service.words import without_folders

if TYPE_CHECKING:
    from temporal_colorize.inference.colored import ColoredFrame
    from temporal_colorize.inference.report import Report

State = Literal["waiting", "running", "done", "failed", "cancelled"]
_SLACK = 1.05  # of a duration: containers round


class Stopped(Exception):
    """Ends a job that was cancelled."""


class Job:
    """One thing to colour; made by `Service.submit`.

    Attributes:
        id: Unguessable, fit for an address.
        visitor: Whose it is.
        name: The visitor's name for its source.
        source: That file.
        folder: Where its results are.
        asked: Its options, of infer.py.
        spent: Files that nobody needs when it is over.
        state: "waiting", "running", "done", "failed" or "cancelled".
        place: In the queue, 0 while it runs; None when it is over.
        frames: That are coloured.
        total: How many there will be, as far as the file knows; None if it does not.
        error: Why it failed, in a line.
        report: What was done.
        latest: The newest picture, made small; None of pictures, which come all at once.
        version: Grows with every change.
    """

    def __init__(
        self, id: str, visitor: str, source: Path, folder: Path, *, asked: Mapping[str, object], total: int | None,
        options: ServiceOptions, root: Path,
    ) -> None:  # fmt: skip
        self.id, self.visitor, self.source, self.folder = id, visitor, source, folder
        self.name, self.asked, self.total = source.name, dict(asked), total
        self.state: State = "waiting"
        self.spent: tuple[Path, ...] = ()
        self.place: int | None = None
        self.frames, self.version = 0, 0
        self.error: str | None = None
        self.report: Report | None = None
        self.latest: ColoredFrame | None = None
        self._options, self._root = options, root
        self._changed = threading.Condition()
        self._timeline = Timeline()
        self._began = self._first = self._ended = self._shown = None
        self._cuts = self._ahead = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing changes any more."""
        return self.state in ("done", "failed", "cancelled")

    @property
    def output(self) -> Path | None:
        """The coloured file, once it is done."""
        return self.report and self.report.output

    @property
    def confidence(self) -> Path | None:
        """The file that says how sure its colours are, once it is done, if it was asked for."""
        return self.report and self.report.confidence

    @property
    def record(self) -> Path | None:
        """The JSON record of the coloured file, once it is done; see docs/provenance.md."""
        return self.output and self.output.with_name(f"{self.output.name}.json")

    @property
    def elapsed(self) -> float:
        """Seconds that it has been running."""
        return 0.0 if self._began is None else (self._ended or time.monotonic()) - self._began

    @property
    def seconds_left(self) -> float | None:
        """Seconds until it is done, at its own rate so far; None as long as nobody knows."""
        if self.state != "running" or not self.total or self.frames < 2:
            return None
        return max(0, self.total - self.frames) * (time.monotonic() - self._first) / (self.frames - 1)

    @property
    def timeline(self) -> list[Point]:
        """Some hundred of its frames, with all scene cuts; see `Point`."""
        with self._changed:
            return self._timeline.points()

    def wait(self, timeout: float, *, since: int | None = None) -> int:
        """Wait until something changes, or it is over, or so many seconds have passed; return `version`.

        Args:
            timeout: Seconds.
            since: The version that is known; what has changed since then is not waited for. None for the present one.
        """
        with self._changed:
            known = self.version if since is None else since
            self._changed.wait_for(lambda: self.version != known or self.is_over, timeout)
            return self.version

    def snapshot(self) -> Self:
        """Return it as it is at this moment; that does not change, and nothing comes of waiting for it."""
        with self._changed:
            return copy.copy(self)

    def as_json(self) -> dict[str, object]:
        """Describe it for programs, without the server's paths."""
        report = None
        if self.report is not None:
            known = {name: value for name, value in asdict(self.report).items() if name != "frame_map"}
            report = without_folders(known, self._root)
        left = self.seconds_left
        return {
            "id": self.id, "name": self.name, "state": self.state, "place": self.place, "frames": self.frames,
            "total": self.total, "elapsed": round(self.elapsed, 2), "seconds_left": left and round(left, 2),
            "error": self.error, "report": report,
        }  # fmt: skip

    def move(self, place: int | None) -> None:
        """Give it another place in the queue."""
        if self.place != place:
            self._change(place=place)

    def begin(self) -> None:
        """Say that it runs, unless it is over."""
        self._began = time.monotonic()
        self._change(state="running", place=0)

    def end(self, state: State, *, error: str | None = None, report: "Report | None" = None) -> None:
        """Say how it ended, unless it is over."""
        self._ended = self._ended or time.monotonic()
        frames = self.frames if report is None else report.frames
        self._change(place=None, error=error, report=report, frames=frames, state=state)  # which is looked at first

    def watch(self, frame: "ColoredFrame") -> None:
        """Take a coloured frame.

        Raises:
            Stopped: If it was cancelled.
            TooLarge: If there are more frames than the service takes, or they last longer.
        """
        self._must_go_on(frame.number + 1, frame.time)
        now = time.monotonic()
        self._first = self._first or now
        latest = self.latest
        if self._shown is None or now - self._shown >= 1 / self._options.previews:
            latest, self._shown = frame.smaller(self._options.preview), now
        sure = None if frame.certainty is None else float(frame.certainty.mean())
        with self._changed:
            self._timeline.add(Point(frame.time, sure, frame.cuts > self._cuts))
        self._cuts = frame.cuts
        self._change(frames=frame.number + 1, total=frame.total or self.total, latest=latest)

    def idle(self) -> None:
        """Take a frame that was read ahead; raises as `watch` does."""
        self._ahead += 1
        self._must_go_on(self._ahead, 0)

    def _must_go_on(self, frames: int, seconds: float) -> None:
        most = self._options
        if self.state == "cancelled":
            raise Stopped
        if frames > most.frames:
            raise TooLarge(f"{self.name} has more than {most.frames} pictures; cut it, or give start and end")
        if seconds - float(self.asked.get("start", 0)) > most.seconds * _SLACK:
            raise TooLarge(f"{self.name} is longer than {most.seconds:g} s; cut it, or give start and end")
        if self.elapsed > most.job_seconds:
            raise TooLarge(f"{self.name} takes more than {most.job_seconds:g} s to colour; cut it, or make it smaller")

    def _change(self, **values: object) -> None:
        with self._changed:
            if self.is_over:
                return
            for name, value in values.items():
                setattr(self, name, value)
            self.version += 1
            self._changed.notify_all()


def outdated(jobs: Iterable[Job], kept: int) -> list[Job]:
    """Return those that are over but the last so many: with results, and without, which take no result's place."""
    over = [job for job in jobs if job.is_over]
    done, other = ([job for job in over if (job.state == "done") is is_done] for is_done in (True, False))
    return [*done[:-kept], *other[:-kept]]
