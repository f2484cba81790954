"""A clip's confidence over time, and its cuts, as a drawing."""

import json
from collections.abc import Sequence

Point = tuple[float, float | None, bool]  # seconds, mean confidence in 0..1 or None, whether a scene begins
_WIDE, _HIGH = 1000, 100  # of the drawing, which the page stretches


def timeline_value(points: Sequence[Point], *, seconds: float, time: float, ready: bool, origin: float = 0.0) -> str:
    """Write what timeline.js reads.

    Args:
        points: Of a job's timeline.
        seconds: How long the clip is.
        time: The one shown, after the first picture.
        ready: Whether another one can be chosen.
        origin: The first picture's time, from which the points' are counted.
    """
    seconds = max([seconds, time, *(point[0] - origin for point in points)])
    drawn = _drawing(points, seconds, origin) if seconds else ""
    return json.dumps({"graph": drawn, "seconds": seconds, "time": time, "ready": ready})


def _drawing(points: Sequence[Point], seconds: float, origin: float) -> str:
    """Draw an SVG: the area below the confidence, and a line at each cut."""

    def across(time: float) -> float:
        return round(_WIDE * (time - origin) / seconds, 1)

    known = [(across(time), round(_HIGH * (1 - sure), 1)) for time, sure, _ in points if sure is not None]
    area = ""
    if known:
        corners = [(known[0][0], _HIGH), *known, (known[-1][0], _HIGH)]
        area = f'<polygon class="sureness" points="{" ".join(f"{x},{y}" for x, y in corners)}"/>'
    cuts = [across(time) for time, _, cut in points if cut and time > origin]
    lines = "".join(f'<path class="cut" d="M{x} 0V{_HIGH}"><title>a cut</title></path>' for x in cuts)
    label = f"Confidence over {seconds:.1f} seconds, {len(cuts)} cut{'s' * (len(cuts) != 1)}"
    return (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f"{area}{lines}</svg>"
    )
