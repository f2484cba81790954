"""The tab where a camera is seen in colour beside the original."""

import json

import gradio as gr

from temporal_colorize.apps.web import telling
from temporal_colorize.apps.web.acting import QUIET, STRANGE, Seen
from temporal_colorize.apps.web.desk import is_key
from temporal_colorize.apps.web.studio import Studio
from temporal_colorize.apps.web.viewer import live_view
from temporal_colorize.apps.web.watcher import Watcher, Watchers

Updates = list[object]


class LiveTab:
    """Lays the tab out, and answers its events.

    Args:
        studio: Whose colorizer and options are used.
        visitor: Where the browser keeps its key.
    """

    def __init__(self, studio: Studio, visitor: gr.BrowserState) -> None:
        self._options = studio.options
        self._watchers = Watchers(studio.service, studio.options)
        address = _address(studio)
        with gr.Row():
            watch = gr.Button("Watch", variant="primary", min_width=120, elem_id="watch")
            stop = gr.Button("Stop", variant="stop", interactive=False, min_width=120, elem_id="stop")
        problem, status = gr.HTML("", elem_id="live-problem"), gr.HTML("", elem_id="live-status")
        view, timer = live_view(), gr.Timer(studio.options.live_refresh, active=False)
        seen = gr.State(Seen())
        self.usual, self.outputs = [visitor, seen], [problem, status, view, stop, timer, seen]
        for event in (watch.click, *([address.submit] if isinstance(address, gr.Textbox) else [])):
            event(self._watch, [*self.usual, address], self.outputs, **QUIET, concurrency_limit=None)
        stop.click(self._stop, self.usual, self.outputs, **QUIET, concurrency_limit=None)
        timer.tick(self.look, self.usual, self.outputs, **QUIET, concurrency_limit=None)

    def look(self, visitor: object, seen: Seen, problem: str = "") -> Updates:
        """Show the newest picture of the visitor's camera."""
        watcher = self._watchers.of(visitor) if is_key(visitor) else None
        shown = None if watcher is None else watcher.look(quality=self._options.quality)
        is_on = watcher is not None and watcher.is_on
        values = {
            "problem": telling.problem(problem or (watcher.error if watcher is not None and watcher.error else "")),
            "status": _status(watcher),
            "view": "{}" if shown is None else json.dumps({"grey": shown.grey, "color": shown.color}),
            "stop": {"interactive": is_on},
            "timer": {"active": is_on},
        }
        return [*seen.changed(values), seen]

    def _watch(self, visitor: object, seen: Seen, address: object) -> Updates:
        problem = "" if is_key(visitor) else STRANGE
        try:
            if not problem:
                self._watchers.watch(visitor, address)
        except ValueError as error:
            problem = str(error)
        return self.look(visitor, seen, problem)

    def _stop(self, visitor: object, seen: Seen) -> Updates:
        if is_key(visitor):
            self._watchers.stop(visitor)
        return self.look(visitor, seen)


def _address(studio: Studio) -> gr.Textbox | gr.Dropdown:
    """Have an address written, or where not any may be watched, a name chosen."""
    cameras = studio.options.cameras
    if cameras is None:
        return gr.Textbox(
            label="The camera's address", placeholder="rtsp://192.168.1.20/stream1", info="or a webcam's number",
            type="text", elem_id="address",
        )  # fmt: skip
    return gr.Dropdown(sorted(cameras), label="Camera", value=next(iter(sorted(cameras)), None), elem_id="address")


def _status(watcher: Watcher | None) -> str:
    if watcher is None:
        return '<p class="quiet">Nothing is kept of what is seen here; infer.py can write it, or send it on.</p>'
    return telling.watching(watcher.name, is_on=watcher.is_on, rate=watcher.rate, said=list(watcher.said))
