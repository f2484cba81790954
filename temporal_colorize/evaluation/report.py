"""What an evaluation says: tables, the numbers that sum it up, and plots."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from temporal_colorize.evaluation.blocks import Block, Heading, Plots, Table, Words
from temporal_colorize.evaluation.cost import Costs
from temporal_colorize.evaluation.judging import COLOURFUL, CROSS_FITTED, HALF, HALF_COLOURFUL
from temporal_colorize.evaluation.measured import GREY, TRUTH, Evaluation, Scores
from temporal_colorize.evaluation.name_tables import name_tables
from temporal_colorize.evaluation.painter import HONEST, row_name
from temporal_colorize.evaluation.shown import Moment
from temporal_colorize.inference.naming import NamingOptions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLEAN, FIRST_FRAME, NO_MEMORY = "clean", "first frame given", "state reset every frame"
AS_VIDEO, GATED = "as infer.py does it, gate off", "gate on"
_CONFIDENCE = ("confidence ECE", CROSS_FITTED, HALF, HALF_COLOURFUL)
_STRIP = 128  # pixels, its height
_SHARES = tuple(share / 20 for share in range(1, 21))
_NOTES = """\
AuC and balanced AuC: Zhang et al. 2016, over ab errors of 0 to 150. Within 10 and 20: percent of pixels, by ab error.
Region spread: rms ab inside regions of one true colour. Frechet-Lite2: over EfficientNet-Lite2 features, not FID; of
small groups an order only. Warp error: motion from the grey input (DIS), over RGB in [0, 1]; grey does well at it, so
read it beside the colourfulness. Flicker: ab change where luma is still. ECE: of the posterior's likeliest bin.
Confidence: of the colour shown by default being within the stated ab distance, by the weights' own curve;
cross-fitted: by a curve fitted to half of all scenes, clean and degraded, for the other half, both ways. Error at
half coverage: over the surest half of the pixels. Under a degradation the colours are laid over the clean luma, so
that only they are judged. GFLOP and ms: of a frame of 256x256 (or the one size that a network takes) in PyTorch
float32 on the machine that wrote this; a multiplication and an addition are two operations.
"""


def headline(evaluation: Evaluation, weights: str) -> dict[str, dict[str, float]]:
    """Sum up weights by group: gains over grey, ratios to the truth, what is left under each condition.

    Returns:
        {group: {what: value}}; AuC gains in points, PSNR in dB, "kept" in percent of the clean gain.
    """
    scores = evaluation.scores
    return {group: dict(_group_headline(scores, group, weights)) for group in scores[CLEAN]}


def _group_headline(scores: Scores, group: str, weights: str) -> Iterable[tuple[str, float]]:
    rows, default = scores[CLEAN][group], row_name(weights, None)
    grey, ours = rows[GREY], rows[default]
    for vividness, measure in ((HONEST, "AuC"), (1, "balanced AuC")):
        if (row := row_name(weights, vividness)) in rows:
            name = row.removeprefix(f"{weights}, ")
            yield f"{measure} over grey, {name}", rows[row][measure] - grey[measure]
    for measure in ("AuC", "balanced AuC", "PSNR"):
        yield f"{measure} over grey, default", ours[measure] - grey[measure]
    for measure in (
        "colourfulness / truth",
        "region spread / truth",
        "warp error / truth",
        "ab warp RMSE / truth",
        "ECE",
        *_CONFIDENCE,
    ):
        if measure in ours:
            yield measure, ours[measure]
    for condition, groups in scores.items():
        if condition != CLEAN and default in groups.get(group, {}):
            compared = scores[AS_VIDEO][group][default] if condition == GATED else ours
            yield from _under(condition, groups[group][default], compared, grey)


def _under(
    condition: str, there: Mapping[str, float], clean: Mapping[str, float], grey: Mapping[str, float]
) -> Iterable[tuple[str, float]]:
    if condition == FIRST_FRAME:
        yield f"{condition}: PSNR", there["PSNR"]
        ends = (there.get(f"PSNR {end} tenth", math.nan) for end in ("last", "first"))
        yield f"{condition}: PSNR, last tenth less first", next(ends) - next(ends)
    elif condition == NO_MEMORY:
        flicker = clean.get("flicker", math.nan), there.get("flicker", math.nan)
        yield "flicker / that with the state reset every frame", _divide(*flicker)
    elif condition == GATED:
        for measure in (name for name in clean if name in there):
            yield f"{condition}: {measure}, % of that with it off", 100 * _divide(there[measure], clean[measure])
    elif condition == AS_VIDEO:
        yield f"{condition}: PSNR", there["PSNR"]
    else:
        yield f"{condition}: AuC less clean", there["AuC"] - clean["AuC"]
        for measure in ("balanced AuC", "PSNR"):
            gain = clean[measure] - grey[measure]
            if gain > 0:  # else there is nothing to keep
                yield f"{condition}: {measure} gain kept, %", 100 * (there[measure] - grey[measure]) / gain
        for measure in ("ECE", *_CONFIDENCE):
            yield f"{condition}: {measure}", there.get(measure, math.nan)


def _divide(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def blocks_of(evaluation: Evaluation, weights: Mapping[str, str], costs: Costs, naming: NamingOptions) -> list[Block]:
    """List the whole report: all weights side by side, a summary for each, by name with a line on their decoding and
    their plots, then every table, and how things were named."""
    blocks = [block for group in evaluation.scores[CLEAN] for block in _side_by_side(evaluation, group, costs)]
    for name, decoding in weights.items():
        blocks += [Heading(name), Words(decoding), Plots(f"{name}.png", f"plots of {name}")]
        blocks.append(Table(_transposed(headline(evaluation, name))))
        if evaluation.drift.get(name):
            drifts = _drifts(evaluation, name)
            blocks.append(Words(f"Drift of a looped still, in ab units after the last frame: {drifts}."))
    blocks.append(Heading("By condition"))
    for condition, groups in evaluation.scores.items():
        for group, rows in groups.items():
            blocks += [Heading(f"{condition}: {group}", 3), Table(rows)]
    blocks += _over_time(evaluation)
    return [*blocks, *name_tables(evaluation.names, naming), Heading("What is measured"), Words(_NOTES)]


def _side_by_side(evaluation: Evaluation, group: str, costs: Costs) -> list[Block]:
    """What each weights cost and what their default decoding reaches, beside leaving it grey."""
    scores = evaluation.scores[CLEAN][group]
    rows = {name: {**scores[row_name(name, None)], **cost} for name, cost in costs.items()}
    return [Heading(f"Side by side: {group}"), Table({GREY: scores[GREY], **rows})]


def _over_time(evaluation: Evaluation) -> list[Block]:
    """How far the clips that are shown are from the truth, moment by moment."""
    rows = {
        f"{scene.name}, {scene.when(moment)}": {row: moment.errors[row] for row in scene.compared if row != TRUTH}
        for scene in evaluation.shown
        for moment in scene.moments
        if scene.frames > 1
    }
    return [Heading("Clips over time: mean ab error"), Table(rows)] if rows else []


def _transposed(table: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    turned: dict[str, dict[str, float]] = {}
    for row, values in table.items():
        for column, value in values.items():
            turned.setdefault(column, {})[row] = value
    return turned


def _drifts(evaluation: Evaluation, weights: str) -> str:
    return ", ".join(f"{name} {distances[-1]:.2f}" for name, distances in evaluation.drift[weights].items())


def contact_sheet(evaluation: Evaluation) -> np.ndarray:
    """Put the first frames of the scenes that are shown below each other, all rows in turn: (H, W, 3) uint8 RGB."""
    strips = [_strip(scene.moments[0]) for scene in evaluation.shown]
    width = max(strip.shape[1] for strip in strips)
    return np.concatenate([np.pad(strip, ((0, 2), (0, width - strip.shape[1]), (0, 0))) for strip in strips])


def _strip(moment: Moment) -> np.ndarray:
    picture = np.concatenate(list(moment.pictures.values()), 1)
    size = picture.shape[1] * _STRIP // picture.shape[0], _STRIP
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def plot(evaluation: Evaluation, weights: str, path: Path) -> None:
    """Draw raw against balanced AuC over vividness, reliability, PSNR by condition, drift, confidence, and the risk at
    each coverage, to a PNG.

    Raises:
        ModuleNotFoundError: If matplotlib is missing.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(19, 9), layout="constrained")
    axes = figure.subplots(2, 3)
    scores = evaluation.scores
    _plot_vividness(axes[0, 0], scores[CLEAN], weights)
    _plot_reliability(axes[0, 1], evaluation, weights)
    _plot_conditions(axes[1, 0], scores, row_name(weights, None))
    drift = evaluation.drift.get(weights, {})
    for name, distances in drift.items():
        axes[1, 1].plot(distances, label=name)
    axes[1, 1].set_visible(bool(drift))
    axes[1, 1].set(title="a looped still", xlabel="frames after it has settled", ylabel="ab distance to the settled")
    _plot_confidence(axes[0, 2], evaluation, weights)
    _plot_risk(axes[1, 2], evaluation, weights)
    figure.suptitle(weights)
    for axis in axes.flat:
        if axis.get_legend_handles_labels()[0]:
            axis.legend(fontsize="small")
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def _plot_vividness(axis: "Axes", groups: Mapping[str, Mapping[str, Mapping[str, float]]], weights: str) -> None:
    for group, rows in groups.items():
        ours = {row: values for row, values in rows.items() if row.startswith(f"{weights}, ")}
        gains = {row: [values[m] - rows[GREY][m] for m in ("balanced AuC", "AuC")] for row, values in ours.items()}
        curve = sorted(gains.values())
        axis.plot(*zip(*curve, strict=True), marker="o", label=group)
        for row, point in gains.items():
            axis.annotate(row.rpartition(" ")[2], point, fontsize=7)
    axis.axhline(0, color="grey")
    axis.set(title="over grey, by vividness", xlabel="balanced AuC", ylabel="raw AuC")


def _plot_reliability(axis: "Axes", evaluation: Evaluation, weights: str) -> None:
    axis.plot([0, 1], [0, 1], color="grey")
    for (condition, group, name), reliability in evaluation.reliability.items():
        if condition == CLEAN and name == weights:
            bars = [bar for bar in reliability.table() if bar.weight]
            label = f"{group}, ECE {reliability.ece():.3f}"
            axis.plot([bar.confidence for bar in bars], [bar.accuracy for bar in bars], marker="o", label=label)
    axis.set(title="the posterior's likeliest bin", xlabel="how sure it is", ylabel="how often it is right")


def _plot_confidence(axis: "Axes", evaluation: Evaluation, weights: str) -> None:
    axis.plot([0, 1], [0, 1], color="grey")
    for (condition, group, name), judged in evaluation.judged.items():
        if name == weights and (condition == CLEAN or condition.startswith("degrade=")):
            bars = [bar for bar in judged.sure.table() if bar.weight]
            label = f"{condition}: {group}, ECE {judged.sure.ece():.3f}"
            axis.plot([bar.confidence for bar in bars], [bar.accuracy for bar in bars], marker=".", label=label)
    axis.set(title="confidence", xlabel="how sure it is to be near", ylabel="how often it is")


def _plot_risk(axis: "Axes", evaluation: Evaluation, weights: str) -> None:
    for (condition, group, name), judged in evaluation.judged.items():
        if condition == CLEAN and name == weights:
            for label, risk in ((group, judged.risk), (f"{group}, chroma > {COLOURFUL}", judged.colourful)):
                axis.plot(_SHARES, [risk.risk(share) for share in _SHARES], label=label)
    axis.set(title="risk and coverage", xlabel="share of the pixels, the surest first", ylabel="mean ab error")


def _plot_conditions(axis: "Axes", scores: Scores, row: str) -> None:
    names = [name for name in scores if name not in (FIRST_FRAME, NO_MEMORY, AS_VIDEO, GATED)]
    groups = list(scores[CLEAN])
    width = 0.8 / len(groups)
    for number, group in enumerate(groups):
        grey = scores[CLEAN][group][GREY]["PSNR"]
        gains = [scores[name].get(group, {}).get(row, {}).get("PSNR", math.nan) - grey for name in names]
        axis.bar([place + number * width for place in range(len(names))], gains, width, label=group)
    axis.set_xticks(range(len(names)), names, rotation=20)
    axis.axhline(0, color="grey")
    axis.set(title="by what the network sees", ylabel="PSNR over grey, dB")
