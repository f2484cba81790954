"""Sweeps and requeued jobs on a real Slurm, of this machine alone."""

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
import torch

from tests.support.program import ROOT
from tests.support.program import run as run_here
from tests.support.runs import TINY
from tests.support.slurm import Slurm, needs_slurm

JOB = """#!/bin/sh
#SBATCH --requeue --open-mode=append --output={folder}/log
srun {python} {train} {options} hydra.run.dir={folder}/run
status=$?
[ $status = 75 ] && scontrol requeue $SLURM_JOB_ID
exit $status
"""
LONG = (*TINY, "trainer.max_epochs=3", "data.batches_an_epoch=60")


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder, Slurm(Path(folder)) as started:
        yield started


def sweep(slurm: Slurm, folder: Path, *given: str) -> list[dict[str, str]]:
    """Run a sweep over Slurm; return the rows of its table, by number."""
    command = [sys.executable, str(ROOT / "train.py"), "-m", *TINY, "hydra/launcher=submitit_slurm"]
    command += [f"hydra.sweep.dir={folder}", *given]
    done = subprocess.run(command, env=slurm.environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    with open(folder / "sweep.csv") as file:
        return sorted(csv.DictReader(file), key=lambda row: int(row["run"]))


@needs_slurm
def test_a_sweep_is_one_array_of_jobs(slurm: Slurm, tmp_path: Path) -> None:
    rows = sweep(slurm, tmp_path, "loss.classification=0.5,1.0")
    assert [(row["loss.classification"], row["state"]) for row in rows] == [("0.5", "finished"), ("1.0", "finished")]
    (script,) = (tmp_path / ".submitit").glob("*/*_submission.sh")
    asked = script.read_text()
    assert "#SBATCH --array=0-1" in asked and "#SBATCH --signal=USR2@120" in asked and "#SBATCH --time=720" in asked


@needs_slurm
@pytest.mark.slow
def test_a_search_over_slurm(slurm: Slurm, tmp_path: Path) -> None:
    search = ("hydra/sweeper=optuna", "hydra.sweeper.n_trials=4", "hydra.sweeper.n_jobs=2")
    rows = sweep(slurm, tmp_path, *search, "optimizer.lr=tag(log,interval(1e-4,1e-2))")
    assert [row["state"] for row in rows] == ["finished"] * 4
    assert len({row["optimizer.lr"] for row in rows}) == 4
    trials = optuna.load_study("search", f"sqlite:///{tmp_path}/study.db").trials
    assert [trial.value for trial in trials] == pytest.approx([float(row["objective"]) for row in rows])


@needs_slurm
@pytest.mark.slow
@pytest.mark.parametrize("how", ["requeue", "USR1"])
def test_a_job_that_slurm_queues_again_ends_as_if_it_had_not(slurm: Slurm, tmp_path: Path, how: str) -> None:
    """Either Slurm takes the machine away, or its signal says that the time is over, and the script asks for more."""
    whole, folder = tmp_path / "whole", tmp_path / "run"
    assert run_here("train.py", *LONG, f"hydra.run.dir={whole}").returncode == 0
    places = {"folder": tmp_path, "python": sys.executable, "train": ROOT / "train.py", "options": " ".join(LONG)}
    (tmp_path / "job.sh").write_text(JOB.format(**places))
    job = slurm.run("sbatch", "--parsable", f"--chdir={ROOT}", str(tmp_path / "job.sh"))
    slurm.wait_for((folder / "checkpoints" / "last.ckpt").exists, seconds=300, name="checkpoint")
    if how == "requeue":
        slurm.run("scontrol", "requeue", job)
    else:
        slurm.run("scancel", f"--signal={how}", job)
    slurm.wait_for(lambda: state(folder) == "preempted", seconds=120, name="preempted run")
    slurm.wait_for(lambda: "Restarts=1" in slurm.run("scontrol", "show", "job", job), seconds=60, name="restart")
    slurm.wait_for(lambda: _begun(slurm, job), seconds=60, name="job that begins at once, and not in two minutes")
    slurm.wait_for(lambda: state(folder) == "finished", seconds=300, name="finished run")
    assert "goes on from" in (tmp_path / "log").read_text()
    parts, expected = (
        torch.load(one / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True) for one in (folder, whole)
    )
    assert parts["global_step"] == expected["global_step"] == 180
    torch.testing.assert_close(parts["state_dict"], expected["state_dict"], rtol=0, atol=0)


def _begun(slurm: Slurm, job: str) -> bool:
    """Say whether a job that was queued again runs; Slurm alone would wait for two minutes."""
    found = slurm.run("squeue", "-h", "-j", job, "-o", "%T")
    if found == "PENDING":
        slurm.run("scontrol", "update", f"JobId={job}", "StartTime=now")
        time.sleep(3)  # for the scheduler to look at it
    return found == "RUNNING"


def state(folder: Path) -> str:
    """Read what a run says of itself."""
    return json.loads((folder / "run.json").read_text())["state"]
