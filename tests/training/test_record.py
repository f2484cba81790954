from pathlib import Path

import pytest

from temporal_colorize.training.record import Run, begin, named_options

OPTIONS = {"optimizer.lr": 1e-3, "data.size": [64, 96]}


def checkpoint_in(folder: Path) -> Path:
    path = folder / "checkpoints" / "last.ckpt"
    path.parent.mkdir()
    path.touch()
    return path


def test_what_says_where_and_not_what_is_left_out() -> None:
    config = {"data": {"size": 64, "workers": 3}, "trainer": {"devices": 2, "max_epochs": 3}, "output": "a", "seed": 0}
    assert named_options(config) == {"data.size": 64, "trainer.max_epochs": 3, "seed": 0}


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    run = Run(OPTIONS, state="finished", objective=3.5, monitor="val/mse", scores={"val/mse": 4.0}, steps=7)
    run.write(tmp_path)
    assert Run.read(tmp_path) == run
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_record_that_was_cut_off_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"options": {')
    assert Run.read(tmp_path) is None


def test_a_new_folder_begins_anew(tmp_path: Path) -> None:
    assert begin(tmp_path, OPTIONS, resume="auto") == (Run(OPTIONS), None)


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    Run(OPTIONS, state="preempted", seconds=5.0).write(tmp_path)
    path = checkpoint_in(tmp_path)
    assert begin(tmp_path, OPTIONS, resume="auto") == (Run(OPTIONS, seconds=5.0), str(path))


def test_a_finished_run_is_given_back(tmp_path: Path) -> None:
    done = Run(OPTIONS, state="finished", objective=3.5)
    done.write(tmp_path)
    assert begin(tmp_path, OPTIONS, resume="auto") == (done, None)


@pytest.mark.parametrize("resume", [None, False, "off"])
def test_off_throws_away_what_there_is_to_go_on_from(tmp_path: Path, resume: object) -> None:
    Run({"optimizer.lr": 9.0}, state="preempted").write(tmp_path)
    path = checkpoint_in(tmp_path)
    assert begin(tmp_path, OPTIONS, resume=resume) == (Run(OPTIONS), None)
    assert not path.exists()


@pytest.mark.parametrize("state", ["running", "preempted", "finished"])
def test_another_run_is_not_gone_on_with(tmp_path: Path, state: str) -> None:
    Run(OPTIONS | {"optimizer.lr": 0.01}, state=state).write(tmp_path)
    path = checkpoint_in(tmp_path)
    with pytest.raises(ValueError, match=r"optimizer.lr=0.001: .* was 0.01 there.*hydra.run.dir.*resume=off"):
        begin(tmp_path, OPTIONS, resume="auto")
    assert path.exists()


def test_a_run_that_kept_no_checkpoint_gives_its_folder_to_another(tmp_path: Path) -> None:
    Run(OPTIONS | {"optimizer.lr": 0.01}, state="failed").write(tmp_path)
    assert begin(tmp_path, OPTIONS, resume="auto") == (Run(OPTIONS), None)


def test_a_checkpoint_of_unknown_options_is_not_written_over(tmp_path: Path) -> None:
    checkpoint_in(tmp_path)
    with pytest.raises(ValueError, match="not known"):
        begin(tmp_path, OPTIONS, resume="auto")


def test_a_checkpoint_that_is_named_counts_whatever_the_folder_holds(tmp_path: Path) -> None:
    Run({"optimizer.lr": 9.0}, state="finished").write(tmp_path)
    assert begin(tmp_path, OPTIONS, resume="other.ckpt")[1] == "other.ckpt"
