"""The tab where files are coloured."""

from collections.abc import Callable, Iterator
from pathlib import Path

import gradio as gr

from temporal_colorize.apps.web import telling
from temporal_colorize.apps.web.acting import HASTY, QUIET, STRANGE, Seen, attempt, sent
from temporal_colorize.apps.web.clip_parts import lay_out_clip
from temporal_colorize.apps.web.desk import Desk, is_key, new_key
from temporal_colorize.apps.web.files import Offers
from temporal_colorize.apps.web.news import news
from temporal_colorize.apps.web.samples import CLIP, PICTURE, Samples
from temporal_colorize.apps.web.studio import Choices, Studio
from temporal_colorize.config.asking import parse_box

_TAKEN_AT_ONCE = 2  # files: each has its first picture coloured beside the job that runs
Updates = list[object]


class ClipTab:
    """Lays the tab out, and answers its events.

    Args:
        studio: Does the work.
        visitor: Where the browser keeps its key.
    """

    def __init__(self, studio: Studio, visitor: gr.BrowserState) -> None:
        self._studio, self._samples = studio, Samples(studio.service)
        self.parts = parts = lay_out_clip(studio)
        self._offers = Offers(Path(parts.result.GRADIO_CACHE))
        seen = gr.State(Seen())
        self._usual = [visitor, seen, parts.overlay, parts.radius]
        self._choices = [parts.vividness, parts.abstain, parts.reference, parts.both, parts.lossless]
        self.outputs = [
            parts.problem, parts.status, parts.viewer, parts.timeline, parts.given, parts.cancel, parts.again,
            parts.result, parts.record, parts.sure, parts.box, parts.answer, parts.timer, seen,
        ]  # fmt: skip
        self._wire()

    def load(self, visitor: object, seen: Seen, overlay: bool, radius: float) -> Updates:
        """Give a new visitor a key, and show one who comes again his work."""
        visitor = visitor if is_key(visitor) else new_key()
        return [visitor, *self._do(visitor, seen, overlay, radius, self._studio.follow)]

    @property
    def usual(self) -> list[gr.components.Component]:
        """What `load` takes."""
        return self._usual

    def _wire(self) -> None:
        parts, studio = self.parts, self._studio
        self._on(parts.timer.tick, studio.follow, anew=False)
        self._on(parts.overlay.input, studio.follow)
        self._on(parts.radius.release, studio.follow)
        self._on(parts.cancel.click, self._cancel)
        self._on(parts.clear.click, lambda desk: desk.given.clear())
        self._on(parts.given.remove, self._remove, takes_event=True)
        self._on(parts.timeline.seek, lambda desk, event: studio.show(desk, sent(event, "time")), takes_event=True)
        self._on(parts.viewer.pick, self._pick, parts.tool, parts.color, parts.radius, parts.grow, takes_event=True)
        self._on(parts.viewer.stroke, self._stroke, parts.color, parts.radius, takes_event=True)
        for again in (parts.again, parts.with_given):
            self._on(again.click, lambda desk, *choices: studio.color(desk, _chosen(choices)), *self._choices)
        parts.ask.click(
            self._ask, [*self._usual, parts.box], self.outputs, api_visibility="private", concurrency_limit=None,
            show_progress_on=parts.answer,
        )  # fmt: skip
        for event, source in (
            (parts.file.upload, parts.file),
            (parts.clip.click, gr.State(CLIP)),
            (parts.picture.click, gr.State(PICTURE)),
        ):
            event(
                self._take, [*self._usual, source, *self._choices], [parts.file, *self.outputs], **QUIET,
                concurrency_limit=_TAKEN_AT_ONCE, concurrency_id="take",
            )  # fmt: skip
        parts.tool.change(_show_tool, parts.tool, [parts.viewer, parts.giving, parts.asking], **QUIET)

    def _on(
        self,
        event: Callable[..., object],
        action: Callable[..., object],
        *inputs: object,
        takes_event: bool = False,
        anew: bool = True,
    ) -> None:
        """Have an event do something at the visitor's desk, and show what comes of it."""

        def plain(visitor: str, seen: Seen, overlay: bool, radius: float, *values: object) -> Updates:
            return self._do(visitor, seen, overlay, radius, lambda desk: action(desk, *values), anew=anew)

        def with_event(
            event: gr.EventData, visitor: str, seen: Seen, overlay: bool, radius: float, *values: object
        ) -> Updates:
            return self._do(visitor, seen, overlay, radius, lambda desk: action(desk, event, *values))

        act = with_event if takes_event else plain
        event(act, [*self._usual, *inputs], self.outputs, **QUIET, concurrency_limit=None)

    def _do(
        self,
        visitor: object,
        seen: Seen,
        overlay: bool,
        radius: float,
        action: Callable[[Desk], object],
        *,
        anew: bool = True,
        keep: bool = False,
    ) -> Updates:
        if not is_key(visitor):
            return self._strange(seen)
        desk = self._studio.desks.of(visitor, keep=keep)
        if not desk.few.acquire(blocking=False):
            raise gr.Error(HASTY, print_exception=False)  # which the page shows by itself
        try:
            with desk.lock:
                attempt(self._studio, desk, action, anew=anew)
                return self._news(desk, seen, overlay, radius)
        finally:
            desk.few.release()

    def _take(
        self, visitor: str, seen: Seen, overlay: bool, radius: float, source: str | None, *choices: object
    ) -> Iterator[Updates]:
        """Take a file: its name is shown at once, its first picture in colour soon after, then its job."""
        if source is None:
            return
        steps: tuple[Callable[[Desk], object], ...] = (
            lambda desk: self._bring(desk, source),
            lambda desk: self._studio.first(desk, _chosen(choices)),
            lambda desk: self._studio.color(desk, _chosen(choices)),
        )
        for step in steps:
            yield [None, *self._do(visitor, seen, overlay, radius, step, keep=True)]
            if not is_key(visitor) or self._studio.desks.of(visitor).problem:
                return

    def _bring(self, desk: Desk, source: str) -> None:
        """Put a file on the desk: an example, or what was uploaded, of which Gradio keeps nothing."""
        if source in (CLIP, PICTURE):
            return self._studio.take(desk, self._samples.get(source), keep=True)
        try:
            self._studio.take(desk, source)
        except FileNotFoundError:
            raise ValueError("the file did not arrive whole: upload it again") from None

    def _ask(self, visitor: str, seen: Seen, overlay: bool, radius: float, box: str) -> Updates:
        """Ask without holding the desk, which others may have to wait for."""
        if not is_key(visitor):
            return self._strange(seen)
        desk = self._studio.desks.of(visitor)

        def ask(desk: Desk) -> None:
            desk.box = parse_box(box) if box and box.strip() else desk.box
            desk.answer = telling.answer(self._studio.ask(desk))

        attempt(self._studio, desk, ask)
        with desk.lock:
            return self._news(desk, seen, overlay, radius)

    def _strange(self, seen: Seen) -> Updates:
        """Answer a browser that has not been given a key yet."""
        return [telling.problem(STRANGE), *(gr.skip() for _ in self.outputs[2:]), seen]

    def _cancel(self, desk: Desk) -> None:
        self._studio.cancel(desk)
        self._studio.follow(desk)

    def _remove(self, desk: Desk, event: gr.EventData) -> None:
        number = sent(event, "number")
        if isinstance(number, int) and 0 <= number < len(desk.given):
            desk.given.pop(number)

    def _pick(self, desk: Desk, event: gr.EventData, tool: str, color: str, radius: float, grow: bool) -> None:
        place = sent(event, "place")
        if tool == "ask":
            self._studio.mark(desk, place)
        elif tool == "point":
            self._studio.give(desk, [place], color=color, radius=radius, grow=grow)

    def _stroke(self, desk: Desk, event: gr.EventData, color: str, radius: float) -> None:
        self._studio.give(desk, sent(event, "places"), color=color, radius=radius)

    def _news(self, desk: Desk, seen: Seen, overlay: bool, radius: float) -> Updates:
        """Say what the page shows now, of which what it shows already is left out."""
        return [*seen.changed(news(self._studio, desk, self._offers, overlay=overlay, radius=radius)), seen]


def _chosen(values: tuple[object, ...]) -> Choices:
    names = ("vividness", "abstain", "reference", "both", "lossless")
    return Choices(**dict(zip(names, values, strict=True)))


def _show_tool(tool: str) -> Updates:
    """Show what belongs to a tool."""
    return [gr.HTML(mode=tool), gr.update(visible=tool in ("point", "paint")), gr.update(visible=tool == "ask")]
