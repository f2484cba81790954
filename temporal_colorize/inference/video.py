"""A video file in, a coloured one out."""

import contextlib
import functools
import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import av
import numpy as np

from temporal_colorize.inference.confidence_map import Style
from temporal_colorize.inference.confidence_video import CONFIDENCE, ConfidenceVideo
from temporal_colorize.inference.finishing import Finishing, begin
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.hints.guidance import Guide
from temporal_colorize.inference.job import Job, Resume
from temporal_colorize.inference.mark import Mark
from temporal_colorize.inference.profile import Profile
from temporal_colorize.inference.report import Report
from temporal_colorize.inference.segments import BEHIND_GATE, QUEUE, color_segments
from temporal_colorize.inference.session import Session
from temporal_colorize.inference.sheet import sheet_path, write_sheet
from temporal_colorize.inference.sheet_frames import SheetFrames
from temporal_colorize.inference.statement import label
from temporal_colorize.inference.streaming import stream_of
from temporal_colorize.inference.watching import Watch, watching
from temporal_colorize.video import (
    Decoder,
    Deinterlace,
    Frame,
    Limits,
    VideoInfo,
    VideoReader,
    VideoWriter,
    default_output,
    suffix_note,
)
from temporal_colorize.video.packets import PICTURES, read_packets

_TOTALS = ("frames", "looks", "cuts", "damaged", "retimed", "luma_changed", "hints", "infrared")  # of a job
USUAL_SUFFIX = ".*"  # of an output's name, for whichever suits


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
    guide: Guide | None = None,
    batch: int = 1,
    limits: Limits | None = None,
    start: float = 0,
    end: float | None = None,
    segment: int = 500,
    resume: Resume = "auto",
    settings: Mapping[str, object] | None = None,
    mark: bool = False,
    finishing: Finishing | None = None,
    progress: bool = False,
    progress_seconds: float = 30.0,
    watch: Watch | None = None,
    idle: Callable[[], object] = lambda: None,
    pace: Callable[[], object] = lambda: None,
    variant: str | None = None,
    confidence: Path | None = None,
    confidence_style: Style = "viridis",
    sheet: Path | bool | None = None,
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
        guide: Knows colours of some frames, see `Guide`; None for nobody.
        batch: Without a gate, how many frames go through the network together, which is faster on a GPU.
        limits: What the file is trusted with; None for the usual.
        start: Seconds after the first picture from which on it is coloured, and
        end: up to which; None for all that follows.
        segment: Frames in a segment.
        resume: "off" throws away what an earlier call has kept.
        settings: What else the colours depend on, such as which weights: what is kept of others is not gone on with.
        mark: Write into the pictures that their colours are estimated, see `Mark`.
        finishing: What is done when the output is complete.
        progress: Show a progress bar on standard error, or, where that is no terminal,
        progress_seconds: a line every so often.
        watch: Is called with every coloured frame, in order, by the thread that encodes, which waits for it. What it
            raises ends the job, of which what is finished is kept.
        idle: Is called for every frame that a guide reads ahead, before the first is coloured; what it raises ends the
            job as well.
        pace: Is called by every thread between two frames, and may make it wait.
        variant: What sets this output apart from others of the same source; the file says it, too.
        confidence: Where to write how sure it is, a second video of as many pictures at the same times, .mp4 or .mkv;
            the session must have been asked for confidence.
        confidence_style: "viridis" for people or "luma" for programs, see `ConfidenceMap`.
        sheet: Where to draw a contact sheet, .png or .jpg; True for `clip.color.mp4.sheet.png` beside `clip.color.mp4`.

    Raises:
        ValueError: If there is to be confidence, and the session does not know it; if one file is written over another.
        VideoError: If the source cannot be read or the output not written; nothing is left under the output's name.
    """
    began, profile = time.perf_counter(), Profile()
    known = {
        "pyav": av.__version__, "codec": codec, "options": dict(options), "decoder": decoder, "rate": rate,
        "deinterlace": deinterlace, "audio": audio, "gate": gate and asdict(gate), "batch": batch, "start": start,
        "end": end, "segment": segment, "limits": asdict(limits or Limits()), "mark": mark,
        "confidence_style": confidence and confidence_style, "sheet": True if sheet else None,
        **session.settings(), **(settings or {}), **({} if guide is None else guide.settings()),
    }  # fmt: skip
    read = functools.partial(
        VideoReader, source, decoder=decoder, deinterlace=deinterlace, rate=rate, limits=limits, start=start, end=end
    )
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(read())
        usual = default_output(source, info=reader.info, audio=audio, codec=codec)
        target = _target(output, usual)
        beside = {"confidence": confidence, "sheet": sheet_path(sheet, target)}
        begin(finishing, target, reader.files, beside)
        moved = None if target == Path(output or "") else suffix_note(source, target, reader.info)
        job = stack.enter_context(Job(target, reader.files, known, resume=resume))
        seal = None if finishing is None else lambda part: finishing.seal(part, target, reader.files)
        marking = _mark(reader.info) if mark else None
        kept = job.frames
        small = SheetFrames(reader.info, maps=bool(confidence)) if sheet else None
        if small is not None and job.segments:
            small.restore(job.snapshot())
        with contextlib.ExitStack() as outputs:
            writer = outputs.enter_context(
                VideoWriter(
                    target, reader, codec=codec, options=options, audio=audio, part=job.part, label=label(variant),
                    seal=seal,
                )
            )  # fmt: skip
            maps = confidence and outputs.enter_context(_maps(confidence, confidence_style, reader.info, session, job))
            if not job.is_done:
                stream = stream_of(session, reader.info, gate=gate, guide=guide, profile=profile)
                shown = watching(reader, watch, done=kept, progress=progress, seconds=progress_seconds)
                watched = outputs.enter_context(shown)
                behind = QUEUE if gate is None else BEHIND_GATE
                _look_ahead(guide, read, job, idle)
                color_segments(
                    reader, writer, job, stream, batch=batch, segment=segment, behind=behind, profile=profile,
                    watch=watched, pace=pace, maps=maps, mark=marking, sheet=small,
                )  # fmt: skip
            for kept_packet in itertools.chain.from_iterable(map(read_packets, job.segments)):
                if kept_packet.stream == CONFIDENCE:
                    maps.put(kept_packet._replace(stream=PICTURES))
                else:
                    writer.put(kept_packet)
        totals = job.totals
        notes = [moved, marking and marking.note, *totals["notes"], *totals["unused"], *writer.notes]
        notes += [] if finishing is None else finishing.notes()
        report = Report(
            output=target,
            seconds=time.perf_counter() - began,
            ends_at=totals["last"] if _breaks_off(reader, totals["last"]) else None,
            left_out=writer.left_out,
            profile=profile.per_frame(totals["frames"] - kept),
            notes=list(filter(None, notes)),
            kept=kept,
            **beside,
            variant=variant,
            mark=marking and marking.as_json(),
            frame_map=job.frame_map.as_json(from_first=start > 0),
            computed=session.computed(),
            **{name: totals[name] for name in _TOTALS},
        )
        if small is not None:
            sure = {"certainty": session.certainty, "confidence": small.confidence}
            write_sheet(report.sheet, small.chosen(), report, Path(source), **sure)
        if finishing is not None:
            finishing.record(report, Path(source), reader.files)  # after a kill, the job that goes on does it
    return report


def _maps(path: Path, style: Style, info: VideoInfo, session: Session, job: Job) -> ConfidenceVideo:
    if session.certainty is None:
        raise ValueError(f"confidence={path} needs a session that was asked for it: SessionOptions(confidence=True)")
    return ConfidenceVideo(
        path, info, style=style, words=session.certainty.words, comment=session.certainty.statement,
        part=job.folder / "confidence",
    )  # fmt: skip


def _target(output: str | os.PathLike[str] | None, usual: Path) -> Path:
    if output is None:
        return usual
    return Path(output).with_suffix(usual.suffix) if Path(output).suffix == USUAL_SUFFIX else Path(output)


def _breaks_off(reader: VideoReader, last: float) -> bool:
    expected = reader.part.seconds(reader.info.duration)
    return expected is not None and last + 1.0 < 0.95 * expected


def _look_ahead(guide: Guide | None, read: Callable[[], VideoReader], job: Job, idle: Callable[[], object]) -> None:
    if guide is None or not guide.looks_ahead:
        return

    def frames(items: VideoReader) -> Iterator[tuple[np.ndarray, float]]:
        for item in items:
            if isinstance(item, Frame):
                idle()
                yield item.luma, item.time

    with read() as ahead:
        guide.look_ahead(frames(ahead), job.folder)


def _mark(info: VideoInfo) -> Mark:
    return Mark((info.height, info.width), info.display_matrix)
