"""Runs one job; its record names files without their folders."""

import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.apps.service.job import Job, Stopped
from temporal_colorize.apps.service.turns import Turns
from temporal_colorize.apps.service.words import in_words, without_folders
from temporal_colorize.colorizer import Colorizer
from temporal_colorize.config.messages import print_failure
from temporal_colorize.inference.picture import is_picture
from temporal_colorize.provenance import record

if TYPE_CHECKING:
    from temporal_colorize.inference.colored import ColoredFrame
    from temporal_colorize.inference.report import Report

_LOOK = 0.25  # seconds between two looks at the disk
_OF_VIDEOS = ("audio", "deinterlace", "direction", "encoder", "end", "gate", "hints_at", "rate", "start")


def outcome_of(
    colorizer: Colorizer, job: Job, usual: Mapping[str, object], root: Path, turns: Turns,
    *, require_room: Callable[[str], None],
) -> dict[str, object]:  # fmt: skip
    """Colour what a job names, and return what `Job.end` takes; what nobody foresaw goes to the log, scrubbed.
    `require_room` is given the visitor again and again, and ends it with a ValueError."""
    try:
        return {
            "state": "done",
            "report": _run(colorizer, job, usual, root, turns, seldom(lambda: require_room(job.visitor), _LOOK)),
        }
    except Stopped:
        return {"state": "cancelled"}
    except ValueError as error:
        return {"state": "failed", "error": in_words(error, root)}
    except Exception as error:
        if not job.is_over:  # else its folder may be gone: it was forgotten, or the service ends
            print_failure(error)
        said = f"{job.name}: the server failed ({type(error).__name__}); its log says more"
        return {"state": "failed", "error": said}


def seldom(action: Callable[[], None], seconds: float) -> Callable[[], None]:
    """Make what does something at most every so many seconds, however often it is called."""
    last = -math.inf

    def do() -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            action()
            last = time.monotonic()

    return do


def _run(
    colorizer: Colorizer, job: Job, usual: Mapping[str, object], root: Path, turns: Turns,
    require_room: Callable[[], None],
) -> "Report":  # fmt: skip
    def watch(frame: "ColoredFrame") -> None:
        require_room()
        job.watch(frame)

    def idle() -> None:
        require_room()
        job.idle()

    asked, picture = dict(job.asked), is_picture(job.source)
    suffix = f".{asked.pop('format', '*')}"
    output = job.folder / f"{job.source.stem}.color{'.*' if picture else suffix}"
    if asked.pop("confidence", False):
        asked["confidence"] = job.folder / f"{job.source.stem}.confidence.{'png' if picture else 'mp4'}"
    if picture:  # of videos alone
        asked = {name: value for name, value in asked.items() if name not in _OF_VIDEOS}
    if "encoder" in asked:  # whose parts are not the owner's
        usual = {name: value for name, value in usual.items() if not name.startswith("encoder.")}
    report = colorizer.file(job.source, output, watch=watch, idle=idle, pace=turns.give_way, **{**usual, **asked})
    _without_folders(record.usual_path(report.output), root)
    return report


def _without_folders(path: Path, root: Path) -> None:
    if path.is_file():  # the owner may have record=false
        record.write(path, without_folders(json.loads(path.read_text()), root))
