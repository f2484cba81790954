"""What was done to a file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REFERENCE = "reference="


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was done.

    Attributes:
        output: The coloured file.
        frames: Frames coloured.
        kept: So many of them by an earlier run that was stopped.
        seconds: Wall time.
        looks: On how many frames the network ran.
        cuts: Scene cuts at which the colour state was dropped.
        damaged: How often decoding failed or a picture came out marked as corrupt.
        retimed: Timestamps that were missing or went backwards, and were made up.
        ends_at: Seconds at which the pictures end, if that is well before the file says that it ends.
        left_out: Streams of the source that the output does not have.
        luma_changed: Whether the luma is not the source's own: it was deinterlaced, scaled, converted, rounded or
            marked.
        lossless: Of pictures, whether the file holds their luma as it was, but for the mark; None of videos, where the
            encoder's options decide it.
        mark: What is written into the picture itself, and where: text, and box as (x, y, width, height).
        frame_map: Which picture of the source each frame is; see `FrameMap.as_json`. Empty for pictures.
        computed: On what the network ran at last: device, runtime and precision.
        confidence: The file that says how sure each pixel's colour is.
        sheet: The contact sheet.
        hints: Colours that were given, a line each; that of a reference begins with `REFERENCE`.
        variant: Which of several colourings of the source this is, how probable, and what is other in it.
        infrared: Share of the frames the network ran on that looked near-infrared; None if nobody asked.
        profile: Milliseconds a frame by stage; stages overlap.
        notes: What was done otherwise than asked, in a line each.
    """

    output: Path
    frames: int
    seconds: float
    looks: int
    kept: int = 0
    cuts: int = 0
    damaged: int = 0
    retimed: int = 0
    ends_at: float | None = None
    left_out: list[str] = field(default_factory=list)
    luma_changed: bool = False
    lossless: bool | None = None
    mark: dict[str, Any] | None = None
    frame_map: dict[str, Any] = field(default_factory=dict)
    computed: dict[str, str] = field(default_factory=dict)
    confidence: Path | None = None
    sheet: Path | None = None
    hints: list[str] = field(default_factory=list)
    variant: str | None = None
    infrared: float | None = None
    profile: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        rate = (self.frames - self.kept) / max(self.seconds, 1e-9)
        parts = [f"{self.output}: {self.frames} frames in {self.seconds:.1f} s ({rate:.1f} fps)"]
        if self.kept:
            parts.append(f"{self.kept} of them by an earlier run")
        if self.looks < self.frames:
            parts.append(f"the network ran on {self.looks} of them")
        if self.variant:
            parts.append(self.variant)
        given = [line.startswith(REFERENCE) for line in self.hints]
        if hints := given.count(False):
            parts.append(f"{hints} hint{'s' * (hints > 1)}")
        if any(given):
            parts.append("with a reference")
        if self.cuts:
            parts.append(f"{self.cuts} cut{'s' * (self.cuts > 1)}")
        if self.damaged:
            parts.append(f"damaged in {self.damaged} place{'s' * (self.damaged > 1)}")
        if self.retimed:
            parts.append(f"{self.retimed} timestamp{'s' * (self.retimed > 1)} made up")
        if self.ends_at is not None:
            parts.append(f"the pictures break off at {self.ends_at:.1f} s, before the file says they end")
        if self.left_out:
            parts.append("without " + ", ".join(self.left_out))
        return "; ".join(parts + self.notes)
