"""The queue, the worker, and what belongs to whom."""

import secrets
import shutil
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.apps.service.asked import asked_of
from temporal_colorize.apps.service.errors import Busy, NoSuchJob
from temporal_colorize.apps.service.folders import Folders, inside, remove_placed, removed_if_refused
from temporal_colorize.apps.service.job import Job, outdated
from temporal_colorize.apps.service.options import ServiceOptions
from temporal_colorize.apps.service.running import outcome_of
from temporal_colorize.apps.service.source import look_at
from temporal_colorize.apps.service.turns import Turns
from temporal_colorize.apps.service.words import plainly
from temporal_colorize.colorizer import Colorizer
from temporal_colorize.video import Limits

if TYPE_CHECKING:
    from temporal_colorize.inference.answer import Answer

_CLOSE_SECONDS = 1.0  # that a running job has to end


class Service:
    """Colours what visitors bring, one job after the other, in a thread of its own.

    A visitor is whoever knows the visitor's name: make it unguessable. Files are named by the visitor's own folder.

    Args:
        colorizer: What colours.
        options: What visitors are trusted with.
        usual: Options of infer.py for every job; those of `limits` hold for questions, too.
        parent: Where temporary folders are; None for the system's.

    Attributes:
        root: The folder that all visitors' folders are in, which is removed at the end.
        turns: What waits for what.
        usual: As given, and limits: those of them that say what a file is trusted with.
        usual_of_looks: Those of them for pictures that are shown and not written.
    """

    def __init__(
        self, colorizer: Colorizer, options: ServiceOptions, *, usual: Mapping[str, object] | None = None,
        parent: Path | None = None,
    ) -> None:  # fmt: skip
        self.colorizer, self.options, self.usual = colorizer, options, dict(usual or {})
        self._limit_options = {name: value for name, value in self.usual.items() if name.startswith("limits.")}
        self.usual_of_looks = {name: value for name, value in self.usual.items() if name.partition(".")[0] != "encoder"}
        self.limits = Limits(**{name.removeprefix("limits."): value for name, value in self._limit_options.items()})
        self._folders = Folders(parent, most_mb=options.disk_mb, share=options.share)
        self.root = self._folders.root
        self._jobs: dict[str, Job] = {}
        self._queue: list[Job] = []
        self._running: Job | None = None
        self._seen: dict[str, float] = {}
        self._changed = threading.Condition(threading.RLock())
        self.turns, self._closed = Turns(), threading.Event()
        self._worker = threading.Thread(target=self._work, name="colour", daemon=True)
        self._worker.start()
        threading.Thread(target=self._clean, name="clean", daemon=True).start()

    def folder(self, visitor: str) -> Path:
        """Return the visitor's folder, which only this user of the machine can read."""
        with self._changed:
            self._seen[visitor] = time.monotonic()
            return self._folders.of(visitor)

    @property
    def room(self) -> float:
        """How many bytes all visitors may still bring; looks at the disk."""
        return self._folders.left

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return len(self._queue)

    def place(self, visitor: str, name: str, *, beside: Path | None = None) -> Path:
        """Name a new file of the visitor, in a folder of its own or beside another, as much like `name` as is safe.
        Raises `Busy` where visitors have filled their share of the disk."""
        with self._changed:
            self.folder(visitor)
            self._folders.require_room(visitor)
            return self._folders.place(visitor, name, beside=beside)

    def submit(self, visitor: str, source: Path, options: Mapping[str, object], *, spend: Iterable[Path] = ()) -> Job:
        """Put a file of the visitor's folder into the queue.

        Args:
            visitor: Who asks.
            source: A video or a picture in `folder(visitor)`.
            options: Those of infer.py that `asked.names` has. `confidence` is a switch, files are in the visitor's
                folder, and `format` is the output's suffix.
            spend: Files that `place` named and that nobody needs after this job: they go when it is over or refused.

        Raises:
            Busy: If the queue is full, or the visitor's share of the disk, or many files are being looked at.
            TooLarge: If the file is larger or longer than the service takes.
            ValueError: If it cannot be read or an option is wrong. Each in one line, without the server's folders.
        """
        folder, spend = self.folder(visitor), tuple(spend)
        with removed_if_refused(spend):
            self._require_room(visitor)
            self._folders.require_room(visitor)
            with self.turns.look(), plainly(self.root):
                source = inside(folder, "video", source)
                asked = asked_of(options, folder, self.limits)
                total = look_at(source, self.options, self.limits, asked).frames
                chosen = {name: value for name, value in asked.items() if name not in ("format", "confidence")}
                self.colorizer.check(source, **{**self.usual, **chosen})
            return self._put(visitor, source, asked, total, spend)

    def job(self, id: str, visitor: str) -> Job:
        """Return a job of the visitor.

        Raises:
            NoSuchJob: If there is none, or it is another's.
        """
        with self._changed:
            job = self._jobs.get(id)
            if job is None or not secrets.compare_digest(job.visitor.encode(), visitor.encode()):
                raise NoSuchJob
            self._seen[visitor] = time.monotonic()
            return job

    def jobs(self, visitor: str) -> list[Job]:
        """Return all jobs of the visitor, the oldest first."""
        with self._changed:
            return [job for job in self._jobs.values() if job.visitor == visitor]

    def cancel(self, id: str, visitor: str) -> None:
        """End a job, which says so at once; one that is over stays as it is. Raises as `job` does."""
        self._stop(self.job(id, visitor))

    def remove(self, id: str, visitor: str) -> None:
        """End a job and remove it with its results. Raises as `job` does."""
        self._drop(self.job(id, visitor))

    def ask(self, visitor: str, source: Path, *, box: tuple[int, int, int, int], at: float | None = None) -> "Answer":
        """Say which colours a thing in a file of the visitor could have; see `Colorizer.ask`.

        Raises:
            Busy: If many ask.
            ValueError: If the file, the box or the time is wrong.
        """
        folder = self.folder(visitor)
        with self.turns.ask(), plainly(self.root):
            source = inside(folder, "video", source)
            look_at(source, self.options, self.limits, {})
            answer = self.colorizer.ask(source, box=tuple(map(int, box)), at=at, **self._limit_options)
        return replace(answer, source=source.name)

    def forget(self, visitor: str) -> None:
        """End all that the visitor has asked for, and remove all of the visitor's files."""
        with self._changed:
            for job in self.jobs(visitor):
                self._drop(job)
            self._folders.remove(visitor)
            self._seen.pop(visitor, None)

    def close(self) -> None:
        """End all jobs and remove all files."""
        self._closed.set()
        with self._changed:
            for job in list(self._jobs.values()):
                self._stop(job)
            self._changed.notify_all()
        self._worker.join(_CLOSE_SECONDS)
        self._folders.close()

    def _require_room(self, visitor: str) -> None:
        if self._closed.is_set():
            raise Busy("the server is ending")
        self.options.require_place(waiting=self.waiting, mine=sum(not job.is_over for job in self.jobs(visitor)))

    def _put(
        self, visitor: str, source: Path, asked: Mapping[str, object], total: int | None, spent: tuple[Path, ...]
    ) -> Job:  # fmt: skip
        with self._changed:
            self._require_room(visitor)
            for old in outdated(self.jobs(visitor), self.options.kept_each):
                self._drop(old)
            id = secrets.token_urlsafe(16)
            folder = self._folders.of(visitor) / id
            folder.mkdir(mode=0o700)
            job = Job(id, visitor, source, folder, asked=asked, total=total, options=self.options, root=self.root)
            job.spent, self._jobs[id] = spent, job
            self._queue.append(job)
            self._renumber()
            self._changed.notify_all()
            return job

    def _stop(self, job: Job) -> None:
        with self._changed:
            if job.is_over:
                return
            job.end("cancelled")
            if job in self._queue:
                self._queue.remove(job)
                self._renumber()
                shutil.rmtree(job.folder, ignore_errors=True)  # the worker removes those of the running one
                remove_placed(job.spent)

    def _drop(self, job: Job) -> None:
        with self._changed:
            self._stop(job)
            self._jobs.pop(job.id, None)
            if job is not self._running:
                shutil.rmtree(job.folder, ignore_errors=True)

    def _renumber(self) -> None:
        for place, job in enumerate(self._queue, 1):
            job.move(place)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            room = self._folders.require_room
            outcome = outcome_of(self.colorizer, job, self.usual, self.root, self.turns, require_room=room)
            with self._changed:
                self._running = None
                self._seen[job.visitor] = time.monotonic()
                if job.is_over or outcome["state"] != "done":  # files go before anybody is told
                    shutil.rmtree(job.folder, ignore_errors=True)
                remove_placed(job.spent)
                job.end(**outcome)

    def _next(self) -> Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed.is_set())
            if self._closed.is_set():
                return None
            self._running = self._queue.pop(0)
            self._running.begin()
            self._renumber()
            return self._running

    def _clean(self) -> None:
        while not self._closed.wait(min(30.0, min(self.options.keep_seconds, self.options.arriving_seconds) / 4)):
            with self._changed:
                self._folders.sweep(self.options.arriving_seconds)
                before = time.monotonic() - self.options.keep_seconds
                for visitor in [name for name, seen in self._seen.items() if seen < before]:
                    if all(job.is_over for job in self.jobs(visitor)):
                        self.forget(visitor)
