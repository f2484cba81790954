"""A video file in, a coloured one out."""

import contextlib
import copy
import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from temporal_colorize.inference.confidence_map import Style
from temporal_colorize.inference.confidence_video import CONFIDENCE
from temporal_colorize.inference.finishing import Finishing, begin
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.hints.guidance import Guide
from temporal_colorize.inference.job import Job, Resume
from temporal_colorize.inference.profile import Profile
from temporal_colorize.inference.report import Report
from temporal_colorize.inference.segments import color_segments
from temporal_colorize.inference.session import Session
from temporal_colorize.inference.sheet import sheet_path, write_sheet
from temporal_colorize.inference.sheet_frames import SheetFrames
from temporal_colorize.inference.split import Run, color_elsewhere
from temporal_colorize.inference.statement import label
from temporal_colorize.inference.video_options import VideoOptions
from temporal_colorize.inference.watching import Watch, watching
from temporal_colorize.video import (
    Decoder,
    Deinterlace,
    Frame,
    Limits,
    VideoReader,
    suffix_note,
)
from temporal_colorize.video.packets import PICTURES, read_packets

_TOTALS = ("frames", "looks", "cuts", "damaged", "retimed", "luma_changed", "hints", "infrared")  # of a job


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
    run: Run | None = None,
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
        run: Has others colour segments, see `color_elsewhere`; None for nobody. The pictures are the same. It is not
            asked where something must see all frames in order: a sheet, `watch`, or a guide that looks ahead.

    Raises:
        ValueError: If there is to be confidence, and the session does not know it; if one file is written over another.
        VideoError: If the source cannot be read or the output not written; nothing is left under the output's name.
    """
    began, profile = time.perf_counter(), Profile()
    how = VideoOptions(
        codec=codec, options=options, decoder=decoder, deinterlace=deinterlace, rate=rate, audio=audio, gate=gate,
        batch=batch, limits=limits, start=start, end=end, segment=segment, settings=settings, mark=mark,
        confidence=confidence, confidence_style=confidence_style, sheet=sheet,
    )  # fmt: skip
    course = how.course(profile, pace)
    read, fresh_guide = how.reader(source), copy.deepcopy(guide)
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(read())
        target = how.target(source, output, reader.info)
        beside = {"confidence": confidence, "sheet": sheet_path(sheet, target)}
        begin(finishing, target, reader.files, beside)
        moved = None if target == Path(output or "") else suffix_note(source, target, reader.info)
        job = stack.enter_context(Job(target, reader.files, how.known(session, guide), resume=resume))
        seal = None if finishing is None else lambda part: finishing.seal(part, target, reader.files)
        marking = how.marking(reader.info)
        kept = job.kept
        small = SheetFrames(reader.info, maps=bool(confidence)) if sheet else None
        if small is not None and job.segments:
            small.restore(job.snapshot())
        with contextlib.ExitStack() as outputs:
            writer = outputs.enter_context(how.writer(target, reader, part=job.part, label=label(variant), seal=seal))
            maps = how.maps(reader.info, session, part=job.folder / "confidence")
            if maps is not None:
                outputs.enter_context(maps)
            if run is not None and small is None and watch is None and not (guide and guide.looks_ahead):
                color_elsewhere(
                    read, job, course,
                    lambda info: how.stream(session.fresh(), info, copy.deepcopy(fresh_guide), profile), run,
                )  # fmt: skip
            if not job.is_done:
                shown = watching(reader, watch, done=kept, progress=progress, seconds=progress_seconds)
                watched = outputs.enter_context(shown)
                stream = how.stream(session, reader.info, guide, profile)
                _look_ahead(guide, read, job, idle)
            with contextlib.ExitStack() as passing:
                again = reader
                while not job.is_done:
                    encoding = how.encoding(stream, writer, maps, reader.info, profile)
                    color_segments(again, job, course, encoding, watch=watched, sheet=small)
                    if not job.is_done:  # what others have finished lies between
                        again = passing.enter_context(read())
                        stream = how.stream(session.fresh(), reader.info, copy.deepcopy(fresh_guide), profile)
            for kept_packet in itertools.chain.from_iterable(map(read_packets, job.segments)):
                if kept_packet.stream == CONFIDENCE:
                    maps.put(kept_packet._replace(stream=PICTURES))
                else:
                    writer.put(kept_packet)
        totals = {**job.totals, "luma_changed": job.totals["luma_changed"] or mark}
        notes = [moved, marking and marking.note, *job.notes, *totals["unused"], *writer.notes]
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
