"""What the page shows of a desk, by the part that shows it."""

from pathlib import Path

from temporal_colorize.apps.service import Job
from temporal_colorize.apps.web import telling
from temporal_colorize.apps.web.desk import Desk
from temporal_colorize.apps.web.files import Offers
from temporal_colorize.apps.web.studio import Studio
from temporal_colorize.apps.web.timeline import timeline_value
from temporal_colorize.apps.web.viewer import viewer_value

_NOW = 0.02  # seconds by which what was given may be off the time shown, and is drawn


def news(studio: Studio, desk: Desk, offers: Offers, *, overlay: bool, radius: float) -> dict[str, object]:
    """Return values, and as dictionaries updates, in the order of the tab's outputs."""
    job, done = desk.job, studio.result(desk)
    busy = job is not None and not job.is_over
    marks, size = _marks(desk), desk.seen_shape
    return {
        "problem": telling.problem(desk.problem or (job is not None and job.error) or ""),
        "status": telling.status(job, name=None if desk.problem or desk.source is None else desk.source.name),
        "viewer": viewer_value(desk.shown, shape=size, marks=marks, radius=radius, overlay=overlay),
        "timeline": _timeline(desk, job, done),
        "given": telling.given_list(desk.given),
        "cancel": {"visible": busy},
        "again": {"interactive": desk.source is not None},
        "result": _offered(offers, done and done.output)
        | {"label": "Download the last" if done and job and done.id != job.id else "Download"},
        "record": _offered(offers, done and done.record),
        "sure": _offered(offers, done and done.confidence),
        "box": ",".join(map(str, desk.box)) if desk.box else "",
        "answer": desk.answer,
        "timer": {"active": busy},
    }


def _timeline(desk: Desk, job: Job | None, done: Job | None) -> str:
    """Draw the job that runs, whose pictures come by themselves, or else the one that is done."""
    told = job if done is None or (job is not None and job.state == "running") else done
    points, time = (() if told is None else told.timeline), (0.0 if desk.shown is None else desk.shown.time)
    ready = told is not None and told is done
    return timeline_value(points, seconds=desk.seconds, origin=desk.origin, time=time, ready=ready)


def _offered(offers: Offers, file: Path | None) -> dict[str, object]:
    ready = isinstance(file, Path) and file.is_file()
    return {"value": str(offers.address(file)) if ready else None, "visible": ready}


def _marks(desk: Desk) -> list[dict[str, object]]:
    """Say what is drawn over the picture: what was given at about this time, and the box that is asked about."""
    shape, now = desk.seen_shape, desk.shown.time if desk.shown else 0.0
    marks = [one.mark(shape) for one in desk.given if abs(one.at - now) < _NOW]
    if desk.box is not None:
        names = ("x", "y", "width", "height")
        marks.append({"kind": "rect", "attributes": dict(zip(names, desk.box, strict=True))})
    if desk.corner is not None:
        x, y = desk.corner[0] * shape[1], desk.corner[1] * shape[0]
        marks.append({"kind": "circle", "attributes": {"cx": x, "cy": y, "r": shape[1] / 160, "class": "corner"}})
    return marks
