"""A single picture in, a coloured one out."""

import os
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.chroma import ChromaCoding, luma_from_code
from temporal_colorize.inference.confidence_map import ConfidenceMap, Style
from temporal_colorize.inference.estimate import Estimate
from temporal_colorize.inference.finishing import Finishing, begin
from temporal_colorize.inference.hints.guidance import Guide, View, heard, sure_with
from temporal_colorize.inference.mark import Mark
from temporal_colorize.inference.picture_file import EIGHT_BITS, WITH_LOSS, PictureError, write_picture
from temporal_colorize.inference.planes import ab_at, lightness_of, render, shrink
from temporal_colorize.inference.report import Report
from temporal_colorize.inference.session import Session
from temporal_colorize.inference.sheet import sheet_path, write_sheet
from temporal_colorize.inference.sheet_frames import small_picture
from temporal_colorize.inference.statement import label
from temporal_colorize.inference.video_options import USUAL_SUFFIX
from temporal_colorize.video import Limits, is_sequence, picture_size

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
_MAP_SUFFIXES = (".png", ".jpg")


def is_picture(path: str | os.PathLike[str]) -> bool:
    """Say whether a name is that of a picture rather than of a video, as numbered pictures are."""
    return Path(path).suffix.lower() in SUFFIXES and not is_sequence(path)


def colorize_picture(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str] | None,
    session: Session,
    *,
    guide: Guide | None = None,
    limits: Limits | None = None,
    mark: bool = False,
    finishing: Finishing | None = None,
    confidence: Path | None = None,
    confidence_style: Style = "viridis",
    variant: str | None = None,
    sheet: Path | bool | None = None,
) -> Report:
    """Colour a picture file; colour in it is ignored, its Rec. 601 luma is used and kept.

    Args:
        source: JPEG, PNG, WebP, BMP or TIFF, 8 or 16 bits.
        output: Where to, the suffix choosing the format; None for `photo.color.jpg` beside `photo.jpg`.
        session: A fresh session.
        guide: Knows colours of it, as of a video's first frame; see `Guide`.
        limits: What the file is trusted with; None for the usual.
        mark: Write into the picture that its colours are estimated, see `Mark`.
        finishing: What is done when the output is complete.
        confidence: Where to write how sure it is, .png or .jpg; the session must have been asked for it.
        confidence_style: See `ConfidenceMap`.
        variant: What sets this output apart from others of the same source; the file says it, too.
        sheet: Where to draw it beside its luma, .png or .jpg; True for beside the output.

    Raises:
        PictureError: If the source cannot be read or the output not written.
        ValueError: If there is to be confidence, and the session does not know it; if one file is written over another.
    """
    start = time.perf_counter()
    source = Path(source)
    target = picture_output(source, output)
    _check_map(confidence, session)
    plane = read_luma(source, limits=limits)
    beside = {"confidence": confidence, "sheet": sheet_path(sheet, target)}
    begin(finishing, target, [source], beside)
    rgb, shown = color_plane(plane, session, guide=guide)
    if confidence is not None:
        draw = ConfidenceMap(plane.shape, confidence_style, words=session.certainty.words)
        write_picture("confidence", confidence, draw.picture(shown.confidence))
    most = np.iinfo(plane.dtype).max
    content = (rgb * most).round().to(torch.int32).numpy().astype(plane.dtype)
    marking = Mark(plane.shape) if mark else None
    content = content if marking is None else marking.put(content, low=0, high=most)
    seal = None if finishing is None else lambda part: finishing.seal(part, target, [source])
    write_picture("output", target, content[..., ::-1], label=label(variant), seal=seal)
    given, unused = ([], []) if guide is None else (guide.given, guide.notes)
    suffix = target.suffix.lower()
    rounded = plane.dtype == np.uint16 and suffix in EIGHT_BITS
    report = Report(
        output=target,
        frames=1,
        looks=1,
        seconds=time.perf_counter() - start,
        luma_changed=mark or rounded,
        lossless=not rounded and suffix not in WITH_LOSS,
        mark=marking and marking.as_json(),
        computed=session.computed(),
        hints=given,
        notes=[
            *session.notes,
            *unused,
            *([marking.note] if marking else []),
            *([f"16 bits became 8: {suffix} holds no more"] if rounded else []),
            *([] if finishing is None else finishing.notes()),
        ],
        **beside,
        variant=variant,
        infrared=session.infrared,
    )
    if report.sheet is not None:
        small = small_picture(plane, content, shown.confidence if confidence else None)
        mean = None if shown.confidence is None else float(shown.confidence.mean())
        write_sheet(report.sheet, [small], report, source, certainty=session.certainty, confidence=mean)
    if finishing is not None:
        finishing.record(report, source, [source])
    return report


def picture_output(source: Path, output: str | os.PathLike[str] | None, *, mark: str = "color") -> Path:
    """Name an output: as asked, or where nothing is, `photo.color.jpg` beside `photo.jpg`; `x.*` for the same suffix.

    Raises:
        PictureError: If its suffix is not a picture's.
    """
    target = Path(output) if output is not None else source.with_name(f"{source.stem}.{mark}{source.suffix}")
    target = target.with_suffix(source.suffix) if target.suffix == USUAL_SUFFIX else target
    if target.suffix.lower() not in SUFFIXES:
        raise PictureError(f"output={target}: the name of a picture ends in one of {', '.join(sorted(SUFFIXES))}")
    return target


def _check_map(confidence: Path | None, session: Session) -> None:
    if confidence is None:
        return
    if session.certainty is None:
        raise ValueError(
            f"confidence={confidence} needs a session that was asked for it: SessionOptions(confidence=True)"
        )
    if confidence.suffix.lower() not in _MAP_SUFFIXES:
        raise PictureError(f"confidence={confidence}: end the name in {' or '.join(_MAP_SUFFIXES)} beside a picture")


def color_plane(plane: np.ndarray, session: Session, *, guide: Guide | None = None) -> tuple[Tensor, Estimate]:
    """Colour one luma plane, (H, W) uint8 or uint16 of full range, as a fresh scene.

    Returns:
        (H, W, 3) RGB in [0, 1], and what the network made of it.
    """
    coding = ChromaCoding("bt601", full_range=True, bit_depth=8 * plane.dtype.itemsize)
    size, known = session.network_size(*plane.shape), None
    codes = shrink(plane, *size)
    if guide is not None:
        guide.begin(View(plane.shape, plane.shape, size, coding, session.cut_threshold))
        known = guide(plane, codes, 0.0)
    seen, luma = lightness_of(codes, coding), luma_from_code(torch.from_numpy(plane)[None], coding)
    (output,) = session.steps(seen[None], [heard(known, size)])
    shown = session.decode(output)
    ab = ab_at(luma, shown.ab, seen)
    if known is not None:
        ab = torch.lerp(ab, torch.from_numpy(known.ab), torch.from_numpy(known.mask))
        shown = shown if shown.confidence is None else shown._replace(confidence=sure_with(known, shown.confidence))
    return render(luma, ab).permute(1, 2, 0), shown


def read_luma(source: str | os.PathLike[str], *, limits: Limits | None = None) -> np.ndarray:
    """Read a picture's luma, (H, W) uint8 or uint16, turned as its EXIF says.

    Raises:
        PictureError: If there is no such file, it is not a picture, or is larger than the limits.
    """
    import cv2

    path = Path(source)
    if path.exists() and not path.is_file():
        raise PictureError(f"{path}: is not a file; name a picture")  # reading a pipe might never end
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path}: cannot be read ({error.strerror})") from error
    size = picture_size(content)  # None where OpenCV would read a format that is no picture's of ours
    if size and (refusal := (limits or Limits()).refuse_size(*size)):
        raise PictureError(f"{path}: {refusal}")
    try:
        raw = np.frombuffer(content, np.uint8)
        picture = cv2.imdecode(raw, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR) if size else None
    except cv2.error as error:
        raise PictureError(f"{path}: cannot be decoded ({error.err}); is it too large?") from error
    if picture is None or picture.dtype not in (np.uint8, np.uint16):
        what = "is empty" if not content else "is not a picture that can be read (8 or 16 bits)"
        raise PictureError(f"{path}: {what}")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)  # Rec. 601; a grey picture comes out as it went in
