"""Colours every scene under every condition and adds up the scores, in one process or several."""

import functools
import multiprocessing
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.chroma import lightness_from_luma
from temporal_colorize.evaluation.features import Lite2Features
from temporal_colorize.evaluation.painter import FULL_RANGE, Condition, paint, row_name
from temporal_colorize.evaluation.scenes import Scene, TruthFrame, read_truth
from temporal_colorize.evaluation.tally import Tally
from temporal_colorize.inference.planes import resize_luma
from temporal_colorize.inference.session import Session, SessionOptions, pick_device
from temporal_colorize.inference.weights import Weights, load_weights
from temporal_colorize.metrics.calibration import Reliability
from temporal_colorize.metrics.temporal import Drift

GREY, TRUTH = "grey", "truth"
_FEATURES_EVERY = 8  # frames of a clip
_SHEET_HEIGHT = 128  # pixels of a strip

Key = tuple[str, str, str]  # condition, group, row (or weights)
Scores = dict[str, dict[str, dict[str, dict[str, float]]]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured; plain values, so that other processes can be given it.

    Attributes:
        weights: Names or paths.
        conditions: The first also gets the rows of grey and truth, and the pictures of the contact sheet.
        options: How streams are coloured.
        device: See `inference.session.pick_device`.
        drift_frames: Length of the looped still scene; 0 leaves drift out.
        drift_scenes: Of how many scenes, taken evenly from those given, the first frame is looped.
    """

    weights: tuple[str, ...]
    conditions: tuple[Condition, ...]
    options: SessionOptions
    device: str = "auto"
    drift_frames: int = 1000
    drift_scenes: int = 2


class Evaluation:
    """All that was measured.

    Attributes:
        tallies: By condition, group and row.
        reliability: By condition, group and name of the weights.
        drift: Mean ab distance to the settled colours, frame by frame: by weights, then by scene.
        sheet: One strip a scene, (128, W, 3) uint8: the rows' first frames side by side, grey first, the truth last.
    """

    def __init__(self) -> None:
        self.tallies: dict[Key, Tally] = defaultdict(Tally)
        self.reliability: dict[Key, Reliability] = defaultdict(Reliability)
        self.drift: dict[str, dict[str, list[float]]] = defaultdict(dict)
        self.sheet: list[np.ndarray] = []

    def merge(self, other: "Evaluation") -> None:
        """Add all that another one has measured."""
        for key, tally in other.tallies.items():
            self.tallies[key].merge(tally)
        for key, reliability in other.reliability.items():
            self.reliability[key].merge(reliability)
        for name, drifts in other.drift.items():
            self.drift[name].update(drifts)
        self.sheet.extend(other.sheet)

    @functools.cached_property
    def scores(self) -> Scores:
        """{condition: {group: {row: {measure: value}}}} of all that was merged; ratios are to the clean truth."""
        scores: Scores = defaultdict(lambda: defaultdict(dict))
        truths = {group: tally for (_, group, row), tally in self.tallies.items() if row == TRUTH}
        for (condition, group, row), tally in self.tallies.items():
            scores[condition][group][row] = tally.scores(truths.get(group))
        for (condition, group, name), reliability in self.reliability.items():
            scores[condition][group][row_name(name, None)]["ECE"] = reliability.ece()
        return scores


def evaluate(scenes: Sequence[Scene], plan: Plan, *, workers: int = 1, sheet: int = 24) -> Evaluation:
    """Measure.

    Args:
        scenes: The truths.
        plan: What is measured on them.
        workers: Processes; the cores are divided among them. 1 stays in this one.
        sheet: How many strips the contact sheet has at most, the scenes evenly taken.
    """
    shown = _evenly(len(scenes), sheet)
    looped = _evenly(len(scenes), plan.drift_scenes if plan.drift_frames else 0)
    tasks = [(scene, number in shown, number in looped) for number, scene in enumerate(scenes)]
    total = Evaluation()
    for part in _measured(tasks, plan, workers):
        total.merge(part)
    return total


def _evenly(count: int, most: int) -> set[int]:
    """Choose at most `most` of `count` numbers, evenly spread, the first among them."""
    return {number * count // most for number in range(min(most, count))} if most else set()


_Task = tuple[Scene, bool, bool]  # whether it is shown on the sheet, and whether its first frame is looped
_examiner: "_Examiner | None" = None  # of this process, where there are several


def _measured(tasks: Sequence[_Task], plan: Plan, workers: int) -> Iterator[Evaluation]:
    if workers == 1:
        examiner = _Examiner(plan)
        yield from (examiner(*task) for task in tasks)
        return
    threads = max(1, (os.cpu_count() or 1) // workers)
    spawn = multiprocessing.get_context("spawn")  # forking after OpenMP or CUDA has started hangs
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=_start, initargs=(plan, threads)) as pool:
        yield from pool.map(_examine, tasks, chunksize=2)


def _start(plan: Plan, threads: int) -> None:
    global _examiner
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    _examiner = _Examiner(plan)


def _examine(task: _Task) -> Evaluation:
    return _examiner(*task)


class _Examiner:
    """Measures one scene after the other with the same networks."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.device = plan, pick_device(plan.device)
        self.weights = [load_weights(name) for name in plan.weights]
        self.features = Lite2Features()

    def __call__(self, scene: Scene, shown: bool, looped: bool) -> Evaluation:
        truths, part = read_truth(scene), Evaluation()
        for number, condition in enumerate(self.plan.conditions):
            if condition.clips_only and len(truths) == 1:
                continue
            rows = {GREY: [truth.luma.expand(3, -1, -1) for truth in truths]} if number == 0 else {}
            for weights in self.weights:
                rows |= self._paint(part, weights, scene, truths, condition)
            if number == 0:
                rows[TRUTH] = [truth.rgb for truth in truths]
                part.sheet.extend([_strip([frames[0] for frames in rows.values()])] * shown)
            self._count(part, scene, condition, rows, truths)
        for weights in self.weights if looped else ():
            part.drift[weights.name][scene.name] = self._drift(weights, truths[0])
        return part

    def _paint(
        self, part: Evaluation, weights: Weights, scene: Scene, truths: Sequence[TruthFrame], condition: Condition
    ) -> dict[str, list[Tensor]]:
        painted = paint(weights, truths, condition, self.plan.options, seed=scene.name, device=self.device)
        if painted.reliability is not None:
            for group in scene.groups:
                part.reliability[condition.name, group, weights.name].merge(painted.reliability)
        return painted.rows

    def _count(
        self,
        part: Evaluation,
        scene: Scene,
        condition: Condition,
        rows: Mapping[str, Sequence[Tensor]],
        truths: Sequence[TruthFrame],
    ) -> None:
        first = 1 if condition.first_frame else 0
        for row, frames in rows.items():
            tally = Tally()
            shown = frames[::_FEATURES_EVERY] if condition is self.plan.conditions[0] else []
            features = [self.features(frame) for frame in shown]
            tally.add(frames[first:], truths[first:], features)
            for group in scene.groups:
                part.tallies[condition.name, group, row].merge(tally)

    def _drift(self, weights: Weights, truth: TruthFrame) -> list[float]:
        """Loop one picture, and follow its colours from where they have settled."""
        session = Session(weights, self.plan.options, device=self.device)
        seen = lightness_from_luma(resize_luma(truth.plane, *session.network_size(*truth.plane.shape), FULL_RANGE))
        drift = Drift()
        for _ in range(self.plan.drift_frames):
            drift.add(session.color(seen))
        return drift.distances


def _strip(pictures: Sequence[Tensor]) -> np.ndarray:
    picture = (torch.cat(list(pictures), dim=-1).permute(1, 2, 0) * 255).round().byte().numpy()
    size = picture.shape[1] * _SHEET_HEIGHT // picture.shape[0], _SHEET_HEIGHT
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
