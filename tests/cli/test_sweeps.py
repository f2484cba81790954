"""Sweeps on one machine: what is refused, searches that go on, launchers."""

import csv
import importlib.util
import math
import time
from pathlib import Path
from types import SimpleNamespace

import optuna
import pytest
import torch
from omegaconf import OmegaConf

from temporal_colorize import cli
from temporal_colorize.cli import sweeping
from temporal_colorize.cli.training import _outcome
from temporal_colorize.training.record import Run
from tests.cli.test_sweep_table import make_run
from tests.support.program import here, run, start
from tests.support.runs import TINY

STATES = optuna.trial.TrialState
LR = optuna.distributions.UniformDistribution(0.0, 1.0)


@pytest.mark.parametrize(
    ("asked", "option"),
    [
        ("hydra/launcher=joblib", "hydra/launcher=joblib"),
        ("hydra/launcher=submitit_slurm", "hydra/launcher=submitit_slurm"),
        ("sweep=search", "hydra/sweeper=optuna"),
    ],
)
def test_a_plugin_that_is_not_installed_is_named(asked: str, option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    status, _, error = here(cli.train, "-m", "experiment=smoke", asked)
    assert status == 2 and error.count("\n") == 1
    assert option in error and "pip install '.[sweep]'" in error


def test_a_score_that_is_no_number_is_no_value() -> None:
    best = SimpleNamespace(monitor="val/mse", best_model_score=torch.tensor(math.nan))
    trainer = SimpleNamespace(checkpoint_callback=best, callback_metrics={}, global_step=3)
    with pytest.raises(ValueError, match="val/mse is nan: the training diverged"):
        _outcome(trainer, Run({}))


def test_a_score_that_was_never_measured_is_no_value() -> None:
    best = SimpleNamespace(monitor="val/mse", best_model_score=None, mode="min")
    trainer = SimpleNamespace(checkpoint_callback=best, callback_metrics={}, global_step=3)
    with pytest.raises(ValueError, match="val/mse was never measured"):
        _outcome(trainer, Run({}))


@pytest.mark.parametrize(("mode", "objective", "name"), [("min", 30.0, "val/psnr"), ("max", -30.0, "-val/psnr")])
def test_what_is_maximised_is_given_with_a_minus(mode: str, objective: float, name: str) -> None:
    best = SimpleNamespace(monitor="val/psnr", best_model_score=torch.tensor(30.0), mode=mode)
    scores = {"val/psnr": torch.tensor(29.0)}
    run = _outcome(SimpleNamespace(checkpoint_callback=best, callback_metrics=scores, global_step=3), Run({}))
    assert (run.objective, run.monitor, run.scores) == (objective, name, {"val/psnr": 29.0})


def test_a_search_that_would_maximise_is_refused(tmp_path: Path) -> None:
    given = ("hydra/sweeper=optuna", "hydra.sweeper.direction=maximize", f"hydra.sweep.dir={tmp_path}/s")
    status, _, error = here(cli.train, "-m", *TINY, *given, "optimizer.lr=interval(0,1)")
    assert status == 2 and error.splitlines()[-1].count("callbacks.best.mode=max") == 1
    assert not (tmp_path / "s").exists()


def hydra_of(folder: Path, *task: str) -> OmegaConf:
    sweeper = {"study_name": "search", "storage": f"sqlite:///{folder}/study.db", "direction": "minimize"}
    return OmegaConf.create(
        {
            "sweeper": {**sweeper, "n_trials": 5, "params": None},
            "overrides": {"task": [*task], "hydra": []},
            "job": {"num": 0},
        }
    )


def test_an_interrupted_search_makes_what_is_left_in_the_folders_that_it_had(tmp_path: Path) -> None:
    sweeping._go_on(hydra_of(tmp_path, "lr=interval(0,1)"), tmp_path)
    study = optuna.load_study("search", f"sqlite:///{tmp_path}/study.db")
    for number, state in enumerate((STATES.COMPLETE, STATES.FAIL, None)):
        trial = study.ask({"lr": LR})
        make_run(tmp_path, number, [f"lr={trial.params['lr']}"])
        if state is not None:
            study.tell(trial, 1.0 if state == STATES.COMPLETE else None, state)
    interrupted = study.trials[2].params
    hydra = hydra_of(tmp_path, "lr=interval(0,1)")
    sweeping._go_on(hydra, tmp_path)
    assert hydra.sweeper.n_trials == 3, "five in all, one done, one failed"
    assert optuna.load_study("search", f"sqlite:///{tmp_path}/study.db").ask({"lr": LR}).params == interrupted
    (subdir,) = OmegaConf.to_container(hydra.overrides.hydra, resolve=False)
    named = OmegaConf.create({"hydra": {"job": {"num": 0}}, "subdir": subdir.partition("=")[2].strip("'")})
    folders = []
    for number in range(3):
        named.hydra.job.num = number
        folders.append(named.subdir)
    assert folders == ["2", "3", "4"]


def test_each_trial_that_waits_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """Of three the first has no folder yet, the others are of equal parameters, as is one that has ended."""
    sweeping._go_on(hydra_of(tmp_path, "lr=interval(0,1)"), tmp_path)
    study = optuna.load_study("search", f"sqlite:///{tmp_path}/study.db")
    for value in (0.5, 0.25, 0.5, 0.5):
        study.enqueue_trial({"lr": value})
    ended = study.ask({"lr": LR})
    study.tell(ended, 1.0)
    for _ in range(3):
        study.ask({"lr": LR})
    for number in range(3):
        make_run(tmp_path, number, ["lr=0.5"])
    hydra = hydra_of(tmp_path, "lr=interval(0,1)")
    sweeping._go_on(hydra, tmp_path)
    (subdir,) = OmegaConf.to_container(hydra.overrides.hydra, resolve=False)
    assert "${hydra.job.num},[3, 2, 1],4}" in subdir


def test_a_search_is_not_gone_on_with_by_another_command(tmp_path: Path) -> None:
    sweeping._go_on(hydra_of(tmp_path, "lr=interval(0,1)", "data.root=a"), tmp_path)
    sweeping._go_on(hydra_of(tmp_path, "data.root=a", "lr=interval(0,1)"), tmp_path)
    with pytest.raises(ValueError, match=r"study_name=search was begun by another command.*data.root=a, data.root=b"):
        sweeping._go_on(hydra_of(tmp_path, "lr=interval(0,1)", "data.root=b"), tmp_path)


def rows_in(folder: Path) -> list[dict[str, str]]:
    with open(folder / "sweep.csv") as file:
        return [*csv.DictReader(file)]


@pytest.mark.slow
def test_a_search_that_was_stopped_goes_on_by_the_same_command(tmp_path: Path) -> None:
    """Its second run is stopped on the way."""
    search = ("hydra/sweeper=optuna", "hydra.sweeper.n_trials=3", "hydra.sweeper.n_jobs=1")
    given = ("-m", *TINY, *search, "optimizer.lr=interval(1e-4,1e-2)", f"hydra.sweep.dir={tmp_path}")
    given = (*given, "data.batches_an_epoch=60")
    process = start("train.py", *given)
    while process.poll() is None and not (tmp_path / "1" / "csv").exists():
        time.sleep(0.05)
    time.sleep(1)
    process.terminate()
    assert process.wait() == 75
    stopped = next(row for row in rows_in(tmp_path) if row["run"] == "1")
    assert stopped["state"] == "preempted"
    result = run("train.py", *given)
    assert result.returncode == 0, result.stderr
    assert f"goes on from {tmp_path / '1'}" in result.stdout
    rows = {row["run"]: row for row in rows_in(tmp_path)}
    assert [*sorted(rows)] == ["0", "1", "2"] and {row["state"] for row in rows.values()} == {"finished"}
    assert rows["1"]["optimizer.lr"] == stopped["optimizer.lr"]
    again = run("train.py", *given)
    assert again.returncode == 0 and len(rows_in(tmp_path)) == 3, "nothing was left to do"


@pytest.mark.slow
def test_a_run_that_diverges_is_a_failed_trial_and_no_end(tmp_path: Path) -> None:
    search = ("hydra/sweeper=optuna", "hydra.sweeper.n_trials=3", "hydra.sweeper.n_jobs=3")
    given = (*TINY, *search, "hydra.sweeper.sampler.seed=1", "optimizer.lr=choice(1e30,1e-3)")
    result = run("train.py", "-m", *given, "trainer.gradient_clip_val=null", f"hydra.sweep.dir={tmp_path}")
    assert result.returncode == 0, result.stderr
    assert {row["state"] for row in rows_in(tmp_path)} == {"finished", "failed"}
    states = {trial.state for trial in optuna.load_study("search", f"sqlite:///{tmp_path}/study.db").trials}
    assert states == {STATES.COMPLETE, STATES.FAIL}


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_launchers_of_one_machine(launcher: str, tmp_path: Path) -> None:
    given = (*TINY, f"hydra/launcher={launcher}", "loss.classification=0.5,1.0", f"hydra.sweep.dir={tmp_path}")
    result = run("train.py", "-m", *given)
    assert result.returncode == 0, result.stderr
    rows = sorted(rows_in(tmp_path), key=lambda row: row["run"])
    assert [(row["loss.classification"], row["state"]) for row in rows] == [("0.5", "finished"), ("1.0", "finished")]
    assert all((tmp_path / number / "weights.safetensors").is_file() for number in ("0", "1"))
