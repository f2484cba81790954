"""What an evaluation has measured, added up over scenes, and the scores that follow."""

import functools
from collections import defaultdict

from temporal_colorize.evaluation.judging import CROSS_FITTED, Judged, cross_fitted
from temporal_colorize.evaluation.naming import Regions
from temporal_colorize.evaluation.painter import row_name
from temporal_colorize.evaluation.shown import ShownScene
from temporal_colorize.evaluation.tally import Tally
from temporal_colorize.metrics.calibration import Reliability

GREY, TRUTH = "grey", "truth"

Key = tuple[str, str, str]  # condition, group, row (or weights)
Scores = dict[str, dict[str, dict[str, dict[str, float]]]]


class Evaluation:
    """All that was measured.

    Attributes:
        tallies: By condition, group and row.
        reliability: By condition, group and name of the weights.
        judged: Confidence, likewise, and
        everything: of all scenes under the conditions that calibrate it, by weights.
        names: Regions with their names, likewise.
        drift: Mean ab distance to the settled colours, frame by frame: by weights, then by scene.
        shown: Scenes to look at.
    """

    def __init__(self) -> None:
        self.tallies: dict[Key, Tally] = defaultdict(Tally)
        self.reliability: dict[Key, Reliability] = defaultdict(Reliability)
        self.judged: dict[Key, Judged] = defaultdict(Judged)
        self.everything: dict[str, Judged] = defaultdict(Judged)
        self.names: dict[Key, Regions] = defaultdict(Regions)
        self.drift: dict[str, dict[str, list[float]]] = defaultdict(dict)
        self.shown: list[ShownScene] = []

    def merge(self, other: "Evaluation") -> None:
        """Add all that another one has measured."""
        for key, tally in other.tallies.items():
            self.tallies[key].merge(tally)
        for kind in ("reliability", "judged", "everything", "names"):
            mine = getattr(self, kind)
            for key, part in getattr(other, kind).items():
                mine[key].merge(part)
        for name, drifts in other.drift.items():
            self.drift[name].update(drifts)
        self.shown.extend(other.shown)

    @functools.cached_property
    def scores(self) -> Scores:
        """{condition: {group: {row: {measure: value}}}} of all that was merged; ratios are to the clean truth."""
        scores: Scores = defaultdict(lambda: defaultdict(dict))
        clean = {group: tally for (_, group, row), tally in reversed(self.tallies.items()) if row == TRUTH}
        for (condition, group, row), tally in self.tallies.items():
            truth = self.tallies.get((condition, group, TRUTH), clean.get(group))
            scores[condition][group][row] = tally.scores(truth)
        for (condition, group, name), reliability in self.reliability.items():
            scores[condition][group][row_name(name, None)]["ECE"] = reliability.ece()
        for (condition, group, name), judged in self.judged.items():
            row = scores[condition][group][row_name(name, None)]
            row |= {measure: value for measure, value in judged.scores().items() if value == value}
            if all(half.counted for half in self.everything[name].said):
                row[CROSS_FITTED] = cross_fitted(judged, self.everything[name]).ece()
        return scores
