"""How much a file may ask for before it is refused; each refusal says how to raise the limit."""

from __future__ import annotations

from dataclasses import dataclass

from temporal_colorize.options import require_number

_TRUST = "raise it if you trust the file"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a file is trusted with; `conf/limits` has the same numbers.

    Attributes:
        pixels: Of a picture, width times height. FFmpeg itself takes no more than about 2^28.
        streams: In a video file.
        seconds: Until it is known what is in a video file, and from one of its packets to the next.

    Raises:
        ValueError: If a value is out of its range.
    """

    pixels: int = 8192 * 8192
    streams: int = 100
    seconds: float = 30.0

    def __post_init__(self) -> None:
        require_number("limits.pixels", self.pixels, least=1, most=2**31 - 1)
        require_number("limits.streams", self.streams, least=1, most=1000)
        require_number("limits.seconds", self.seconds, least=0.01, most=86400)

    def refuse_size(self, width: int, height: int) -> str | None:
        """Say what is wrong with a picture of this size; None if nothing is."""
        if width * height <= self.pixels:
            return None
        return f"is {width}x{height}: above limits.pixels={self.pixels}; {_TRUST}"

    @property
    def too_large(self) -> str:
        """What is said of pictures that a decoder refused for their size without telling it."""
        return f"is damaged, or its pictures are above limits.pixels={self.pixels}; {_TRUST}"

    @property
    def too_many_streams(self) -> str:
        """What is said of a file of too many streams."""
        return f"has more than limits.streams={self.streams} streams; {_TRUST}"

    @property
    def too_slow(self) -> str:
        """What is said of a file that takes too long."""
        return f"takes more than limits.seconds={self.seconds:g} to read on; {_TRUST}"
