"""The picture in the middle: grey and coloured with a line between them, and where people click."""

import json
from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from temporal_colorize.apps.web.frames import Shown

_HERE = Path(__file__).parent


_REMOVES = """element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-remove]");
  if (button) trigger("remove", { number: Number(button.dataset.remove) });
});"""


def viewer() -> gr.HTML:
    """Make the viewer; its events are `pick` (place) and `stroke` (places), in shares of the picture."""
    return gr.HTML(
        "{}", html_template=_part("viewer.html"), js_on_load=_part("viewer.js"), mode="look", elem_id="viewer"
    )


def timeline() -> gr.HTML:
    """Make the timeline; its event is `seek` (time), in seconds."""
    return gr.HTML("{}", html_template=_part("timeline.html"), js_on_load=_part("timeline.js"), elem_id="timeline")


def live_view() -> gr.HTML:
    """Make two pictures side by side, of a camera as it comes and coloured."""
    return gr.HTML("{}", html_template=_part("live.html"), js_on_load=_part("live.js"), elem_id="live")


def removable(value: str) -> gr.HTML:
    """Make a list whose buttons say which entry to remove: its event is `remove` (number)."""
    return gr.HTML(value, js_on_load=_REMOVES, elem_id="given")


def viewer_value(
    shown: Shown | None,
    *,
    shape: tuple[int, int],
    marks: Sequence[dict[str, object]] = (),
    radius: float = 8,
    overlay: bool = False,
) -> str:
    """Write what viewer.js reads; `shape` is (height, width) of the video as shown, in which marks are."""
    if shown is None:
        return "{}"
    said = {"grey": shown.grey, "color": shown.color, "sure": shown.sure if overlay else None}
    return json.dumps({**said, "width": shape[1], "height": shape[0], "marks": list(marks), "radius": radius})


def _part(name: str) -> str:
    return (_HERE / name).read_text()
