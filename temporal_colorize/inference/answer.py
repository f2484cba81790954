"""What is believed of the colour of one thing, to be said, kept or drawn."""

from dataclasses import asdict, dataclass, field
from typing import NamedTuple

import numpy as np

from temporal_colorize.inference.box import Box
from temporal_colorize.inference.statement import STATEMENT

_WORTH_SAYING = 0.01  # a name's probability, in text


class PixelBox(NamedTuple):
    """A part of a picture as it is shown, in its own pixels."""

    left: int
    top: int
    width: int
    height: int

    def within(self, shape: tuple[int, int]) -> Box:
        """Return it in shares of a picture of (height, width).

        Raises:
            ValueError: If it is empty or reaches outside.
        """
        height, width = shape
        fits = 0 <= self.left < self.left + self.width <= width and 0 <= self.top < self.top + self.height <= height
        if not fits or min(self.width, self.height) < 1:
            raise ValueError(
                f"box={','.join(map(str, self))} is not inside the picture, which is {width}x{height}: give left, top, "
                "width and height in its pixels"
            )
        right, bottom = self.left + self.width, self.top + self.height
        return Box(self.left / width, self.top / height, right / width, bottom / height)


@dataclass(frozen=True, kw_only=True)
class Name:
    """One of `TERMS` that the thing's colour could have.

    Attributes:
        name: The term.
        probability: That it is this one.
        such_as: The finer name of the colour that is expected if it is.
        rgb: That colour, each in 0..255.
    """

    name: str
    probability: float
    such_as: str
    rgb: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is believed of one thing.

    Attributes:
        source: The file.
        box: Where it is.
        at: When, in seconds after the first picture; None of a picture.
        names: All eleven, the most probable first.
        lightness: Mean L*, 0..100, of the grey of the same luma.
        pixels: How many of its pixels the network's output has; few are a weak answer.
        frames: How many frames were pooled, and
        seconds: from when to when; None of a picture.
        trusted: Share of what is believed that the probabilities claim, 0..1: 1 but for infrared footage.
        weights: The file's name of the network.
        computed: The device, the runtime and the precision that it ran with.
        notes: What was done otherwise than asked, in a line each.
        statement: That this is no evidence.
        grey: The box's pixels, (height, width, 3) uint8 RGB, and
        colored: coloured.
    """

    source: str
    box: PixelBox
    at: float | None
    names: list[Name]
    lightness: float
    pixels: int
    frames: int
    seconds: tuple[float, float] | None
    trusted: float
    weights: str
    computed: dict[str, str]
    notes: list[str] = field(default_factory=list)
    statement: str = STATEMENT
    grey: np.ndarray = field(repr=False, compare=False)
    colored: np.ndarray = field(repr=False, compare=False)

    def as_json(self) -> dict[str, object]:
        """Return all but the pictures as plain values."""
        values = asdict(self)
        return {name: value for name, value in values.items() if name not in ("grey", "colored")}

    def __str__(self) -> str:
        when = "" if self.at is None else f" at {self.at:.2f} s"
        seen = "" if self.seconds is None else " of {:.2f} to {:.2f} s".format(*self.seconds)
        lines = [
            f"{self.source}{when}, {self.box.width}x{self.box.height} pixels at {self.box.left},{self.box.top}: L* "
            f"{self.lightness:.0f}; {self.pixels} pixels of the estimate, {self.frames} frame{'s' * (self.frames > 1)}"
            f"{seen}",
            *(
                f"{100 * one.probability:5.0f} %  {one.name:7} such as {one.such_as}"
                for one in self.names
                if one.probability >= _WORTH_SAYING
            ),
            *self.notes,
            self.statement,
        ]
        return "\n".join(lines)
