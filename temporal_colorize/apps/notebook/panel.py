"""A panel by which files are coloured in a notebook, without a line of code."""

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import ipywidgets as widgets

from temporal_colorize.apps.notebook.controls import Asked, Controls
from temporal_colorize.apps.notebook.options import PanelOptions
from temporal_colorize.apps.notebook.task import Cancelled, Task
from temporal_colorize.apps.notebook.view import View
from temporal_colorize.config.messages import notes_of, one_line
from temporal_colorize.inference.statement import STATEMENT
from temporal_colorize.inference.watching import clock

if TYPE_CHECKING:
    from temporal_colorize.colorizer import Colorizer

_OPENING = threading.Lock()
_usual: "list[Colorizer]" = []  # the shipped weights, once some panel needs them; all panels share them


class Written(NamedTuple):
    """What came of a job: its files, and what else is to be said."""

    files: list[Path]
    notes: list[str]


class Panel(widgets.VBox):
    """Widgets that colour a file, or take its colours away, in a thread of its own.

    Attributes:
        controls: What is chosen; see `Controls`.
        view: What is shown; see `View`.
        task: The present or last job; None before the first.
    """

    def __init__(self, colorizer: "Colorizer | None", folder: Path, options: PanelOptions) -> None:
        self.view = View(options)
        self.controls = Controls(folder, upload_mib=options.upload_mib, say=self.view.say)
        self.task: Task[Written] | None = None
        self._colorizer, self._options = colorizer, options
        self.controls.start.on_click(lambda button: self._start())
        self.controls.cancel.on_click(lambda button: self._cancel())
        super().__init__([*self.controls.all, *self.view.all, widgets.HTML(f"<em>{STATEMENT}</em>")])

    def _start(self) -> None:
        if self.controls.start.disabled:  # a second click, on its way before the button knew
            return
        self.view.begin()
        try:
            asked = self.controls.asked()
        except ValueError as error:
            self.view.tell("")
            self.view.say(one_line(error))
            return
        self.controls.busy(True)
        self.task = Task(lambda task: self._work(asked, task), after=self.task)
        self.task.start()
        threading.Thread(target=self._follow, args=(self.task,), name="panel view", daemon=True).start()

    def _cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()
            self.controls.cancel.disabled = True

    def _work(self, asked: Asked, task: Task[Written]) -> Written:
        if not asked.colourise:
            from temporal_colorize.greyscaling import greyscale

            grey = greyscale(asked.source, watch=task.watch)
            return Written([grey.output], [*_without(grey.left_out), *grey.notes])
        colorizer = self._colorizer or _usual_colorizer()
        task.go_on()
        report = colorizer.file(asked.source, watch=task.watch, **asked.options)
        sure = [] if report.confidence is None else [report.confidence]
        return Written([report.output, *sure], [*_without(report.left_out), *report.notes])

    def _follow(self, task: Task[Written]) -> None:
        """Show a job until it ends, or until one that is cancelled takes too long to."""
        try:
            while not task.done.wait(1 / self._options.per_second) and task.waited < self._options.patience:
                self.view.show(task.progress(), task.newest)
            self._conclude(task)
        finally:
            self.controls.busy(False)

    def _conclude(self, task: Task[Written]) -> None:
        if task.waited and (task.error is None or isinstance(task.error, Cancelled)) and task.result is None:
            after = task.progress()
            self.view.tell("; ".join([f"cancelled after {after.done} frames", *notes_of(task.error)]))
        elif task.error is not None:
            self.view.tell("")
            self.view.say(_in_words(task.error))
        else:
            files = task.result.files
            took = f"{files[0]} written in {clock(task.progress().elapsed)}"
            self.view.finish("; ".join([took, *task.result.notes]), files)
            self.controls.look()


def panel(colorizer: "Colorizer | None" = None, folder: str | os.PathLike[str] = ".") -> Panel:
    """Make a panel; the last line of a notebook's cell shows it.

    Outputs are written beside their sources, uploads into the folder; any number of panels work at once.

    Args:
        colorizer: What colours; None for the shipped weights, which are opened when a first job needs them.
        folder: Whose videos and pictures are offered, and which typed paths begin at.

    Raises:
        ValueError: If there is no such folder.
    """
    if not Path(folder).is_dir():
        raise ValueError(f"folder={os.fspath(folder)}: there is no such folder; make it first")
    return Panel(colorizer, Path(folder), PanelOptions.usual())


def _usual_colorizer() -> "Colorizer":
    from temporal_colorize.colorizer import Colorizer

    with _OPENING:
        if not _usual:
            _usual.append(Colorizer.load())
        return _usual[0]


def _without(left_out: list[str]) -> list[str]:
    return ["without " + ", ".join(left_out)] if left_out else []


def _in_words(error: BaseException) -> str:
    """Say an error: of what a user can mend its own words, of the rest its kind as well."""
    words = one_line(error)
    return words if isinstance(error, ValueError | ModuleNotFoundError) else f"{type(error).__name__}: {words}"
