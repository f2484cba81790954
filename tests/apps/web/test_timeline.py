"""A timeline is drawn from a job's points."""

import json
from xml.etree import ElementTree

from temporal_colorize.apps.web.timeline import timeline_value

POINTS = [(10.0, 0.5, False), (11.0, 0.75, True), (12.0, 0.25, False)]


def drawn(**options: object) -> tuple[dict[str, object], ElementTree.Element | None]:
    value = json.loads(timeline_value(POINTS, **{"seconds": 4, "time": 1.0, "ready": True, "origin": 10.0, **options}))
    return value, ElementTree.fromstring(value["graph"]) if value["graph"] else None


def test_confidence_and_cuts_are_where_they_were() -> None:
    value, svg = drawn()
    assert (value["seconds"], value["time"], value["ready"]) == (4, 1.0, True)
    corners = svg.find("polygon").get("points").split()
    assert corners == ["0.0,100", "0.0,50.0", "250.0,25.0", "500.0,75.0", "500.0,100"]
    assert [path.get("d") for path in svg.findall("path")] == ["M250.0 0V100"]
    assert svg.get("aria-label") == "Confidence over 4.0 seconds, 1 cut"


def test_a_clip_that_is_longer_than_it_said_fits() -> None:
    value, svg = drawn(seconds=1)
    assert value["seconds"] == 2 and svg.find("polygon").get("points").endswith("1000.0,100")


def test_weights_without_confidence_have_cuts_alone() -> None:
    value = json.loads(timeline_value([(0, None, False), (1, None, True)], seconds=2, time=0, ready=False))
    svg = ElementTree.fromstring(value["graph"])
    assert svg.find("polygon") is None and len(svg.findall("path")) == 1


def test_a_picture_has_none() -> None:
    assert json.loads(timeline_value((), seconds=0, time=0, ready=True))["graph"] == ""
