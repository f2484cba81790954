"""Colours every scene under every condition and adds up the scores, in one process or several."""

import multiprocessing
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import cv2
import torch
from torch import Tensor

from temporal_colorize.evaluation.features import Lite2Features
from temporal_colorize.evaluation.measured import GREY, TRUTH, Evaluation
from temporal_colorize.evaluation.naming import NamedPixels
from temporal_colorize.evaluation.painter import Condition, paint, row_name
from temporal_colorize.evaluation.scenes import Scene, TruthFrame, read_truth
from temporal_colorize.evaluation.shown import ShownScene, show_scene
from temporal_colorize.evaluation.tally import Tally
from temporal_colorize.inference.naming import NamingOptions
from temporal_colorize.inference.planes import see
from temporal_colorize.inference.runtimes import RuntimeOptions, open_weights
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.weights import Weights
from temporal_colorize.metrics.temporal import Drift

_FEATURES_EVERY = 8  # frames of a clip


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured; plain values, so that other processes can be given it.

    Attributes:
        weights: Names or paths.
        conditions: The first is for the pictures that are shown, and for features.
        options: How streams are coloured.
        runtime: What computes the networks.
        device: See `inference.session.pick_device`.
        drift_frames: Length of the looped still scene, which settles for 30 frames; 0 leaves drift out.
        moments: How many frames of a scene are shown, at most, evenly from the first to the last that is judged.
        drift_scenes: Of how many scenes, taken evenly from stills and each kind of clip, the first frame is looped.
        naming: How things are named, where a condition asks for it; and
        central: groups of pictures of one thing, of which only the central part is named.
    """

    weights: tuple[str, ...]
    conditions: tuple[Condition, ...]
    options: SessionOptions
    runtime: RuntimeOptions
    naming: NamingOptions
    central: tuple[str, ...] = ()
    device: str = "auto"
    moments: int = 3
    drift_frames: int = 1000
    drift_scenes: int = 2


def evaluate(scenes: Sequence[Scene], plan: Plan, *, workers: int = 1, shown: int = 24) -> Evaluation:
    """Measure.

    Args:
        scenes: The truths.
        plan: What is measured on them.
        workers: Processes; the cores are divided among them. 1 stays in this one.
        shown: How many scenes there are to look at, at most, evenly taken.
    """
    seen = _evenly(scenes, shown)
    looped = _evenly(scenes, plan.drift_scenes if plan.drift_frames else 0)
    tasks = [(scene, number in seen, number in looped) for number, scene in enumerate(scenes)]
    total = Evaluation()
    for part in _measured(tasks, plan, workers):
        total.merge(part)
    return total


def _evenly(scenes: Sequence[Scene], most: int) -> set[int]:
    """Choose the numbers of about `most` scenes, as many of each kind, evenly spread, at least one of each."""
    kinds: dict[str, list[int]] = defaultdict(list)
    for number, scene in enumerate(scenes):
        kinds[scene.groups[0]].append(number)
    share = -(-most // max(1, len(kinds)))
    return {some[place * len(some) // share] for some in kinds.values() for place in range(share)}


_Task = tuple[Scene, bool, bool]  # whether it is shown, and whether its first frame is looped
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
        self.plan, self.device = plan, plan.runtime.pick_device(plan.device)
        self.weights = [open_weights(name, plan.runtime, device=self.device) for name in plan.weights]
        self.features = Lite2Features()

    def __call__(self, scene: Scene, shown: bool, looped: bool) -> Evaluation:
        whole, part = read_truth(scene), Evaluation()
        for number, condition in enumerate(self.plan.conditions):
            if condition.clips_only and len(whole) == 1:
                continue
            truths = whole[: condition.most_frames]
            bounds = number == 0 or condition.first_frame  # elsewhere they would be those of the first again
            rows = {GREY: [truth.luma.expand(3, -1, -1) for truth in truths]} if bounds else {}
            for weights in self.weights:
                rows |= self._paint(part, weights, scene, truths, condition)
            if bounds:
                rows[TRUTH] = [truth.rgb for truth in truths]
            if number == 0 and shown:
                part.shown.append(self._show(scene, rows, truths))
            self._count(part, scene, condition, rows, truths)
        for weights in self.weights if looped else ():
            part.drift[weights.name][scene.name] = self._drift(weights, whole[0])
        return part

    def _show(self, scene: Scene, rows: Mapping[str, Sequence[Tensor]], truths: Sequence[TruthFrame]) -> ShownScene:
        compared = {GREY, TRUTH, *(row_name(weights.name, None) for weights in self.weights)}
        return show_scene(scene.name, rows, truths, most=self.plan.moments, compared=compared)

    def _paint(
        self, part: Evaluation, weights: Weights, scene: Scene, truths: Sequence[TruthFrame], condition: Condition
    ) -> dict[str, list[Tensor]]:
        painted = paint(weights, truths, condition, self.plan.options, seed=scene.name, device=self.device)
        if painted.reliability is not None:
            for group in scene.groups:
                part.reliability[condition.name, group, weights.name].merge(painted.reliability)
                part.judged[condition.name, group, weights.name].merge(painted.judged)
            if condition.calibrates:
                part.everything[weights.name].merge(painted.judged)
        if painted.names:
            self._name(part, scene, condition, weights.name, painted.names, truths)
        return painted.rows

    def _name(
        self,
        part: Evaluation,
        scene: Scene,
        condition: Condition,
        weights: str,
        names: Sequence[NamedPixels],
        truths: Sequence[TruthFrame],
    ) -> None:
        for group in scene.groups:
            central = group in self.plan.central
            part.names[condition.name, group, weights].add(names, truths, self.plan.naming, central=central)

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
            features = [self.features(frame).numpy() for frame in shown]
            tally.add(frames[first:], truths[first:], features)
            for group in scene.groups:
                part.tallies[condition.name, group, row].merge(tally)

    def _drift(self, weights: Weights, truth: TruthFrame) -> list[float]:
        """Loop one picture, and follow its colours from where they have settled."""
        session = Session(weights, self.plan.options, device=self.device)
        seen = see(truth.plane, session.network_size(*truth.plane.shape))
        drift = Drift()
        for _ in range(self.plan.drift_frames):
            drift.add(session.color(seen))
        return drift.distances
