"""A report as a page that stands by itself in its folder: tables, plots, and pictures to compare with a slider."""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

import cv2

from temporal_colorize.evaluation.blocks import Block, Heading, Plots, Table, Words
from temporal_colorize.evaluation.measured import TRUTH
from temporal_colorize.evaluation.shown import Moment, ShownScene
from temporal_colorize.inference.statement import STATEMENT

_SCENES = "scenes"  # the folder of the pictures
_CODING = [cv2.IMWRITE_JPEG_QUALITY, 90, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]


def write_page(
    folder: Path, blocks: Sequence[Block], scenes: Sequence[ShownScene], layers: Mapping[str, str], *, title: str
) -> None:
    """Write report.html, and the scenes' pictures in a folder beside it.

    Args:
        folder: Where the plots are, too.
        blocks: The report.
        scenes: What is compared.
        layers: Which of the scenes' rows, by what the page calls them; at first the second is laid over the first.
        title: Of the page.
    """
    template = Template((Path(__file__).parent / "page.html").read_text())
    (folder / _SCENES).mkdir(exist_ok=True)
    shown = [_scene(folder, number, scene, layers) for number, scene in enumerate(scenes)]
    content = template.substitute(
        title=html.escape(title),
        statement=html.escape(STATEMENT),
        choices="".join(_choice(side, layers, chosen) for chosen, side in enumerate(("left", "right"))),
        scenes="\n".join(shown),
        report="\n".join(map(_element, blocks)),
    )
    (folder / "report.html").write_text(content, encoding="utf-8")


def _scene(folder: Path, number: int, scene: ShownScene, layers: Mapping[str, str]) -> str:
    """Write a scene's pictures; return what compares them: of a clip its moments, in time order."""
    name = Path(scene.name).name
    if scene.frames == 1:
        return _figure(folder, f"{number:02}", scene.moments[0], layers, name=name, caption=name)
    moments = []
    for place, moment in enumerate(scene.moments):
        when, stem = scene.when(moment), f"{number:02}-{place}"
        moments.append(_figure(folder, stem, moment, layers, name=f"{name}, {when}", caption=when))
    return f'<section><h3>{html.escape(name)}</h3><div class="moments">{"".join(moments)}</div></section>'


def _figure(folder: Path, stem: str, moment: Moment, layers: Mapping[str, str], *, name: str, caption: str) -> str:
    files = [f"{_SCENES}/{stem}-{place}.jpg" for place in range(len(layers))]
    for file, row in zip(files, layers.values(), strict=True):
        cv2.imwrite(str(folder / file), moment.pictures[row][..., ::-1], _CODING)
    height, width = next(iter(moment.pictures.values())).shape[:2]
    name, caption = html.escape(name), html.escape(caption)
    errors = ", ".join(f"{layer} {moment.errors[row]:.1f}" for layer, row in layers.items() if row != TRUTH)
    left, right = (
        f'<img class="{side}" src="{file}" alt="{html.escape(layer)}" width="{width}" height="{height}" loading="lazy">'
        for side, file, layer in zip(("left", "right"), files, layers, strict=False)
    )
    return (
        f'<figure data-files="{" ".join(files)}"><div>{left}{right}</div>'
        f'<input type="range" min="0" max="100" value="50" aria-label="{name}: where the left picture ends">'
        f"<figcaption>{caption}: ab error {html.escape(errors)}</figcaption></figure>"
    )


def _choice(side: str, layers: Mapping[str, str], chosen: int) -> str:
    options = "".join(
        f'<option value="{place}"{" selected" * (place == chosen)}>{html.escape(layer)}</option>'
        for place, layer in enumerate(layers)
    )
    return f'<label>{side} <select data-side="{side}">{options}</select></label>'


def _element(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{html.escape(text)}</h{level}>"
        case Words(text):
            return f"<p>{html.escape(text)}</p>"
        case Plots(file, alt):
            return f'<a href="{html.escape(file)}"><img src="{html.escape(file)}" alt="{html.escape(alt)}"></a>'
        case Table():
            return _table(block)


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in table.columns)
    rows = "\n".join(
        f'<tr><th scope="row">{html.escape(row)}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        for row, cells in table.lines()
    )
    content = f"<table><thead><tr><td></td>{head}</tr></thead>\n{rows}</table>"
    return f'<div class="wide" tabindex="0" role="region" aria-label="table">{content}</div>'
