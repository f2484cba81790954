"""Scores over all pixels of a group of scenes, added up scene by scene, in any order and in several processes."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.evaluation.scenes import TruthFrame
from temporal_colorize.metrics.ciede2000 import ciede2000
from temporal_colorize.metrics.consistency import ab_distribution_consistency, color_distribution_consistency
from temporal_colorize.metrics.distribution import FeatureStatistics, frechet_distance
from temporal_colorize.metrics.image import ab_distance, accuracy, colorfulness, psnr, ssim
from temporal_colorize.metrics.regions import region_spread
from temporal_colorize.metrics.temporal import chroma_flicker, warp_error

_LONGEST_GAP = 4  # frames, of the CDC


class Tally:
    """Sums, and rows of features, of one row of the report over one group."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = defaultdict(float)
        self.features: list[np.ndarray] = []  # not tensors, which cross processes by file descriptors, one each

    def add(self, results: Sequence[Tensor], truths: Sequence[TruthFrame], features: Sequence[np.ndarray] = ()) -> None:
        """Count the frames of one scene.

        Args:
            results: Each (3, H, W) RGB in [0, 1].
            truths: As many.
            features: Of some of the results, each (width,), for the Frechet distance.
        """
        labs = [rgb_to_lab(rgb) for rgb in results]
        for rgb, lab, truth in zip(results, labs, truths, strict=True):
            self._add_picture(rgb, lab, truth)
        if len(results) > 1:
            self._add_ends(results, truths)
            self._add_motion(results, [lab[1:] for lab in labs], truths)
        self.features.extend(features)

    def merge(self, other: "Tally") -> None:
        """Add all that another one has counted."""
        for name, value in other._sums.items():
            self._sums[name] += value
        self.features.extend(other.features)

    def scores(self, truth: "Tally | None" = None) -> dict[str, float]:
        """Return the measures; ab and spread in ab units, AuC and shares in 0..100, PSNR in dB.

        Args:
            truth: The truth's own tally of the same group, for the measures that are ratios to it.
        """
        of = self._sums
        scores = {
            "frames": of["frames"],
            "PSNR": psnr(of["squared rgb"] / of["pixels"]),
            "SSIM": of["ssim"] / of["frames"],
            "CIEDE2000": of["ciede2000"] / of["pixels"],
            "AuC": of["accuracy"] / of["pixels"],
            "balanced AuC": of["balanced accuracy"] / of["weights"],
            "within 10": 100 * of["within 10"] / of["pixels"],
            "within 20": 100 * of["within 20"] / of["pixels"],
            "ab error": of["distance"] / of["pixels"],
            "ab RMSE": (of["squared distance"] / of["pixels"]) ** 0.5,
            "colourfulness": of["colourfulness"] / of["frames"],
            "region spread": _ratio(of, "region spread", "region area"),
            "warp error x1000": _ratio(of, "warp", "warp weight", 1000),
            "ab warp RMSE": _ratio(of, "ab warp", "ab warp weight") ** 0.5,
            "CDC x1000": _ratio(of, "cdc", "clips", 1000),
            "ab CDC x1000": _ratio(of, "ab cdc", "clips", 1000),
            "flicker": _ratio(of, "flicker", "still"),
            "PSNR first tenth": _psnr_of(of, "first"),
            "PSNR last tenth": _psnr_of(of, "last"),
        }
        if truth is not None:
            theirs = truth.scores()
            for measure, name in _RATIOS.items():
                scores[name] = scores[measure] / theirs[measure] if theirs.get(measure) else float("nan")
            if min(len(self.features), len(truth.features)) > 1:
                scores["Frechet-Lite2"] = frechet_distance(_statistics(self), _statistics(truth))
        return {name: value for name, value in scores.items() if value == value}

    def _add_picture(self, rgb: Tensor, lab: Tensor, truth: TruthFrame) -> None:
        distance = ab_distance(lab[1:], truth.lab[1:]).double()
        hits = accuracy(distance)
        spread, area = region_spread(lab[1:], truth.regions)
        self._count(
            {
                "frames": 1,
                "pixels": distance.numel(),
                "distance": distance.sum(),
                "squared distance": distance.square().sum(),
                "squared rgb": (rgb.double() - truth.rgb.double()).square().mean() * distance.numel(),
                "ssim": ssim(rgb, truth.rgb),
                "ciede2000": ciede2000(lab, truth.lab).double().sum(),
                "accuracy": hits.sum(),
                "balanced accuracy": (hits * truth.weights).sum(),
                "weights": truth.weights.sum(),
                "within 10": (distance <= 10).sum(),
                "within 20": (distance <= 20).sum(),
                "colourfulness": colorfulness(rgb),
                "region spread": spread,
                "region area": area,
            }
        )

    def _add_ends(self, results: Sequence[Tensor], truths: Sequence[TruthFrame]) -> None:
        tenth = max(1, len(results) // 10)
        for end, part in (("first", slice(None, tenth)), ("last", slice(-tenth, None))):
            for rgb, truth in zip(results[part], truths[part], strict=True):
                self._count({f"{end} squared": (rgb - truth.rgb).double().square().sum(), f"{end} size": rgb.numel()})

    def _add_motion(self, results: Sequence[Tensor], abs_: Sequence[Tensor], truths: Sequence[TruthFrame]) -> None:
        for t in range(1, len(results)):
            for name, frames in (("warp", results), ("ab warp", abs_)):
                error, weight = warp_error(frames[t - 1], frames[t], truths[t].motion)
                self._count({name: error, f"{name} weight": weight})
            lightness = truths[t - 1].lab[:1], truths[t].lab[:1]
            change, still = chroma_flicker(abs_[t - 1], abs_[t], *lightness)
            self._count({"flicker": change, "still": still})
        if len(results) > _LONGEST_GAP:
            cdc, ab_cdc = color_distribution_consistency(results), ab_distribution_consistency(abs_)
            self._count({"cdc": cdc, "ab cdc": ab_cdc, "clips": 1})

    def _count(self, sums: dict[str, float | Tensor]) -> None:
        for name, value in sums.items():
            self._sums[name] += float(value)


_RATIOS = {
    "colourfulness": "colourfulness / truth",
    "region spread": "region spread / truth",
    "warp error x1000": "warp error / truth",
    "ab warp RMSE": "ab warp RMSE / truth",
}


def _ratio(sums: dict[str, float], part: str, whole: str, scale: float = 1.0) -> float:
    return scale * sums[part] / sums[whole] if sums[whole] else float("nan")


def _psnr_of(sums: dict[str, float], end: str) -> float:
    return psnr(sums[f"{end} squared"] / sums[f"{end} size"]) if sums[f"{end} size"] else float("nan")


def _statistics(tally: Tally) -> FeatureStatistics:
    rows = torch.from_numpy(np.stack(tally.features))
    statistics = FeatureStatistics(rows.shape[1])
    statistics.add(rows)
    return statistics
