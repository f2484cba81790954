"""What people see in a panel of a job and of its result."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets as widgets

from temporal_colorize.apps.notebook.options import PanelOptions
from temporal_colorize.apps.notebook.showing import jpeg_of, jpeg_of_file, played_as
from temporal_colorize.apps.notebook.task import Progress
from temporal_colorize.inference.picture import is_picture

if TYPE_CHECKING:
    from temporal_colorize.inference.colored import ColoredFrame

_WRONG = "border-left: 4px solid #c62828; padding-left: 0.5em"

_SHOWN = {"width": "640px", "max_width": "100%"}


class View:
    """The widgets that show a job.

    Attributes:
        bar: How far it is, and
        line: the same in words; at the end, what was written.
        wrong: What went wrong, in words.
        picture: The newest frame.
        result: What was written, to be played or looked at.
    """

    def __init__(self, options: PanelOptions) -> None:
        self._options = options
        self._shown: ColoredFrame | None = None
        across = widgets.Layout(width="32em", max_width="100%")
        self.bar = widgets.IntProgress(min=0, max=1, layout=across)
        self.line = widgets.HTML()
        self.wrong = widgets.HTML()
        self.picture = widgets.Image(format="jpeg", layout=widgets.Layout(display="none", **_SHOWN))
        self.result = widgets.VBox()

    @property
    def all(self) -> list[widgets.Widget]:
        """The widgets, from top to bottom."""
        return [self.bar, self.line, self.wrong, self.picture, self.result]

    def begin(self) -> None:
        """Forget the last job."""
        self._shown = None
        self.bar.value, self.bar.max, self.bar.bar_style = 0, 1, ""
        self.picture.layout.display, self.picture.value = "none", b""
        self.result.children = ()
        self.say("")
        self.tell("opening")

    def tell(self, text: str) -> None:
        """Say how far it is."""
        self.line.value = html.escape(text)

    def say(self, text: str) -> None:
        """Say what went wrong; nothing if it is empty."""
        self.wrong.value = f'<div role="alert" style="{_WRONG}">{html.escape(text)}</div>' if text else ""

    def show(self, progress: Progress, frame: "ColoredFrame | None") -> None:
        """Show how far it is, and the newest frame."""
        self.tell(str(progress) if frame is not None else f"opening, {progress}")
        if frame is None or frame is self._shown:
            return
        if progress.total:
            self.bar.max, self.bar.value = progress.total, progress.done
        self.picture.value, self.picture.layout.display = jpeg_of(frame, self._options.longest), None
        self._shown = frame

    def finish(self, text: str, files: Sequence[Path]) -> None:
        """Show what was written."""
        self.bar.value, self.bar.bar_style = self.bar.max, "success"
        lines, shown = [text], []
        for file in files:
            try:
                shown.append(self._shown_as(file))
            except ValueError as refusal:
                lines.append(f"{file} is not played here: {refusal}")
        self.result.children = shown
        self.picture.layout.display = "none" if shown else None
        self.tell("; ".join(lines))

    def _shown_as(self, file: Path) -> widgets.Widget:
        layout = widgets.Layout(**_SHOWN)
        if is_picture(file):
            return widgets.Image(value=jpeg_of_file(file, self._options.longest), format="jpeg", layout=layout)
        kind = played_as(file, self._options.inline_mib)
        return widgets.Video(
            value=file.read_bytes(), format=kind, autoplay=False, loop=False, controls=True, layout=layout
        )
