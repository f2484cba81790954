"""The web page; everything in it but this needs `pip install '.[web]'`."""

import os
import threading
from typing import TYPE_CHECKING, Any

from temporal_colorize.apps.web.options import PageOptions

if TYPE_CHECKING:
    import gradio as gr

    from temporal_colorize.apps.service import Service
    from temporal_colorize.colorizer import Colorizer

__all__ = ["PageOptions", "dressed", "page"]

_SILENT = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "GRADIO_TELEMETRY": "False"}


def page(service: "Service", colorizer: "Colorizer", options: PageOptions) -> "gr.Blocks":
    """Make the page. Files that it is sent or offers are, for a while, in the folder that GRADIO_TEMP_DIR names.

    Raises:
        ValueError: If Gradio is not installed.
    """
    _silence()
    from temporal_colorize.apps.web.arriving import name_apart
    from temporal_colorize.apps.web.layout import lay_out
    from temporal_colorize.apps.web.studio import Studio

    name_apart()
    studio = Studio(service, colorizer, options)
    threading.Thread(target=studio.warm, name="warm", daemon=True).start()
    return lay_out(studio)


def dressed() -> dict[str, Any]:
    """Return how the page looks, for `launch` or `gradio.mount_gradio_app`: both take these by name.

    Raises:
        ValueError: If Gradio is not installed.
    """
    _silence()
    from temporal_colorize.apps.web.dress import theme

    return theme()


def _silence() -> None:
    """Have nothing leave the machine; Gradio reads these when it is first imported."""
    os.environ.update(_SILENT)
    try:
        import gradio  # noqa: F401
    except ImportError:
        raise ValueError("the page needs Gradio: pip install '.[web]' in a checkout") from None
