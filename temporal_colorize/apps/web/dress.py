"""How the page looks: fonts of the system, colours of its own, light and dark as the browser asks for."""

from pathlib import Path
from typing import Any

import gradio as gr

_FONTS = ("system-ui", "-apple-system", "Segoe UI", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")


def theme() -> dict[str, Any]:
    """Return the arguments of `launch` that dress the page."""
    dress = gr.themes.Base(
        primary_hue="teal", secondary_hue="teal", neutral_hue="slate", radius_size="md", font=_FONTS, font_mono=_MONO
    )
    dress.set(  # as dark or light as small letters need
        body_text_color_subdued="*neutral_600", body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="*neutral_600", block_info_text_color_dark="*neutral_300",
        block_label_text_color="*neutral_700", block_label_text_color_dark="*neutral_200",
        block_title_text_color="*neutral_700", block_title_text_color_dark="*neutral_200",
        button_primary_background_fill="*primary_700", button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700", button_primary_background_fill_hover_dark="*primary_600",
    )  # fmt: skip
    style = Path(__file__).with_name("page.css").read_text()
    return {"theme": dress, "css": style, "footer_links": [], "head": _HEAD, "run_history": False}


_HEAD = '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
