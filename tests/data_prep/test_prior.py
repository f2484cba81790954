from pathlib import Path

import pytest
import torch

from data_prep.prior import prior_of, write_prior
from temporal_colorize.color.bins import bin_centres, load_prior
from temporal_colorize.data.training_clips import ClipBatch
from tests.support.program import run_module


def test_a_prior_of_one_colour() -> None:
    rgb = torch.zeros(2, 1, 3, 32, 32, dtype=torch.uint8)
    rgb[:, :, 0] = 255  # pure red is Lab (53.2, 80.1, 67.2)
    prior = prior_of([ClipBatch(rgb, torch.empty(0), torch.empty(0))] * 2)
    assert prior.sum().item() == pytest.approx(1)
    assert bin_centres()[prior.argmax()].tolist() == [80, 70]


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    prior = torch.rand(313, dtype=torch.float64)
    write_prior(tmp_path / "prior.csv", prior)
    torch.testing.assert_close(load_prior(tmp_path / "prior.csv"), prior, rtol=1e-5, atol=0)


def test_the_program_counts_the_photographs(tmp_path: Path) -> None:
    result = run_module("data_prep.prior", str(tmp_path / "p.csv"), "--batches", "2", "data.size=64")
    assert result.returncode == 0, result.stderr
    assert load_prior(tmp_path / "p.csv").sum().item() == pytest.approx(1, abs=1e-4)


def test_a_short_prior_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short.csv").write_text("index,a,b,probability\n0,0,0,1.0\n")
    with pytest.raises(ValueError, match=r"short\.csv.*313"):
        load_prior(tmp_path / "short.csv")
