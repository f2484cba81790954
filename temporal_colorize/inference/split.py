"""One video coloured by many processes: a first pass finds with what each segment begins, and they do the rest.

The network keeps to what it made of a scene's first frames, so a segment that begins a few frames early has other
colours: docs/jobs.md has the measurements. The first pass does all that is carried from frame to frame and leaves out
the encoder. A segment is then the same bytes wherever it is made.
"""

import contextlib
import itertools
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from temporal_colorize.inference.chroma_stream import ChromaStream
from temporal_colorize.inference.hints.guidance import Guide
from temporal_colorize.inference.job import Job
from temporal_colorize.inference.journal import require_same
from temporal_colorize.inference.places import Place, folder_of, segment_path
from temporal_colorize.inference.profile import Profile
from temporal_colorize.inference.segments import Course, Looked, totals_of
from temporal_colorize.inference.session import Session
from temporal_colorize.inference.snapshot import Snapshot
from temporal_colorize.inference.video_options import VideoOptions
from temporal_colorize.inference.watching import Watch
from temporal_colorize.video import Frame, Position, VideoError, VideoInfo, VideoReader
from temporal_colorize.video.packets import PacketFile


@dataclass(frozen=True, kw_only=True)
class Start:
    """With what a segment begins: plain values, for whichever process colours it.

    Attributes:
        number: Of the segment.
        after: The `Position` that it follows, as JSON; None at the beginning.
        until: The `Position` that it ends at; None at the end.
        state: The file, in the job's folder, of what is carried on to its first frame.
    """

    number: int
    after: dict[str, Any] | None = None
    until: dict[str, Any] | None = None
    state: str | None = None


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A segment whose packets are in the job's folder: plain values.

    Attributes:
        number: Of the segment.
        frames: Their `FrameMap`, as JSON.
        ends: The `Position` that it ends at, as JSON; None at the end.
        notes: What was done otherwise than asked, in a line each.
    """

    number: int
    frames: dict[str, Any]
    ends: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)


Run = Callable[[Iterator[Start]], Iterator[Finished]]


@dataclass(frozen=True)
class _Scouted:
    start: Start
    totals: dict[str, Any]


def color_elsewhere(
    read: Callable[[], VideoReader],
    job: Job,
    course: Course,
    fresh: Callable[[VideoInfo], ChromaStream],
    run: Run,
) -> None:
    """Have others colour what a job has not finished, and enter each segment as it comes; what does not come stays.

    Args:
        read: Opens the source.
        job: The job.
        course: How the video goes by.
        fresh: Begins to colour, for the first pass.
        run: Takes starts, as many ahead as it wants, and gives what has become of them in any order; raises only when
            nobody works at one any more, since the folder may be removed then.

    Raises:
        VideoError: If others do not decode the same pictures.
    """
    waiting: dict[int, _Scouted] = {}

    def starts() -> Iterator[Start]:
        for found in _scout(read, job, course, fresh):
            waiting[found.start.number] = found
            yield found.start

    failed: Exception | None = None
    with contextlib.closing(starts()) as begun:
        for finished in run(begun):
            if (found := waiting.pop(finished.number, None)) is None:  # it came before
                continue
            try:
                _enter(job, found, finished)
            except Exception as error:  # no more are begun, and those that are come in before it is raised
                failed = failed or error
                begun.close()
    if failed is not None:
        raise failed


def _enter(job: Job, found: "_Scouted", finished: Finished) -> None:
    after, until = (_position(values) for values in (found.start.after, found.start.until))
    if _picture(_position(finished.ends)) != _picture(until):
        raise VideoError(
            f"{job.target}: segment {finished.number} was decoded otherwise where it was coloured; have all machines "
            "read the same file with the same version, or run without them"
        )
    notes = list(dict.fromkeys([*found.totals["notes"], *finished.notes]))
    job.record(finished.number, after, until, {**found.totals, "notes": notes}, finished.frames)


def _position(values: dict[str, Any] | None) -> Position | None:
    return None if values is None else Position.from_json(values)


def _picture(position: Position | None) -> tuple[int, int | None, int] | None:
    """Say what is the same of a place wherever it is read: how many packets that took is not."""
    return None if position is None else (position.frames, position.pts, position.luma)


def color_segment(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str] | None,
    session: Session,
    start: Start,
    *,
    how: VideoOptions,
    guide: Guide | None = None,
    watch: Watch | None = None,
) -> Finished:
    """Colour one segment of a job that another process has begun; the same call again does the same again.

    Args:
        source: The video, and
        output: the output's name, as that process has them, in a folder that both see.
        session: A fresh session.
        start: With what it begins.
        how: The options.
        guide: A fresh one.
        watch: Is called with every frame of it, numbered as in the whole video.

    Raises:
        VideoError: If the source cannot be read, there is no such job, or it is one of other settings.
    """
    profile = Profile()
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(how.reader(source)())
        target = how.target(source, output, reader.info)
        folder = folder_of(target)
        require_same(folder, target, how.known(session, guide))
        own = f"{start.number:06}.{uuid.uuid4().hex[:8]}"  # somebody else may be trying the same
        writer = how.writer(target, reader, part=folder / f"{own}.output")
        stack.callback(writer.discard)  # only its encoder is used, and that of maps
        if (maps := how.maps(reader.info, session, part=folder / f"{own}.confidence")) is not None:
            stack.callback(maps.discard)
        stream = how.stream(session, reader.info, guide, profile)
        encoding = how.encoding(stream, writer, maps, reader.info, profile)
        place = _place(folder, start)
        looked = stack.enter_context(how.course(profile).looked(reader, stream, place))
        number = itertools.count(0 if place.position is None else place.position.frames)
        total = reader.info.frame_count if reader.part.is_whole else None

        def show(item: Frame, *chroma: np.ndarray) -> None:
            if watch is not None:
                watch(stream.picture((item.luma, *chroma), time=item.time, number=next(number), total=total))

        with PacketFile(segment_path(folder, start.number), part=folder / f"{own}.part") as file:
            filled = encoding.fill(file, looked, show)
    return Finished(
        number=start.number,
        frames=filled.frame_map.as_json(),
        ends=filled.position and filled.position.as_json(),
        notes=stream.notes,
    )


def _scout(
    read: Callable[[], VideoReader], job: Job, course: Course, fresh: Callable[[VideoInfo], ChromaStream]
) -> Iterator[_Scouted]:
    """Find with what each missing segment begins, and keep that."""
    number = job.missing()
    while number is not None:
        with read() as reader:
            stream = fresh(reader.info)
            for found in _scout_from(job.place(number), reader, stream, job, course):
                yield found
                number = found.start.number + 1
        number = None if found.start.until is None else job.missing(number)


def _scout_from(
    place: Place, reader: VideoReader, stream: ChromaStream, job: Job, course: Course
) -> Iterator[_Scouted]:
    """Go from a segment that is missing to the next that is not."""
    totals = job.totals_before(place.number)
    with course.looked(reader, stream, place) as looked:
        while True:
            position, carried, count, last = _pass(looked, stream)
            totals = totals_of(reader, stream, totals, frames=count, last=last)
            state = job.keep_state(place.number, carried)
            after, place = place, Place(place.number + 1, position, state, place.until)
            if job.has(place.number):
                place = place._replace(position=place.until)
            yield _Scouted(_start(after, place.position), totals)
            if place.position is None or job.has(place.number):
                return


def _start(place: Place, until: Position | None) -> Start:
    return Start(
        number=place.number,
        after=place.position and place.position.as_json(),
        until=until and until.as_json(),
        state=place.state and place.state.name,
    )


def _pass(looked: Iterator[Looked], stream: ChromaStream) -> tuple[Position | None, Snapshot, int, float | None]:
    """Go through a segment: where it ends, what is carried on, how many frames, and the seconds of the last."""
    count, last = 0, None
    for item, work in looked:
        if isinstance(item, Position):
            return item, {**work, **stream.laid()}, count, last
        if isinstance(item, Frame):
            if stream.keeps_chroma:
                stream.lay(work)
            count, last = count + 1, item.time
    return None, {}, count, last


def _place(folder: Path, start: Start) -> Place:
    state = None if start.state is None else folder / start.state
    return Place(start.number, _position(start.after), state, _position(start.until))
