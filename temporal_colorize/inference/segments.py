"""Colours what a job has not finished yet, in three threads: decode, look, and lay and encode."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import NamedTuple

import numpy as np
from av.packet import Packet

from temporal_colorize.inference.chroma_stream import ChromaStream, Work
from temporal_colorize.inference.confidence_video import CONFIDENCE, ConfidenceVideo
from temporal_colorize.inference.job import Job
from temporal_colorize.inference.mark import Mark
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


def color_segments(
    reader: VideoReader,
    writer: VideoWriter,
    job: Job,
    stream: ChromaStream,
    *,
    batch: int,
    segment: int,
    behind: int,
    profile: Profile,
    watch: Watch | None,
    pace: Callable[[], object] = lambda: None,
    maps: ConfidenceVideo | None = None,
    mark: Mark | None = None,
    sheet: SheetFrames | None = None,
) -> None:
    """Colour what is not finished yet, segment by segment; draw maps and take frames for a sheet, if there are any.

    Each of the threads calls `pace` between two items, which may make it wait.
    """
    number = itertools.count(job.frames)
    total = reader.info.frame_count if reader.part.is_whole else None

    def show(item: Frame, *chroma: np.ndarray) -> None:
        frame = stream.picture((item.luma, *chroma), time=item.time, number=next(number), total=total)
        if sheet is not None:
            with profile.stage("sheet"):
                sheet.add(frame)
        if watch is not None:
            watch(frame)

    if job.position is not None:
        stream.restore(job.snapshot())
    items = reader.read(mark_every=segment, after=job.position)
    earlier, last = job.totals.get("notes", []), job.totals.get("last", 0.0)
    was_changed = job.totals.get("luma_changed", False)
    with contextlib.ExitStack() as stack:
        items = paced(profile.timed("decode", items), pace)
        decoded = stack.enter_context(closing(ahead(items, most=QUEUE, name="decode")))
        looking = _look(paced(decoded, pace), stream, batch)
        looked = stack.enter_context(closing(ahead(looking, most=behind, name="look")))
        laid = paced(looked, pace)
        while not job.is_done:
            with job.segment() as file:
                filled = _fill(file, laid, stream, writer, maps, profile, show, mark, sheet)
            last = last if filled.last is None else filled.last
            # Between marks some of these are ahead by what waits between the threads; they are read at the end.
            totals = {
                "frames": job.frames + filled.frame_map.count, "last": last, "looks": stream.looks, "cuts": stream.cuts,
                "damaged": reader.damaged, "retimed": reader.retimed,
                "luma_changed": reader.luma_changed or was_changed or mark is not None,
                "hints": stream.given, "unused": stream.unused, "infrared": stream.infrared,
                "notes": list(dict.fromkeys([*earlier, *reader.notes, *stream.notes])),
            }  # fmt: skip
            job.record(file.path, filled.position, filled.carried, totals, filled.frame_map.as_json())


class _Filled(NamedTuple):
    position: Position | None  # where in the source the segment ends; None at the end
    carried: Snapshot
    frame_map: FrameMap
    last: float | None  # seconds, of the last frame


def _fill(
    file: PacketFile,
    looked: Iterator[tuple[Frame | Packet | Position, Work | Snapshot | None]],
    stream: ChromaStream,
    writer: VideoWriter,
    maps: ConfidenceVideo | None,
    profile: Profile,
    show: Callable[..., None],
    mark: Mark | None,
    sheet: SheetFrames | None,
) -> _Filled:
    """Fill one segment."""
    encoder, drawn, frame_map, last, ending = None, None, FrameMap(), None, None
    for item, work in looked:
        if isinstance(item, Position):
            ending = item, {**work, **stream.laid()}
            break
        if isinstance(item, Packet):
            file.write(item.stream.index, item)
            continue
        chroma = stream.lay(work)
        picture = (item, *chroma) if mark is None else mark.on(item, *chroma, stream.coding)
        with profile.stage("encode"):
            encoder = encoder or writer.encoder()
            for packet in encoder.encode(*picture):
                file.write(PICTURES, packet)
        if maps is not None:
            with profile.stage("confidence"):
                drawn = drawn or maps.segment()
                for packet in drawn.encode(item, stream.confidence):
                    file.write(CONFIDENCE, packet)
        frame_map.add(item)
        last = item.time
        show(*picture)
    for number, one in ((PICTURES, encoder), (CONFIDENCE, drawn)):
        if one is not None:
            with profile.stage("encode"):
                for packet in one.flush():
                    file.write(number, packet)
    position, carried = ending or (None, {})
    taken = {} if sheet is None else sheet.snapshot()  # at the end, too: the sheet is drawn when all segments are done
    return _Filled(position, {**carried, **taken}, frame_map, last)


def _look(
    items: Iterator[Frame | Packet | Position], stream: ChromaStream, batch: int
) -> Iterator[tuple[Frame | Packet | Position, Work | Snapshot | None]]:
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
