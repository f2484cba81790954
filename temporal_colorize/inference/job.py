"""A job that survives: finished segments and a journal in a folder beside the output, and the state to go on from."""

import fcntl
import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from temporal_colorize.inference.fingerprint import describe, has_grown
from temporal_colorize.inference.snapshot import Snapshot
from temporal_colorize.video import Position, VideoError
from temporal_colorize.video.errors import on_disk, reason
from temporal_colorize.video.frame_map import FrameMap
from temporal_colorize.video.packets import PacketFile

Resume = Literal["auto", "off"]
_FORMAT = 2  # of the journal
_HEADER, _ENTRY = ("format", "source", "settings"), ("segment", "state", "position", "totals", "frames")


class Job:
    """An output in the making. A context manager: left by an error it keeps what is finished, else it ends the job.

    Killed at any moment, the next one of the same source and settings goes on after the last segment that is in the
    journal.

    Args:
        target: The output's name.
        source: The files that are read.
        settings: Everything that the output depends on; JSON can hold it.
        resume: "off" throws away what an earlier job has finished.

    Attributes:
        part: Where to put the output together.
        segments: The finished ones, in order; see `PacketFile`.
        position: Where in the source they end; None at the start.
        is_done: Whether they are all.
        totals: What was recorded with the last of them.
        frame_map: Which pictures of the source their frames are.

    Raises:
        VideoError: If there can be no folder, another process works on it, or what is finished is of another source or
            other settings.
    """

    def __init__(
        self, target: Path, source: Sequence[Path], settings: Mapping[str, object], *, resume: Resume = "auto"
    ) -> None:
        self._source = list(source)
        self.target, self.folder = target, target.with_name(f".{target.name}.job")
        self.part = self.folder / "output"
        self.segments: list[Path] = []
        self.position: Position | None = None
        self.is_done, self.totals = False, {}
        self.frame_map = FrameMap()
        self._state: Path | None = None
        header = {"format": _FORMAT, "source": describe(*source), "settings": json.loads(json.dumps(settings))}
        self._lock = self._own()
        try:
            found = self._read() if resume == "auto" else []
            if len(found) > 1:
                self._adopt(found, header)
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
        if error is not None and self.segments:
            self.part.unlink(missing_ok=True)
            error.add_note(f"{self.frames} frames are kept: the same command goes on from there")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()

    @property
    def frames(self) -> int:
        """How many frames the finished segments have."""
        return self.position.frames if self.position else self.totals.get("frames", 0)

    def segment(self) -> PacketFile:
        """Open the next segment."""
        return PacketFile(self.folder / f"{len(self.segments):06}.packets")

    def record(
        self,
        segment: Path,
        position: Position | None,
        snapshot: Snapshot,
        totals: Mapping[str, Any],
        frames: Mapping[str, Any],
    ) -> None:
        """Enter a segment that is complete.

        Args:
            segment: Its file.
            position: Where in the source it ends; None if it is the last one.
            snapshot: What is carried on to the next frame.
            totals: What a report will need of the frames so far; JSON can hold it.
            frames: The `FrameMap` of the segment alone, as JSON.

        Raises:
            VideoError: If that cannot be written (a full disk).
        """
        from safetensors.torch import save

        state, before = segment.with_suffix(".state"), self._state
        entry = {
            "segment": segment.name,
            "state": state.name,
            "position": position and position.as_json(),
            "totals": dict(totals),
            "frames": dict(frames),
        }
        with on_disk(self.folder):
            _write(state, save(snapshot))
            self._append(entry)
            if before is not None:
                before.unlink(missing_ok=True)
        self._enter(entry)

    def snapshot(self) -> Snapshot:
        """Read what was carried on after the last finished segment."""
        from safetensors.torch import load_file

        return load_file(self._state)

    def _own(self) -> Any:
        """Make the folder and lock it; the lock ends with the process."""
        try:
            self.folder.mkdir(exist_ok=True)
            lock = (self.folder / "lock").open("w")
        except OSError as error:
            raise VideoError(
                f"{self.target}: cannot be written there ({reason(error)}); choose another folder"
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise VideoError(f"{self.target}: another process is writing it; wait for it, or stop it") from None
        except OSError:  # a file system without locks
            pass
        return lock

    def _read(self) -> list[dict[str, Any]]:
        """Read the journal up to the first line that is not whole, or whose files are not there."""
        entries: list[dict[str, Any]] = []
        try:
            lines = self._journal.read_text(errors="replace").splitlines()
        except OSError:
            return entries
        for line in lines:
            entry = _parsed(line, _ENTRY if entries else _HEADER)
            if entry is None or (entries and not (self.folder / entry["segment"]).is_file()):
                break
            entries.append(entry)
        while len(entries) > 1 and not (self.folder / entries[-1]["state"]).is_file():
            entries.pop()
        return entries

    def _adopt(self, found: list[dict[str, Any]], header: Mapping[str, Any]) -> None:
        known, *entries = found
        frames = entries[-1]["totals"]["frames"]
        if (other := _difference(known, header, self._source)) is not None:
            raise VideoError(
                f"{self.target}: {frames} frames of it are kept from a run with {other}; give the same again to go on "
                "from there, or resume=off to throw them away"
            )
        self._rewrite(found)
        for entry in entries:
            self._enter(entry)

    def _begin(self, header: Mapping[str, Any]) -> None:
        with on_disk(self.folder):
            for path in self.folder.iterdir():
                if path.name != "lock":
                    path.unlink()
            self._append(header)

    def _enter(self, entry: Mapping[str, Any]) -> None:
        self.segments.append(self.folder / entry["segment"])
        self._state = self.folder / entry["state"]
        self.position = Position.from_json(entry["position"]) if entry["position"] else None
        self.is_done, self.totals = self.position is None, entry["totals"]
        self.frame_map.join(entry["frames"])

    @property
    def _journal(self) -> Path:
        return self.folder / "journal.jsonl"

    def _rewrite(self, entries: list[dict[str, Any]]) -> None:
        """Leave out what could not be read."""
        fresh = self._journal.with_suffix(".new")
        with on_disk(self.folder):
            _write(fresh, "".join(json.dumps(entry) + "\n" for entry in entries).encode())
            os.replace(fresh, self._journal)

    def _append(self, entry: Mapping[str, Any]) -> None:
        with self._journal.open("a") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _parsed(line: str, needed: Collection[str]) -> dict[str, Any] | None:
    """Read a line of the journal; None if a kill or a disk has damaged it."""
    try:
        entry = json.loads(line)
        return entry if set(needed) <= set(entry) else None
    except (ValueError, TypeError):
        return None


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _difference(known: Mapping[str, Any], header: Mapping[str, Any], files: Sequence[Path]) -> str | None:
    """Say in what the first setting differs; None if none does."""
    if known["format"] != header["format"]:
        return "another version of this program"
    if known["source"] != header["source"] and not has_grown(known["source"], files):
        return f"another source, {known['source']['name']} of {known['source']['bytes']} bytes"
    names = sorted({*known["settings"], *header["settings"]})
    for name in names:
        then, now = (part["settings"].get(name) for part in (known, header))
        if then != now:
            return f"{name}={then} (now {now})"
    return None
