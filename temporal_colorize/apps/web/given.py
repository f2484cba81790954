"""Colours that a visitor gives: points that he clicked on and strokes that he painted, as entries of a hints file."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Place = tuple[float, float]  # x and y as shares of the picture as it is shown
_RGBA = re.compile(r"rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+).*\)")
_COLOR_CHARACTERS = 100  # more are looked at for hours, as the pattern's parts may end anywhere
_MOST_PLACES = 5000  # of a stroke


@dataclass(frozen=True, kw_only=True)
class Given:
    """A colour, and where it is.

    Attributes:
        at: Seconds after the first picture.
        color: "#rrggbb".
        places: One for a point, several for a stroke.
        radius: In pixels of the video.
        grow: A point stands for the thing that it is on, see docs/hints.md.
    """

    at: float
    color: str
    places: tuple[Place, ...]
    radius: float
    grow: bool = False

    def __str__(self) -> str:
        x, y = self.places[0]
        kind = "stroke" if len(self.places) > 1 else "thing" if self.grow else "point"
        return f"{kind} at {100 * x:.0f} %, {100 * y:.0f} % of the picture, {self.at:.2f} s"

    def mark(self, shape: tuple[int, int]) -> dict[str, object]:
        """Say how to draw it over a picture of a shape, (height, width) as shown."""
        at = [(x * shape[1], y * shape[0]) for x, y in self.places]
        if len(at) == 1:
            (x, y), radius = at[0], max(self.radius, shape[1] / 160)
            return _drawn("circle", cx=x, cy=y, r=radius, fill=self.color)
        return _drawn(
            "polyline",
            points=" ".join(f"{x:.1f},{y:.1f}" for x, y in at),
            stroke=self.color,
            **{"stroke-width": 2 * self.radius, "class": "stroke"},
        )

    def entry(self, shape: tuple[int, int], mask: Path) -> dict[str, object]:
        """Return the entry of a hints file for a picture of a shape, as shown; a stroke's mask is written beside it."""
        said: dict[str, object] = {"at": self.at, "color": self.color}
        if len(self.places) > 1:
            self._write(mask, shape)
            return {**said, "mask": mask.name}
        x, y = self.places[0]
        point = [min(x * shape[1], shape[1] - 0.5), min(y * shape[0], shape[0] - 0.5)]
        return {**said, "point": point, "radius": self.radius, "grow": self.grow}

    def _write(self, path: Path, shape: tuple[int, int]) -> None:
        import cv2

        drawn = np.zeros(shape, np.uint8)
        corners = np.round([(x * (shape[1] - 1), y * (shape[0] - 1)) for x, y in self.places]).astype(np.int32)
        cv2.polylines(drawn, [corners[:, None]], False, 255, max(1, round(2 * self.radius)))
        cv2.imwrite(str(path), drawn)


def write_hints(given: Sequence[Given], path: Path, *, shape: tuple[int, int]) -> None:
    """Write a hints file, with its masks beside it.

    Args:
        given: The colours, at least one.
        path: Of the file, a .json.
        shape: (height, width) of the video as it is shown, which is how hints are meant.
    """
    masks = (path.with_name(f"stroke-{number}.png") for number in range(len(given)))
    path.write_text(json.dumps([one.entry(shape, mask) for one, mask in zip(given, masks, strict=True)]))


def color_of(value: object) -> str:
    """Read what a colour picker says, "#rrggbb" or "rgb(r, g, b)", as the former.

    Raises:
        ValueError: If it is neither.
    """
    text = value if isinstance(value, str) and len(value) <= _COLOR_CHARACTERS else ""
    if re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return text.lower()
    if match := _RGBA.fullmatch(text):
        return "#" + "".join(f"{round(min(255, float(part))):02x}" for part in match.groups())
    raise ValueError(f"{str(value)[:40]!r} is no colour: choose one, or write it as #a02030")


def places_of(value: object) -> tuple[Place, ...]:
    """Read places that a browser sent.

    Raises:
        ValueError: If they are none.
    """
    try:
        places = tuple((float(x), float(y)) for x, y in value)
    except (TypeError, ValueError, OverflowError):
        places = ()
    if not 1 <= len(places) <= _MOST_PLACES or not all(0 <= part <= 1 for place in places for part in place):
        raise ValueError("that is no place in the picture: click on it, or paint a shorter stroke")
    return places


def _drawn(kind: str, **attributes: object) -> dict[str, object]:
    return {"kind": kind, "attributes": attributes}
