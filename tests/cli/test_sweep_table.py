import csv
import json
import sys
from pathlib import Path

import pytest

from temporal_colorize.cli import sweep_table
from temporal_colorize.training.record import Run
from tests.support.program import here


def make_run(folder: Path, number: int, given: list[str], **outcome: object) -> None:
    hydra = folder / str(number) / ".hydra"
    hydra.mkdir(parents=True)
    (hydra / "overrides.yaml").write_text(json.dumps(given))
    if outcome:
        Run({}, **outcome).write(hydra.parent)


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    for number, objective in ((0, 20.0), (1, 10.0), (10, 15.0)):
        options = ["seed=0", f"optimizer.lr={10.0**-number}", "model=a|b" if number else "model=tiny"]
        scores = {"val/mse": objective, "val/psnr": 25.0}
        outcome = {"state": "finished", "objective": objective, "scores": scores, "steps": 7, "seconds": 90.0}
        make_run(tmp_path, number, options, **outcome)
    make_run(tmp_path, 2, ["seed=0", "optimizer.lr=9"], state="failed", error="the training diverged")
    make_run(tmp_path, 3, ["seed=0", "optimizer.lr=8"])  # killed before it wrote anything
    (tmp_path / "notes").mkdir()
    return tmp_path


def test_the_table_has_every_run_once_and_the_best_first(sweep: Path, capsys: pytest.CaptureFixture) -> None:
    sweep_table.write_table(sweep)
    with open(sweep / "sweep.csv") as file:
        rows = [*csv.DictReader(file)]
    assert [row["run"] for row in rows] == ["1", "10", "0", "2", "3"]
    assert [row["state"] for row in rows] == ["finished"] * 3 + ["failed", "running"]
    assert json.loads((sweep / "sweep.json").read_text())[0]["minutes"] == 1.5
    said = capsys.readouterr().out.splitlines()
    columns = ["run", "optimizer.lr", "model", "state", "objective", "val/mse", "val/psnr", "steps", "minutes", "error"]
    assert said[0].strip("| ").split(" | ") == columns
    assert said[2] == "| 1 | 0.1 | a/b | finished | 10 | 10 | 25 | 7 | 1.5 |  |"
    assert "diverged" in said[5]
    assert (sweep / "sweep.png").stat().st_size > 1000


def test_what_is_the_same_in_all_runs_is_left_out() -> None:
    given = {"0": ["a=1", "b=2", "c=3"], "1": ["a=1", "b=3"]}
    assert sweep_table.swept_of(given) == ["b", "c"]


def test_an_option_that_is_taken_away_is_one_without_a_value(tmp_path: Path) -> None:
    make_run(tmp_path, 0, ["seed=0", "~callbacks.pictures"])
    make_run(tmp_path, 1, ["seed=1", "~callbacks.pictures"])
    assert [row["seed"] for row in sweep_table.rows_of(tmp_path)] == ["0", "1"]
    assert sweep_table.swept_of({"0": ["~logger"], "1": ["seed=0"]}) == ["~logger", "seed"]


def test_the_command(sweep: Path, tmp_path: Path) -> None:
    status, out, _ = here(lambda: sweep_table.main(), str(sweep))
    assert status == 0 and "| 1 | 0.1 |" in out


@pytest.mark.parametrize("given", [(), ("/no/such/folder",)])
def test_a_folder_without_runs_is_refused(given: tuple[str, ...]) -> None:
    status, _, error = here(sweep_table.main, *given)
    assert status == 2 and error.count("\n") == 1 and "folder" in error


def test_a_sweep_that_fails_has_its_table_all_the_same(sweep: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(RuntimeError), sweep_table.ended_by_a_table():
        sweep_table.begin_table(sweep)
        raise RuntimeError
    assert "| 1 | 0.1 |" in capsys.readouterr().out


def test_without_matplotlib_there_is_no_plot(sweep: Path, monkeypatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    sweep_table.write_table(sweep)
    assert "pip install '.[sweep]'" in capsys.readouterr().err and not (sweep / "sweep.png").exists()
