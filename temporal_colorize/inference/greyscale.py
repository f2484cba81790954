"""A video or a picture without its colours: luma, times and sound as they are."""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from temporal_colorize.inference.apart import require_apart
from temporal_colorize.inference.chroma_stream import coding_of
from temporal_colorize.inference.colored import ColoredFrame
from temporal_colorize.inference.picture import picture_output, read_luma, write_picture
from temporal_colorize.inference.threads import ahead
from temporal_colorize.inference.turn import Turn
from temporal_colorize.inference.video_options import USUAL_SUFFIX
from temporal_colorize.inference.watching import Watch
from temporal_colorize.video import Frame, Limits, VideoReader, VideoWriter, default_output

_QUEUE = 4  # frames between the thread that decodes and the one that encodes
_MARK = "grey"  # of outputs that nobody has named


class Grey(NamedTuple):
    """A file without colours.

    Attributes:
        output: It.
        frames: Its pictures.
        left_out: Streams of the source that it does not have.
        notes: What was done otherwise than asked, in a line each.
    """

    output: Path
    frames: int
    left_out: list[str]
    notes: list[str]


def grey_video(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str] | None,
    *,
    codec: str,
    options: Mapping[str, object],
    audio: Literal["copy", "drop"] = "copy",
    watch: Watch | None = None,
    **reading: object,
) -> Grey:
    """Write a video with its own luma and no colour; sound, subtitles and times stay.

    Args:
        source: The video, or numbered pictures.
        output: Where to; None for `clip.grey.mp4` beside `clip.mp4`.
        codec: FFmpeg's name of the video encoder.
        options: The encoder's options.
        audio: "drop" leaves the sound out.
        watch: Is called with every frame, in order, and what it raises ends the job, which leaves nothing behind.
        reading: See `VideoReader`.

    Raises:
        VideoError: If the source cannot be read or the output not written.
    """
    with VideoReader(source, **reading) as reader:
        usual = default_output(source, info=reader.info, audio=audio, codec=codec, mark=_MARK)
        target = usual if output is None else Path(output)
        target = target.with_suffix(usual.suffix) if target.suffix == USUAL_SUFFIX else target
        require_apart({"output": target}, {"video": reader.files})
        with VideoWriter(target, reader, codec=codec, options=options, audio=audio) as writer:
            frames = _write(reader, writer, watch)
        return Grey(target, frames, writer.left_out, [*reader.notes, *writer.notes])


def grey_picture(
    source: str | os.PathLike[str], output: str | os.PathLike[str] | None, *, limits: Limits | None = None
) -> Grey:
    """Write a picture's Rec. 601 luma, of one channel; `photo.grey.jpg` beside `photo.jpg` where nothing is named.

    Raises:
        PictureError: If the source cannot be read or the output not written.
    """
    source = Path(source)
    target = picture_output(source, output, mark=_MARK)
    plane = read_luma(source, limits=limits)
    require_apart({"output": target}, {"video": [source]})
    write_picture("output", target, plane)
    return Grey(target, 1, [], [])


def _write(reader: VideoReader, writer: VideoWriter, watch: Watch | None) -> int:
    coding, turn = coding_of(reader.info), Turn.of(reader.info.display_matrix)
    nothing = np.full(writer.chroma_shape, coding.chroma_centre, reader.info.layout.dtype)
    total, count = reader.info.frame_count if reader.part.is_whole else None, 0
    for item in _decoded(reader):
        if not isinstance(item, Frame):
            writer.copy(item)
            continue
        writer.write(item, nothing, nothing)
        if watch is not None:
            planes = item.luma, nothing, nothing
            watch(ColoredFrame(item.time, count, 0, planes, coding, turn, total=total))
        count += 1
    return count


def _decoded(reader: VideoReader) -> Iterator[object]:
    with closing(ahead(iter(reader), most=_QUEUE, name="decode")) as items:
        yield from items
