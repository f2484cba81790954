"""Colours what a job has not finished yet, in three threads: decode, look, and lay and encode."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from av.packet import Packet

from temporal_colorize.inference.chroma_stream import ChromaStream, Work
from temporal_colorize.inference.confidence_video import CONFIDENCE, ConfidenceVideo
from temporal_colorize.inference.job import Job
from temporal_colorize.inference.mark import Mark
from temporal_colorize.inference.places import Place, load_state
from temporal_colorize.inference.profile import Profile
from temporal_colorize.inference.sheet_frames import SheetFrames
from temporal_colorize.inference.snapshot import Snapshot
from temporal_colorize.inference.threads import ahead, paced
from temporal_colorize.inference.watching import Watch
from temporal_colorize.video import Frame, Position, VideoReader, VideoWriter
from temporal_colorize.video.frame_map import FrameMap
from temporal_colorize.video.packets import PICTURES, PacketFile

QUEUE = 4  # frames between two threads
BEHIND_GATE = 12  # as many as pass while the network runs once
_MOST_WAITING = 64  # packets and frames, for a batch to fill

Item = Frame | Packet | Position
Looked = tuple[Item, Work | Snapshot | None]


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a video goes by.

    Attributes:
        segment: Frames in a segment.
        batch: Without a gate, how many frames go through the network together.
        behind: Frames between the network and the encoder.
        profile: Where the time goes is added up there.
        pace: Each of the threads calls it between two items; it may make it wait.
    """

    segment: int
    batch: int
    behind: int
    profile: Profile
    pace: Callable[[], object]

    @contextlib.contextmanager
    def looked(self, reader: VideoReader, stream: ChromaStream, place: Place) -> Iterator[Iterator[Looked]]:
        """Yield what a reader gives from a place on, with what the network makes of it; places with what is carried."""
        if place.state is not None:
            stream.restore(load_state(place.state))
        items = reader.read(mark_every=self.segment, after=place.position, until=place.until)
        with contextlib.ExitStack() as stack:
            reading = paced(self.profile.timed("decode", items), self.pace)
            decoded = stack.enter_context(closing(ahead(reading, most=QUEUE, name="decode")))
            looking = _look(paced(decoded, self.pace), stream, self.batch)
            looked = stack.enter_context(closing(ahead(looking, most=self.behind, name="look")))
            yield paced(looked, self.pace)


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """What becomes of frames that the network has seen.

    Attributes:
        stream: Lays their chroma.
        writer: Encodes them.
        maps: Encodes maps of confidence, if they are wanted.
        mark: Is drawn into the pictures, if it is wanted.
        profile: Where the time goes is added up there.
    """

    stream: ChromaStream
    writer: VideoWriter
    maps: ConfidenceVideo | None
    mark: Mark | None
    profile: Profile

    def fill(self, file: PacketFile, looked: Iterator[Looked], show: Callable[..., object]) -> "Filled":
        """Fill one segment; `show` is called with every frame and its chroma."""
        encoder, drawn, frame_map, last, ending = None, None, FrameMap(), None, None
        for item, work in looked:
            if isinstance(item, Position):
                ending = item, {**work, **self.stream.laid()}
                break
            if isinstance(item, Packet):
                file.write(item.stream.index, item)
                continue
            chroma = self.stream.lay(work)
            picture = (item, *chroma) if self.mark is None else self.mark.on(item, *chroma, self.stream.coding)
            with self.profile.stage("encode"):
                encoder = encoder or self.writer.encoder()
                for packet in encoder.encode(*picture):
                    file.write(PICTURES, packet)
            if self.maps is not None:
                with self.profile.stage("confidence"):
                    drawn = drawn or self.maps.segment()
                    for packet in drawn.encode(item, self.stream.confidence):
                        file.write(CONFIDENCE, packet)
            frame_map.add(item)
            last = item.time
            show(*picture)
        for number, one in ((PICTURES, encoder), (CONFIDENCE, drawn)):
            if one is not None:
                with self.profile.stage("encode"):
                    for packet in one.flush():
                        file.write(number, packet)
        return Filled(*(ending or (None, {})), frame_map, last)


class Filled(NamedTuple):
    """A segment: where in the source it ends, None at the end; what is carried on; its frames, and the seconds of the
    last of them."""

    position: Position | None
    carried: Snapshot
    frame_map: FrameMap
    last: float | None


def color_segments(
    reader: VideoReader,
    job: Job,
    course: Course,
    encoding: Encoding,
    *,
    watch: Watch | None,
    sheet: SheetFrames | None = None,
) -> None:
    """Colour from the first segment that is missing to the next that is not; take frames for a sheet, if there is one.

    The reader and what colours are fresh.
    """
    stream, place = encoding.stream, job.place(job.missing())
    number = itertools.count(job.totals_before(place.number).get("frames", 0))
    total = reader.info.frame_count if reader.part.is_whole else None

    def show(item: Frame, *chroma: np.ndarray) -> None:
        frame = stream.picture((item.luma, *chroma), time=item.time, number=next(number), total=total)
        if sheet is not None:
            with course.profile.stage("sheet"):
                sheet.add(frame)
        if watch is not None:
            watch(frame)

    with course.looked(reader, stream, place) as looked:
        position = place.position
        for segment in itertools.count(place.number):
            with job.segment(segment) as file:
                filled = encoding.fill(file, looked, show)
            # Between marks some of these are ahead by what waits between the threads; they are read at the end.
            before = job.totals_before(segment)
            totals = totals_of(reader, stream, before, frames=filled.frame_map.count, last=filled.last)
            taken = {} if sheet is None else sheet.snapshot()  # at the end, too: it is drawn when all is done
            job.keep_state(segment, {**filled.carried, **taken})
            after, position = position, place.until if job.has(segment + 1) else filled.position
            job.record(segment, after, position, totals, filled.frame_map.as_json())
            if position is None or job.has(segment + 1):
                return


def totals_of(
    reader: VideoReader, stream: ChromaStream, before: dict[str, Any], *, frames: int, last: float | None
) -> dict[str, Any]:
    """Gather what a report will need of all frames so far: those of a segment and what was gathered before it."""
    return {
        "frames": before.get("frames", 0) + frames, "last": before.get("last", 0.0) if last is None else last,
        "looks": stream.looks, "cuts": stream.cuts, "damaged": reader.damaged, "retimed": reader.retimed,
        "luma_changed": reader.luma_changed or before.get("luma_changed", False),
        "hints": stream.given, "unused": stream.unused, "infrared": stream.infrared,
        "notes": list(dict.fromkeys([*before.get("notes", []), *reader.notes, *stream.notes])),
    }  # fmt: skip


def _look(items: Iterator[Item], stream: ChromaStream, batch: int) -> Iterator[Looked]:
    """Let the network look at the frames, so many together; the rest goes by in order, a place with what is carried."""
    waiting: list[Frame | Packet] = []
    frames: list[Frame] = []
    for item in itertools.chain(items, [None]):
        if isinstance(item, Frame | Packet):
            waiting.append(item)
            frames += [item] if isinstance(item, Frame) else []
            if frames and len(frames) < batch and len(waiting) < _MOST_WAITING:
                continue
        works = iter(stream.look([frame.luma for frame in frames], [frame.time for frame in frames]))
        yield from ((one, next(works) if isinstance(one, Frame) else None) for one in waiting)
        waiting, frames = [], []
        if isinstance(item, Position):
            yield item, stream.looked()
