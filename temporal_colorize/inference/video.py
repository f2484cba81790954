"""A video file in, a coloured one out."""

import contextlib
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import av
from av.packet import Packet

from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.inference.chroma_stream import ChromaStream, Work
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.job import Job, Resume
from temporal_colorize.inference.profile import Profile
from temporal_colorize.inference.session import Session
from temporal_colorize.inference.snapshot import Snapshot
from temporal_colorize.inference.threads import ahead
from temporal_colorize.video import (
    Decoder,
    Deinterlace,
    Frame,
    Limits,
    Position,
    VideoInfo,
    VideoReader,
    VideoWriter,
    default_output,
    suffix_note,
)
from temporal_colorize.video.packets import PICTURES, PacketFile, read_packets

_LOSSLESS: dict[str, dict[str, object]] = {
    "libx264": {"qp": 0},
    "libx265": {"x265-params": "lossless=1"},
    "ffv1": {},
}
USUAL_SUFFIX = ".*"  # of an output's name, for whichever suits
QUEUE = 4  # frames between two threads
_MOST_WAITING = 64  # packets and frames, for a batch to fill
_BEHIND_GATE = 12  # as many as pass while the network runs once
STATEMENT = "Colours estimated from luma by temporal-colorize: they are not evidence of the true colours."


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was done.

    Attributes:
        output: The coloured file.
        frames: Frames coloured.
        kept: So many of them by an earlier run that was stopped.
        seconds: Wall time.
        looks: On how many frames the network ran.
        cuts: Scene cuts at which the colour state was dropped.
        damaged: How often decoding failed or a picture came out marked as corrupt.
        retimed: Timestamps that were missing or went backwards, and were made up.
        ends_at: Seconds at which the pictures end, if that is well before the file says that it ends.
        left_out: Streams of the source that the output does not have.
        luma_changed: Whether the luma is not the source's own: it was deinterlaced, scaled or converted.
        profile: Milliseconds a frame by stage; stages overlap.
        notes: What was done otherwise than asked, in a line each.
    """

    output: Path
    frames: int
    seconds: float
    looks: int
    kept: int = 0
    cuts: int = 0
    damaged: int = 0
    retimed: int = 0
    ends_at: float | None = None
    left_out: list[str] = field(default_factory=list)
    luma_changed: bool = False
    profile: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        rate = (self.frames - self.kept) / max(self.seconds, 1e-9)
        parts = [f"{self.output}: {self.frames} frames in {self.seconds:.1f} s ({rate:.1f} fps)"]
        if self.kept:
            parts.append(f"{self.kept} of them by an earlier run")
        if self.looks < self.frames:
            parts.append(f"the network ran on {self.looks} of them")
        if self.cuts:
            parts.append(f"{self.cuts} cut{'s' * (self.cuts > 1)}")
        if self.damaged:
            parts.append(f"damaged in {self.damaged} place{'s' * (self.damaged > 1)}")
        if self.retimed:
            parts.append(f"{self.retimed} timestamp{'s' * (self.retimed > 1)} made up")
        if self.ends_at is not None:
            parts.append(f"the pictures break off at {self.ends_at:.1f} s, before the file says they end")
        if self.left_out:
            parts.append("without " + ", ".join(self.left_out))
        return "; ".join(parts + self.notes)


def colorize_video(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str] | None,
    session: Session,
    *,
    codec: str,
    options: Mapping[str, object],
    decoder: Decoder = "cpu",
    deinterlace: Deinterlace = "auto",
    rate: float | None = None,
    audio: Literal["copy", "drop"] = "copy",
    gate: GateOptions | None = None,
    batch: int = 1,
    limits: Limits | None = None,
    start: float = 0,
    end: float | None = None,
    segment: int = 500,
    resume: Resume = "auto",
    settings: Mapping[str, object] | None = None,
    progress: bool = False,
) -> Report:
    """Colour a video file; its luma, timestamps, colour tags, sound and subtitles stay as they are.

    Luma changes where pictures are interlaced or change their size; the report then says so.

    Decoding, colouring and encoding overlap, in a thread each; memory does not grow with the video's length. What is
    done is kept in segments, see `Job`: after a kill at any moment the same call goes on after the last of them, and
    the frames are those of a run that was never stopped.

    Args:
        source: The video, or numbered pictures (`frames/%05d.png`).
        output: Where to; None for `clip.color.mp4` beside `clip.mp4`, or `frames.color.mp4` beside `frames`; `x.*` for
            the usual suffix.
        session: A fresh session.
        codec: FFmpeg's name of the video encoder.
        options: The encoder's options; None values are left out.
        decoder: What decodes; "auto" for a device where one gives the same luma.
        deinterlace: "auto" for pictures that are marked as interlaced, "on" for all, "off" for none.
        rate: Pictures per second of a source without timestamps; None for what it says, or else 25.
        audio: "drop" leaves the sound out.
        gate: When the network looks again, see `GateOptions`; None for every frame.
        batch: Without a gate, how many frames go through the network together, which is faster on a GPU.
        limits: What the file is trusted with; None for the usual.
        start: Seconds after the first picture from which on it is coloured, and
        end: up to which; None for all that follows.
        segment: Frames in a segment.
        resume: "off" throws away what an earlier call has kept.
        settings: What else the colours depend on, such as which weights: what is kept of others is not gone on with.
        progress: Show a progress bar on standard error.

    Raises:
        VideoError: If the source cannot be read or the output not written; nothing is left under the output's name.
    """
    began, profile = time.perf_counter(), Profile()
    known = {
        "pyav": av.__version__, "codec": codec, "options": dict(options), "decoder": decoder, "rate": rate,
        "deinterlace": deinterlace, "audio": audio, "gate": gate and asdict(gate), "batch": batch, "start": start,
        "end": end, "segment": segment, "limits": asdict(limits or Limits()), **session.settings(), **(settings or {}),
    }  # fmt: skip
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(
            VideoReader(
                source, decoder=decoder, deinterlace=deinterlace, rate=rate, limits=limits, start=start, end=end
            )
        )
        usual = default_output(source, info=reader.info, audio=audio, codec=codec)
        target = _target(output, usual)
        moved = None if target == Path(output or "") else suffix_note(source, target, reader.info)
        job = stack.enter_context(Job(target, reader.files, known, resume=resume))
        metadata = {"comment": STATEMENT}
        writer = stack.enter_context(
            VideoWriter(target, reader, codec=codec, options=options, metadata=metadata, audio=audio, part=job.part)
        )
        kept = job.frames
        if not job.is_done:
            stream = _stream(session, reader.info, writer.chroma_shape, gate, profile)
            shown = stack.enter_context(_progress(reader, done=kept, enabled=progress))
            behind = QUEUE if gate is None else _BEHIND_GATE
            _color(
                reader, writer, job, stream, batch=batch, segment=segment, behind=behind, profile=profile, shown=shown
            )
        for packet in itertools.chain.from_iterable(map(read_packets, job.segments)):
            writer.put(packet)
    totals = job.totals
    return Report(
        output=target,
        seconds=time.perf_counter() - began,
        ends_at=totals["last"] if _breaks_off(reader, totals["last"]) else None,
        left_out=writer.left_out,
        profile=profile.per_frame(totals["frames"] - kept),
        notes=[*filter(None, [moved]), *totals["notes"], *writer.notes],
        kept=kept,
        **{name: totals[name] for name in ("frames", "looks", "cuts", "damaged", "retimed", "luma_changed")},
    )


def _color(
    reader: VideoReader,
    writer: VideoWriter,
    job: Job,
    stream: ChromaStream,
    *,
    batch: int,
    segment: int,
    behind: int,
    profile: Profile,
    shown: Callable[[], object],
) -> None:
    """Colour what is not finished yet, segment by segment."""
    if job.position is not None:
        stream.restore(job.snapshot())
    items = reader.read(mark_every=segment, after=job.position)
    earlier, last = job.totals.get("notes", []), job.totals.get("last", 0.0)
    was_changed = job.totals.get("luma_changed", False)
    with contextlib.ExitStack() as stack:
        decoded = stack.enter_context(closing(ahead(profile.timed("decode", items), most=QUEUE, name="decode")))
        looked = stack.enter_context(closing(ahead(_look(decoded, stream, batch), most=behind, name="look")))
        while not job.is_done:
            with job.segment() as file:
                filled = _fill(file, looked, stream, writer, profile, shown)
            last = last if filled.last is None else filled.last
            # Between marks some of these are ahead by what waits between the threads; they are read at the end.
            totals = {
                "frames": job.frames + filled.frames, "last": last, "looks": stream.looks, "cuts": stream.cuts,
                "damaged": reader.damaged, "retimed": reader.retimed,
                "luma_changed": reader.luma_changed or was_changed,
                "notes": list(dict.fromkeys([*earlier, *reader.notes, *stream.notes])),
            }  # fmt: skip
            job.record(file.path, filled.position, filled.carried, totals)


class _Filled(NamedTuple):
    position: Position | None  # where in the source the segment ends; None at the end
    carried: Snapshot
    frames: int
    last: float | None  # seconds, of the last frame


def _fill(
    file: PacketFile,
    looked: Iterator[tuple[Frame | Packet | Position, Work | Snapshot | None]],
    stream: ChromaStream,
    writer: VideoWriter,
    profile: Profile,
    shown: Callable[[], object],
) -> _Filled:
    """Fill one segment."""
    encoder, frames, last, ending = None, 0, None, None
    for item, work in looked:
        if isinstance(item, Position):
            ending = item, {**work, **stream.laid()}
            break
        if isinstance(item, Packet):
            file.write(item.stream.index, item)
            continue
        chroma = stream.lay(work)
        with profile.stage("encode"):
            encoder = encoder or writer.encoder()
            for packet in encoder.encode(item, *chroma):
                file.write(PICTURES, packet)
        frames, last = frames + 1, item.time
        shown()
    if encoder is not None:
        with profile.stage("encode"):
            for packet in encoder.flush():
                file.write(PICTURES, packet)
    position, carried = ending or (None, {})
    return _Filled(position, carried, frames, last)


def _target(output: str | os.PathLike[str] | None, usual: Path) -> Path:
    if output is None:
        return usual
    return Path(output).with_suffix(usual.suffix) if Path(output).suffix == USUAL_SUFFIX else Path(output)


def _breaks_off(reader: VideoReader, last: float) -> bool:
    expected = reader.part.seconds(reader.info.duration)
    return expected is not None and last + 1.0 < 0.95 * expected


def lossless_options(codec: str, options: Mapping[str, object]) -> dict[str, object]:
    """Give an encoder's options for a lossless encoding, its preset kept.

    Raises:
        ValueError: If this codec is not known to have one, or the options ask for a loss.
    """
    if codec not in _LOSSLESS:
        raise ValueError(f"encoder=lossless does not know encoder.codec={codec}: choose {', '.join(_LOSSLESS)}")
    lossy = {name: value for name, value in options.items() if value is not None and name != "preset"}
    if lossy:
        name, value = next(iter(lossy.items()))
        raise ValueError(f"encoder=lossless and encoder.{name}={value} contradict each other: leave one out")
    preset = {"preset": options.get("preset")} if codec != "ffv1" else {}
    return {**preset, **_LOSSLESS[codec]}


def _stream(
    session: Session, info: VideoInfo, chroma_shape: tuple[int, int], gate: GateOptions | None, profile: Profile
) -> ChromaStream:
    coding = ChromaCoding(info.matrix, info.full_range, info.bit_depth)
    shape = info.height, info.width
    return ChromaStream(session, coding, shape=shape, chroma_shape=chroma_shape, gate=gate, profile=profile)


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
        works = iter(stream.look([frame.luma for frame in frames]))
        yield from ((one, next(works) if isinstance(one, Frame) else None) for one in waiting)
        waiting, frames = [], []
        if isinstance(item, Position):
            yield item, stream.looked()


@contextlib.contextmanager
def _progress(reader: VideoReader, *, done: int, enabled: bool) -> Iterator[Callable[[], object]]:
    """Yield a function to call for every frame done."""
    if not enabled:
        yield lambda: None
        return
    from tqdm import tqdm

    total, name = reader.info.frame_count if reader.part.is_whole else None, reader.path.name
    with tqdm(
        total=total, initial=done, unit=" frames", desc=name, file=sys.stderr, mininterval=0.5, dynamic_ncols=True
    ) as bar:
        yield bar.update
