"""A contact sheet: frames of an output in rows, grey beside coloured, with what is to be known of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from temporal_colorize.inference.canvas import LINE, blank, fold, write
from temporal_colorize.inference.certainty import Certainty
from temporal_colorize.inference.confidence_map import ConfidenceMap
from temporal_colorize.inference.lettering import legible
from temporal_colorize.inference.picture_file import PictureError, write_picture
from temporal_colorize.inference.report import Report
from temporal_colorize.inference.sheet_frames import SmallFrame
from temporal_colorize.inference.statement import STATEMENT, label

_SUFFIXES = (".png", ".jpg")
_GAP, _TIMES = 12, 96  # pixels; the second is the column of times
_NARROWEST = 480  # pixels, so that there is room for words


def sheet_path(asked: Path | bool | None, output: Path) -> Path | None:
    """Name the sheet of an output: `clip.color.mp4.sheet.png` beside `clip.color.mp4`, or as asked; None for none.

    Raises:
        PictureError: If it is asked to be no PNG or JPEG.
    """
    if asked is None or asked is False:
        return None
    path = output.with_name(f"{output.name}.sheet.png") if asked is True else asked
    if path.suffix.lower() not in _SUFFIXES:
        raise PictureError(f"sheet={path}: end the name in {' or '.join(_SUFFIXES)}")
    return path


def write_sheet(
    path: Path,
    frames: Sequence[SmallFrame],
    report: Report,
    source: Path,
    *,
    certainty: Certainty | None,
    confidence: float | None,
) -> None:
    """Draw the frames of an output that is done, and write them.

    Args:
        path: Where to.
        frames: All of one size; where they have maps of confidence, those are shown, too.
        report: What was done.
        source: Of what.
        certainty: What confidence means; None if the session does not say how sure it is.
        confidence: Its mean.

    Raises:
        PictureError: If it cannot be written.
    """
    lines = [source.name, _facts(report), _sureness(certainty, confidence)]
    lines += [report.variant] if report.variant else []
    sheet = draw_sheet(frames, [*lines, STATEMENT], words=certainty.words if certainty else "")
    write_picture("sheet", path, sheet[..., ::-1], label=label(report.variant))


def draw_sheet(frames: Sequence[SmallFrame], lines: Sequence[str], *, words: str) -> np.ndarray:
    """Draw a row for each frame below lines of words: (H, W, 3) uint8 RGB.

    Args:
        frames: At least one, all of one size; with maps of confidence or all without.
        lines: They are folded where they are too long.
        words: What the scale below the maps says, see `Certainty.words`.
    """
    height, width = frames[0].luma.shape
    draw = None if frames[0].confidence is None else ConfidenceMap((height, width), "viridis", words=words)
    names = ["grey", "coloured", *(["confidence"] if draw else [])]
    lefts = [_TIMES + number * (width + _GAP) for number in range(len(names))]
    across = max(lefts[-1] + width + _GAP, _NARROWEST)
    written = [legible(line) for line in lines]
    folded = [(part, font) for line, font in written for part in fold(line, across - 2 * _GAP, font=font)]
    top, step = (len(folded) + 1) * LINE + _GAP, max(height, 2 * LINE) + _GAP
    scale = blank(0, width) if draw is None else draw.picture(frames[0].confidence)[height:, :, ::-1]
    bottom = top + len(frames) * step
    canvas = blank(bottom + len(scale) + _GAP * (draw is not None), across)
    canvas[bottom : bottom + len(scale), lefts[-1] : lefts[-1] + width] = scale
    for number, (line, font) in enumerate(folded, 1):
        write(canvas, line, _GAP, number * LINE, font=font)
    for left, name in zip(lefts, names, strict=True):
        write(canvas, name, left, top - _GAP // 2)
    for number, frame in enumerate(frames):
        place = top + number * step
        write(canvas, "" if frame.time is None else clock(frame.time), _GAP, place + LINE // 2)
        if frame.after_cut:
            write(canvas, "after a cut", _GAP, place + LINE // 2 + LINE)
        for left, picture in zip(lefts, _pictures(frame, draw), strict=True):
            canvas[place : place + height, left : left + width] = picture[:height]
    return canvas


def clock(seconds: float) -> str:
    """Write a time: "0:07.5", "1:02:07.5"."""
    tenths = round(10 * seconds)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{f'{hours}:{minutes:02}' if hours else minutes}:{rest // 10:02}.{rest % 10}"


def _pictures(frame: SmallFrame, draw: ConfidenceMap | None) -> list[np.ndarray]:
    """List the pictures of a row; the map has its scale below."""
    grey = np.repeat(frame.luma[..., None], 3, 2)
    return [grey, frame.rgb, *([draw.picture(frame.confidence)[..., ::-1]] if draw else [])]


def _facts(report: Report) -> str:
    if not report.frame_map:
        return "a picture"
    cuts = f"{report.cuts} cut{'s' * (report.cuts != 1)}" if report.cuts else "no cut"
    return f"{report.frames} frame{'s' * (report.frames != 1)}, {cuts}"


def _sureness(certainty: Certainty | None, confidence: float | None) -> str:
    if certainty is None or confidence is None:
        return "These weights do not say how sure they are."
    return f"Mean confidence {confidence:.2f}. {certainty.statement}"
