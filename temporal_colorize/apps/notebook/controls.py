"""What people choose in a panel."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import ipywidgets as widgets

from temporal_colorize.apps.notebook.files import files_in, keep_upload
from temporal_colorize.inference.picture import is_picture

COLOURISE, GREYSCALE = "colourise", "convert to greyscale"
_TENTHS = [(f"{tenth / 10:.1f}", tenth / 10) for tenth in range(11)]
_WIDE = {"description_width": "9em"}


class Asked(NamedTuple):
    """A job: what file it is of, whether it is to be coloured or grey, and with which options of infer.py."""

    source: Path
    colourise: bool
    options: dict[str, object]


class Controls:
    """The widgets by which a job is described, started and cancelled.

    Attributes:
        file: Where a file is named.
        upload: Where one is uploaded.
        what: Whether it is coloured.
        vividness: None for what suits the weights.
        abstain: None for not at all.
        confidence: Whether there is to be a file that says how sure the colours are.
        afresh: Whether what an earlier run has kept is thrown away.
        start: The button, and
        cancel: the other.
    """

    def __init__(self, folder: Path, *, upload_mib: int, say: Callable[[str], object]) -> None:
        self._folder, self._upload_mib, self._say = folder, upload_mib, say
        layout = widgets.Layout(width="32em", max_width="100%")
        common = {"layout": layout, "style": _WIDE}
        self.file = widgets.Combobox(description="file", placeholder="choose or type a path", **common)
        self.upload = widgets.FileUpload(
            description=f"upload (to {upload_mib} MiB)", accept="video/*,image/*", layout=widgets.Layout(width="auto")
        )
        self.what = widgets.ToggleButtons(options=[COLOURISE, GREYSCALE], style={"button_width": "auto"})
        self.vividness = widgets.Dropdown(
            options=[("as suits the weights", None), *_TENTHS], description="vividness", index=0, **common
        )
        self.abstain = widgets.Dropdown(
            options=[("off", None), *_TENTHS[1:]], description="abstain below", index=0, **common
        )
        self.confidence = widgets.Checkbox(description="a file of how sure each colour is", indent=False)
        self.afresh = widgets.Checkbox(description="throw away what an earlier run has kept", indent=False)
        self.start = widgets.Button(description="start", icon="play", button_style="primary")
        self.cancel = widgets.Button(description="cancel", icon="stop", disabled=True)
        self._of_colours = [self.vividness, self.abstain, self.confidence, self.afresh]
        self.what.observe(self._choose, "value")
        self.upload.observe(self._take, "value")
        self.look()

    @property
    def all(self) -> list[widgets.Widget]:
        """The widgets, from top to bottom."""
        return [
            widgets.HBox([self.file, self.upload], layout=_WRAPPED), self.what, *self._of_colours,
            widgets.HBox([self.start, self.cancel]),
        ]  # fmt: skip

    def look(self) -> None:
        """See which files the folder has."""
        self.file.options = files_in(self._folder)

    def busy(self, is_busy: bool) -> None:
        """Let people start, or cancel."""
        self.start.disabled, self.cancel.disabled = is_busy, not is_busy

    def asked(self) -> Asked:
        """Read what is chosen.

        Raises:
            ValueError: If no file is.
        """
        if not self.file.value.strip():
            raise ValueError("no file: choose one, type its path, or upload it")
        source = self._folder / Path(self.file.value.strip()).expanduser()
        if self.what.value == GREYSCALE:
            return Asked(source, False, {})
        options = {"vividness": self.vividness.value, "abstain": self.abstain.value}
        if self.confidence.value:
            options["confidence"] = source.with_name(
                f"{source.stem}.confidence{'.png' if is_picture(source) else '.mp4'}"
            )
        if self.afresh.value:
            options["resume"] = "off"
        return Asked(source, True, options)

    def _choose(self, change: object) -> None:
        for widget in self._of_colours:
            widget.disabled = self.what.value == GREYSCALE

    def _take(self, change: object) -> None:
        if not self.upload.value:
            return
        (given,) = self.upload.value
        self.upload.value = ()  # its memory is not needed any more
        try:
            path = keep_upload(self._folder, given["name"], given["content"], most_mib=self._upload_mib)
        except ValueError as error:
            self._say(str(error))
            return
        self.look()
        self.file.value = path.name


_WRAPPED = widgets.Layout(flex_flow="row wrap")
