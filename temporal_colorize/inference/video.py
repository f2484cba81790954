"""A video file in, a coloured one out."""

import contextlib
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from av.packet import Packet

from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.inference.chroma_stream import ChromaStream, Work
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.profile import Profile
from temporal_colorize.inference.session import Session
from temporal_colorize.inference.threads import ahead
from temporal_colorize.video import Decoder, Frame, Limits, VideoInfo, VideoReader, VideoWriter, default_output

_LOSSLESS: dict[str, dict[str, object]] = {
    "libx264": {"qp": 0},
    "libx265": {"x265-params": "lossless=1"},
    "ffv1": {},
}
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
        seconds: Wall time.
        looks: On how many frames the network ran.
        cuts: Scene cuts at which the colour state was dropped.
        damaged: How often decoding failed or a picture came out marked as corrupt.
        retimed: Timestamps that were missing or went backwards, and were made up.
        ends_at: Seconds at which the pictures end, if that is well before the file says that it ends.
        left_out: Streams of the source that the output does not have.
        profile: Milliseconds a frame by stage; stages overlap.
        notes: What was done otherwise than asked, in a line each.
    """

    output: Path
    frames: int
    seconds: float
    looks: int
    cuts: int = 0
    damaged: int = 0
    retimed: int = 0
    ends_at: float | None = None
    left_out: list[str] = field(default_factory=list)
    profile: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        rate = self.frames / max(self.seconds, 1e-9)
        parts = [f"{self.output}: {self.frames} frames in {self.seconds:.1f} s ({rate:.1f} fps)"]
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
    audio: Literal["copy", "drop"] = "copy",
    gate: GateOptions | None = None,
    batch: int = 1,
    limits: Limits | None = None,
    progress: bool = False,
) -> Report:
    """Colour a video file; its luma, timestamps, colour tags, sound and subtitles stay as they are.

    Decoding, colouring and encoding overlap, in a thread each; memory does not grow with the video's length.

    Args:
        source: The video.
        output: Where to; None for `clip.color.mp4` beside `clip.mp4`.
        session: A fresh session.
        codec: FFmpeg's name of the video encoder.
        options: The encoder's options; None values are left out.
        decoder: What decodes; "auto" for a device where one gives the same luma.
        audio: "drop" leaves the sound out.
        gate: When the network looks again, see `GateOptions`; None for every frame.
        batch: Without a gate, how many frames go through the network together, which is faster on a GPU.
        limits: What the file is trusted with; None for the usual.
        progress: Show a progress bar on standard error.

    Raises:
        VideoError: If the source cannot be read or the output not written; nothing is left under the output's name.
    """
    start = time.perf_counter()
    frames, last, profile = 0, 0.0, Profile()
    target = Path(output) if output is not None else default_output(source, limits=limits)
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(VideoReader(source, decoder=decoder, limits=limits))
        metadata = {"comment": STATEMENT}
        writer = stack.enter_context(
            VideoWriter(target, reader, codec=codec, options=options, metadata=metadata, audio=audio)
        )
        shown = stack.enter_context(_progress(reader.info, enabled=progress))
        stream = _stream(session, reader.info, writer.chroma_shape, gate, profile)
        behind = QUEUE if gate is None else _BEHIND_GATE
        decoded = stack.enter_context(closing(ahead(profile.timed("decode", reader), most=QUEUE, name="decode")))
        looked = stack.enter_context(closing(ahead(_look(decoded, stream, batch), most=behind, name="look")))
        for item, work in looked:
            if work is None:
                writer.copy(item)
                continue
            chroma = stream.lay(work)
            with profile.stage("encode"):
                writer.write(item, *chroma)
            frames, last = frames + 1, item.time
            shown()
    seconds = time.perf_counter() - start
    return Report(
        output=target,
        frames=frames,
        seconds=seconds,
        looks=stream.looks,
        cuts=session.cuts,
        damaged=reader.damaged,
        retimed=reader.retimed,
        ends_at=last if _breaks_off(reader.info, last) else None,
        left_out=writer.left_out,
        profile=profile.per_frame(frames),
        notes=reader.notes + writer.notes + session.notes,
    )


def _breaks_off(info: VideoInfo, last: float) -> bool:
    return info.duration is not None and last + 1.0 < 0.95 * info.duration


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
    items: Iterator[Frame | Packet], stream: ChromaStream, batch: int
) -> Iterator[tuple[Frame | Packet, Work | None]]:
    """Let the network look at the frames, so many together; packets go by, and the order is kept."""
    waiting: list[Frame | Packet] = []
    frames: list[Frame] = []
    for item in itertools.chain(items, [None]):
        if item is not None:
            waiting.append(item)
            frames += [item] if isinstance(item, Frame) else []
        if item is None or not frames or len(frames) == batch or len(waiting) == _MOST_WAITING:
            works = iter(stream.look([frame.luma for frame in frames]))
            yield from ((one, next(works) if isinstance(one, Frame) else None) for one in waiting)
            waiting, frames = [], []


@contextlib.contextmanager
def _progress(info: VideoInfo, *, enabled: bool) -> Iterator[Callable[[], object]]:
    """Yield a function to call for every frame done."""
    if not enabled:
        yield lambda: None
        return
    from tqdm import tqdm

    total, name = info.frame_count, info.path.name
    with tqdm(total=total, unit=" frames", desc=name, file=sys.stderr, mininterval=0.5, dynamic_ncols=True) as bar:
        yield bar.update
