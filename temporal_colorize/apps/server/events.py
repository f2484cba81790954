"""What Gradio holds for browsers, and does for them: it bounds neither, and has no options for it. Imports Gradio."""

import re
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio import processing_utils, queueing

from temporal_colorize.config.messages import print_failure

if TYPE_CHECKING:
    from gradio.queueing import Event, EventMessage, Queue

_SESSION = re.compile(r"[\w-]{1,64}", re.ASCII)
_SESSIONS = 300  # open pages, each with what it shows; one that is forgotten is sent everything anew
_WAITING = 150  # events of all pages, each with what was sent with it; fewer than sessions: some can be forgotten
_UNREAD = 40  # messages of one page, most of them small: a page that works reads as they come


def bound(page: gr.Blocks) -> None:
    """Have a page that is not served yet hold no more than that, and fetch nothing."""
    page.state_session_capacity = _SESSIONS
    page._queue.max_size = _WAITING
    page._queue.ANALYTICS_MAX_EVENTS = 1  # or each event would have statistics made of the last 10,000, which
    page._queue.compute_analytics_summary = lambda records: {}  # nobody sees
    Pages(page).watch_over()
    processing_utils.async_ssrf_protected_download = _not_fetched
    queueing.traceback = SimpleNamespace(print_exc=lambda: print_failure(sys.exception()))


class Pages:
    """Stands before the queue of events, by the open page that each is from.

    Gradio keeps what nobody reads of so many pages, however large their names are, and ends its queue for good when
    it has something to say to one that it has forgotten.
    """

    def __init__(self, page: gr.Blocks) -> None:
        self._page, self._queue = page, page._queue
        self._push, self._send = self._queue.push, self._queue.send_message

    def watch_over(self) -> None:
        """Have events come here first, and messages leave from here."""
        self._queue.push, self._queue.send_message = self._take, self._tell

    async def _take(self, body: Any, request: Any, username: str | None) -> Any:
        name = body.session_hash or ""
        if not _SESSION.fullmatch(name) or body.fn_index not in self._page.fns:
            return False, "the page does not ask so", "error"
        unread = self._queue.pending_messages_per_session.get(name)
        if unread is not None and unread.qsize() > _UNREAD:
            return False, "this page does not read what it is told", "queue_full"
        if unread is None:
            self._forget_some()
        else:
            self._queue.pending_messages_per_session.move_to_end(name)
        return await self._push(body=body, request=request, username=username)

    def _tell(self, event: "Event", event_message: "EventMessage") -> None:
        if event.session_hash in self._queue.pending_messages_per_session:
            self._send(event, event_message)

    def _forget_some(self) -> None:
        """Have room for one more: forget the pages that were longest quiet, but for those that wait for something."""
        queue = self._queue
        known = queue.pending_messages_per_session
        for name in [*known][: max(0, len(known) + 1 - _SESSIONS)]:
            if not _waits(queue, name):
                known.pop(name, None)
        for name in [name for name in queue.pending_event_ids_session if name not in known]:
            if not _waits(queue, name):
                del queue.pending_event_ids_session[name]


def _waits(queue: "Queue", name: str) -> bool:
    return any(event in queue.event_ids_to_events for event in queue.pending_event_ids_session.get(name, ()))


async def _not_fetched(*given: object, **options: object) -> str:
    """Refuse an address, which a browser may send in place of any component's value, a number's even."""
    raise gr.Error("nothing is fetched here: upload the file itself", print_exception=False)
