import math

import pytest
import torch

from temporal_colorize.metrics.risk import RiskCoverage


def test_of_the_surest_half() -> None:
    risk = RiskCoverage()
    risk.add(torch.tensor([[0.9, 0.1], [0.6, 0.3]]), torch.tensor([[1.0, 10.0], [3.0, 6.0]]))
    assert risk.risk(0.25) == 1 and risk.risk(0.5) == 2 and risk.risk(1.0) == 5 and risk.ratio() == 0.4


def test_it_is_numpy_s_sorting_whatever_the_batches() -> None:
    generator = torch.Generator().manual_seed(0)
    sure, noise = torch.rand(2, 5000, generator=generator)
    error = 20 * (1 - sure) * noise
    parts = [RiskCoverage(), RiskCoverage()]
    for part, rows in zip(parts, (slice(0, 1200), slice(1200, None)), strict=True):
        part.add(sure[rows], error[rows])
    parts[0].merge(parts[1])
    ordered = error[sure.argsort(descending=True)]
    for share in (0.1, 0.5, 0.8, 1.0):
        assert parts[0].risk(share) == pytest.approx(float(ordered[: int(5000 * share)].mean()), rel=0.01)


def test_one_confidence_for_all_tells_nothing() -> None:
    risk = RiskCoverage()
    risk.add(torch.full((8,), 0.7), torch.arange(8.0))
    assert risk.ratio() == pytest.approx(1)


def test_nothing_has_no_risk() -> None:
    assert math.isnan(RiskCoverage().ratio())
