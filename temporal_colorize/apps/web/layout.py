"""The whole page."""

import gradio as gr

from temporal_colorize.apps.web.acting import QUIET
from temporal_colorize.apps.web.clip_tab import ClipTab
from temporal_colorize.apps.web.live_tab import LiveTab
from temporal_colorize.apps.web.studio import Studio
from temporal_colorize.apps.web.telling import STATEMENT_BAR

_TITLE = "Colour for monochrome CCTV"


def lay_out(studio: Studio) -> gr.Blocks:
    """Make the page."""
    keep = studio.options.keep
    with gr.Blocks(title=_TITLE, delete_cache=(keep // 4, keep)) as blocks:
        visitor = gr.BrowserState(None, storage_key="temporal-colorize")
        gr.HTML(f"<h1>{_TITLE}</h1>", elem_id="title")
        gr.HTML(STATEMENT_BAR, elem_id="statement")
        with gr.Tabs():
            with gr.Tab("A clip or a picture", id="clip"):
                clip = ClipTab(studio, visitor)
            with gr.Tab("A camera", id="camera"):
                live = LiveTab(studio, visitor)
        blocks.load(clip.load, clip.usual, [visitor, *clip.outputs], **QUIET, concurrency_limit=None)
        blocks.load(live.look, live.usual, live.outputs, **QUIET, concurrency_limit=None)
    return blocks
