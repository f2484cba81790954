"""A job that survives: finished segments and a journal in a folder beside the output, and the state to go on from."""

import fcntl
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from temporal_colorize.inference.journal import Entry, Journal, OtherwiseError, difference, header_of
from temporal_colorize.inference.places import Place, folder_of, load_state, save_state, segment_path
from temporal_colorize.inference.snapshot import Snapshot
from temporal_colorize.video import Position
from temporal_colorize.video.errors import DiskError, VideoError, on_disk, reason
from temporal_colorize.video.frame_map import FrameMap
from temporal_colorize.video.packets import PacketFile

Resume = Literal["auto", "off"]


class BusyError(VideoError):
    """An output that another process is writing."""


class Job:
    """An output in the making. A context manager: left by an error it keeps what is finished, else it ends the job.

    Killed at any moment, the next one of the same source and settings goes on from the segments that are in the
    journal, in whatever order they were finished.

    Args:
        target: The output's name.
        source: The files that are read.
        settings: Everything that the output depends on; JSON can hold it.
        resume: "off" throws away what an earlier job has finished.

    Attributes:
        folder: Where its files are.
        part: Where to put the output together.

    Raises:
        VideoError: If there can be no folder, another process works on it (`BusyError`), or what is finished is of
            another source or other settings.
    """

    def __init__(
        self, target: Path, source: Sequence[Path], settings: Mapping[str, object], *, resume: Resume = "auto"
    ) -> None:
        self._source = list(source)
        self.target, self.folder = target, folder_of(target)
        self.part = self.folder / "output"
        self._journal = Journal(self.folder)
        self._entries: dict[int, Entry] = {}
        self._head = 0  # the first segment that is missing
        header = header_of(source, settings)
        self._lock = self._own()
        try:
            known, entries = self._journal.read() if resume == "auto" else (None, {})
            if known is not None and (entries := self._with_states(entries)):
                self._adopt(known, entries, header)
            else:
                self._begin(header)
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._entries:
            self.part.unlink(missing_ok=True)
            error.add_note(f"{self.kept} frames are kept: the same command goes on from there")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()

    @property
    def segments(self) -> list[Path]:
        """The finished ones, in order, up to the first that is missing; see `PacketFile`."""
        return [self.folder / self._entries[number]["segment"] for number in range(self._head)]

    @property
    def is_done(self) -> bool:
        """Whether they are all."""
        return bool(self._head) and self._entries[self._head - 1]["position"] is None

    @property
    def totals(self) -> dict[str, Any]:
        """What was recorded with the last of them."""
        return self._entries[self._head - 1]["totals"] if self._head else {}

    @property
    def notes(self) -> list[str]:
        """What was noted with all that are finished."""
        noted = (note for number in sorted(self._entries) for note in self._entries[number]["totals"].get("notes", []))
        return list(dict.fromkeys(noted))

    @property
    def frame_map(self) -> FrameMap:
        """Which pictures of the source their frames are."""
        joined = FrameMap()
        for number in range(self._head):
            joined.join(self._entries[number]["frames"])
        return joined

    @property
    def kept(self) -> int:
        """How many frames are finished, those after a missing segment, too."""
        return sum(run["count"] for entry in self._entries.values() for run in entry["frames"]["runs"])

    def missing(self, number: int = 0) -> int | None:
        """Return the first segment from one on that is not finished; None if there is none."""
        while number in self._entries:
            if self._entries[number]["position"] is None:
                return None
            number += 1
        return number

    def has(self, number: int) -> bool:
        """Whether a segment is finished."""
        return number in self._entries

    def place(self, number: int) -> Place:
        """Say where a segment begins; that before it must be finished."""
        later = min((other for other in self._entries if other > number), default=None)
        until = None if later is None else Position.from_json(self._entries[later]["after"])
        if not number:
            return Place(0, None, None, until)
        before = self._entries[number - 1]
        return Place(number, Position.from_json(before["position"]), self.folder / before["state"], until)

    def snapshot(self) -> Snapshot:
        """Read what was carried on after the last of `segments`."""
        return load_state(self.folder / self._entries[self._head - 1]["state"])

    def totals_before(self, number: int) -> dict[str, Any]:
        """Return what was recorded with the segment before one."""
        return self._entries[number - 1]["totals"] if number else {}

    def segment(self, number: int) -> PacketFile:
        """Open a segment."""
        return PacketFile(segment_path(self.folder, number))

    def keep_state(self, number: int, snapshot: Snapshot) -> Path:
        """Write what is carried on after a segment, before it is recorded.

        Raises:
            VideoError: If that cannot be written (a full disk).
        """
        path = segment_path(self.folder, number).with_suffix(".state")
        with on_disk(self.folder):
            save_state(path, snapshot)
        return path

    def record(
        self,
        number: int,
        after: Position | None,
        position: Position | None,
        totals: Mapping[str, Any],
        frames: Mapping[str, Any],
    ) -> None:
        """Enter a segment that is complete, its state with it.

        Args:
            number: Of the segment.
            after: Where in the source it begins; None if it is the first one.
            position: Where it ends; None if it is the last one.
            totals: What a report will need of the frames so far; JSON can hold it.
            frames: The `FrameMap` of the segment alone, as JSON.

        Raises:
            VideoError: If that cannot be written (a full disk).
        """
        segment, before = segment_path(self.folder, number), self._head
        entry = {
            "segment": segment.name,
            "state": segment.with_suffix(".state").name,
            "after": after and after.as_json(),
            "position": position and position.as_json(),
            "totals": dict(totals),
            "frames": dict(frames),
        }
        with on_disk(self.folder):
            self._journal.append(entry)
            self._enter(number, entry)
            for passed in range(max(0, before - 1), self._head - 1):  # nobody will go on from there
                (self.folder / self._entries[passed]["state"]).unlink(missing_ok=True)

    def _enter(self, number: int, entry: Entry) -> None:
        self._entries[number] = entry
        while self._head in self._entries:
            self._head += 1

    def _own(self) -> Any:
        """Make the folder and lock it; the lock ends with the process."""
        try:
            self.folder.mkdir(exist_ok=True)
            lock = (self.folder / "lock").open("w")
        except OSError as error:
            raise DiskError(
                f"{self.target}: cannot be written there ({reason(error)}); choose another folder"
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise BusyError(f"{self.target}: another process is writing it; wait for it, or stop it") from None
        except OSError:  # a file system without locks
            pass
        return lock

    def _with_states(self, entries: dict[int, Entry]) -> dict[int, Entry]:
        """Leave out those after which nobody could go on, though a segment is missing there."""
        for number in sorted(entries, reverse=True):
            if number + 1 not in entries and not (self.folder / entries[number]["state"]).is_file():
                del entries[number]
        return entries

    def _adopt(self, known: Entry, entries: dict[int, Entry], header: Entry) -> None:
        for number, entry in entries.items():
            self._enter(number, entry)
        if (other := difference(known, header, self._source)) is not None:
            raise OtherwiseError(
                f"{self.target}: {self.kept} frames of it are kept from a run with {other}; give the same again to go "
                "on from there, or resume=off to throw them away"
            )
        if known["source"] != header["source"]:  # it has grown: what was its end no longer is
            self._entries = {number: self._entries[number] for number in range(self._head)}
        self._journal.write(known, self._entries.values())

    def _begin(self, header: Entry) -> None:
        with on_disk(self.folder):
            for path in self.folder.iterdir():
                if path.name != "lock":
                    path.unlink()
            self._journal.append(header)
