"""How the page's events become a visitor's actions, and what goes wrong becomes words."""

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from temporal_colorize.apps.service import NoSuchJob
from temporal_colorize.apps.service.words import in_words
from temporal_colorize.apps.web.desk import Desk
from temporal_colorize.apps.web.studio import Studio
from temporal_colorize.config.messages import print_failure

QUIET = {"show_progress": "hidden", "api_visibility": "private"}
HASTY = "one thing after the other: wait until this is done"
STRANGE = "the page has not finished loading: try once more, or load it again"


def attempt(studio: Studio, desk: Desk, action: Callable[[Desk], object], *, anew: bool = True) -> None:
    """Do something at a desk; what goes wrong stands there in words, never as a traceback, until something else is
    done `anew`."""
    if anew:
        desk.problem = ""
    try:
        action(desk)
    except NoSuchJob:
        desk.clear()
        desk.problem = "your files have been removed after a while: upload the clip again"
    except (ValueError, OSError) as error:
        desk.problem = in_words(error, studio.service.root)
    except Exception as error:
        print_failure(error)
        desk.problem = f"the server failed ({type(error).__name__}); its log says more"


def sent(event: gr.EventData, name: str) -> Any:
    """Return what the browser sent with an event; None if it is not there."""
    return getattr(event, name, None)


class Seen:
    """What a browser shows already, so that only what has changed is sent. One for each open page."""

    def __init__(self) -> None:
        self._last: dict[str, object] = {}

    def __deepcopy__(self, memo: dict[int, object]) -> "Seen":
        return Seen()  # by which Gradio makes a page's own

    def changed(self, values: Mapping[str, object]) -> list[object]:
        """Return the values, in order, or for one that is shown already what leaves it as it is."""
        news = [gr.skip() if self._last.get(name, self) == value else value for name, value in values.items()]
        self._last.update(values)
        return [_update(value) for value in news]


def _update(value: object) -> object:
    """Turn {"visible": ...} and the like into an update; other values are values."""
    is_update = isinstance(value, dict) and "__type__" not in value
    return gr.update(**value) if is_update else value
