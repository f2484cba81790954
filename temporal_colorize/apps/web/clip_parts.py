"""What is on the tab where files are coloured, and where."""

from dataclasses import dataclass

import gradio as gr

from temporal_colorize.apps.web import telling
from temporal_colorize.apps.web.files import upload
from temporal_colorize.apps.web.studio import Studio
from temporal_colorize.apps.web.viewer import removable, timeline, viewer

_TOOLS = [("Compare", "look"), ("Give a colour", "point"), ("Paint", "paint"), ("Ask for colours", "ask")]
_MOST_RADIUS = 64  # pixels of the video


@dataclass(frozen=True, kw_only=True)
class ClipParts:
    """The components of the tab, by what they are for."""

    file: gr.File
    clip: gr.Button
    picture: gr.Button
    vividness: gr.Slider
    abstain: gr.Slider
    reference: gr.File
    lossless: gr.Checkbox
    again: gr.Button
    problem: gr.HTML
    status: gr.HTML
    cancel: gr.Button
    viewer: gr.HTML
    timeline: gr.HTML
    overlay: gr.Checkbox
    tool: gr.Radio
    giving: gr.Column
    color: gr.ColorPicker
    radius: gr.Slider
    grow: gr.Checkbox
    given: gr.HTML
    clear: gr.Button
    with_given: gr.Button
    both: gr.Checkbox
    asking: gr.Column
    box: gr.Textbox
    ask: gr.Button
    answer: gr.HTML
    result: gr.DownloadButton
    record: gr.DownloadButton
    sure: gr.DownloadButton
    timer: gr.Timer


def lay_out_clip(studio: Studio) -> ClipParts:
    """Lay the tab out."""
    parts: dict[str, object] = {"timer": gr.Timer(studio.options.refresh, active=False)}
    with gr.Row(elem_id="clip"):
        with gr.Column(scale=1, min_width=280):
            parts |= _bringing(studio) | _choosing(studio)
        with gr.Column(scale=2, min_width=300):
            parts |= _showing(studio) | _giving(studio) | _asking()
    return ClipParts(**parts)


def _bringing(studio: Studio) -> dict[str, object]:
    most = studio.service.options
    limits = f"Up to {most.upload_mb:g} MB and {most.seconds / 60:g} minutes; removed when you are away."
    file = upload(label="A clip or a picture", file_count="single", height=150, elem_id="file")
    gr.HTML(f'<p class="quiet">{limits}</p>')
    with gr.Row():
        clip = gr.Button("Example clip", size="sm", min_width=100)
        picture = gr.Button("Example picture", size="sm", min_width=100)
    return {"file": file, "clip": clip, "picture": picture}


def _choosing(studio: Studio) -> dict[str, object]:
    """Offer how it is coloured; weights that leave no choice of vividness offer none."""
    usual = studio.colorizer.vividness
    knows = usual is not None
    vividness = gr.Slider(0, 1, value=usual, step=0.05, visible=knows, label="Saturation", info="0 honest, 1 vivid")
    with gr.Accordion("More choices", open=False):
        abstain = gr.Slider(
            0, 1, value=0, step=0.05, visible=knows, label="Leave grey what is unsure",
            info="fade colours that are less sure than this to be right",
        )  # fmt: skip
        lossless = gr.Checkbox(False, label="Lossless", info="every grey value as it was; a large file")
        reference = upload(
            label="The same place by day, in colour", file_count="single", height=150, elem_id="reference"
        )
    again = gr.Button("Colour again", variant="primary", interactive=False, elem_id="again")
    chosen = {"vividness": vividness, "abstain": abstain, "lossless": lossless, "reference": reference}
    return {**chosen, "again": again}


def _showing(studio: Studio) -> dict[str, object]:
    problem = gr.HTML("", elem_id="problem")
    with gr.Row(elem_classes="line"):
        status = gr.HTML("", elem_id="status", scale=4)
        cancel = gr.Button("Cancel", size="sm", variant="stop", visible=False, scale=0, min_width=90, elem_id="cancel")
    tool = gr.Radio(_TOOLS, value="look", show_label=False, container=False, elem_id="tool")
    shown = {"viewer": viewer(), "timeline": timeline()}
    with gr.Row(elem_classes="downloads"):
        offered = {
            name: gr.DownloadButton(label, visible=False, size="sm", min_width=120, elem_id=name)
            for name, label in (("result", "Download"), ("record", "Its record"), ("sure", "Its confidence"))
        }
    overlay = gr.Checkbox(
        False, label="Show how sure the colours are", visible=studio.colorizer.vividness is not None, elem_id="overlay"
    )
    return {
        "problem": problem,
        "status": status,
        "cancel": cancel,
        **shown,
        **offered,
        "overlay": overlay,
        "tool": tool,
    }


def _giving(studio: Studio) -> dict[str, object]:
    with gr.Column(visible=False, elem_id="giving", elem_classes="panel") as group:
        with gr.Row():
            color = gr.ColorPicker("#a02030", label="The colour that you know", elem_id="color")
            radius = gr.Slider(1, _MOST_RADIUS, value=studio.options.radius, step=1, label="Size, in pixels")
        grow = gr.Checkbox(
            True, label="A click means the thing", info="or else the point alone; painting means what is painted"
        )
        given = removable(telling.given_list([]))
        both = gr.Checkbox(False, label="Carry them back in time, too", info="and not only on from here")
        with gr.Row():
            clear = gr.Button("Take all back", min_width=120)
            with_given = gr.Button("Colour again with these", variant="primary", min_width=160, elem_id="with-given")
    parts = {"giving": group, "color": color, "radius": radius, "grow": grow, "given": given}
    return {**parts, "both": both, "clear": clear, "with_given": with_given}


def _asking() -> dict[str, object]:
    with gr.Column(visible=False, elem_id="asking", elem_classes="panel") as group:
        gr.HTML('<p class="quiet">Click on two corners around a thing, or write where it is.</p>')
        with gr.Row():
            box = gr.Textbox(label="Left, top, width, height in pixels", placeholder="320,180,80,160", elem_id="box")
            ask = gr.Button("Which colours could this be?", variant="primary", elem_id="ask")
        answer = gr.HTML("", elem_id="answer")
    return {"asking": group, "box": box, "ask": ask, "answer": answer}
