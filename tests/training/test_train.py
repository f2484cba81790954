import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from temporal_colorize import cli
from temporal_colorize.inference.weights import load_weights
from tests.support.program import here, run, start
from tests.support.videos import write_video

GRID = "grey, predicted, truth, confidence"
QUICK = (
    "experiment=smoke",
    "logger=csv",
    "trainer.max_epochs=3",
    "data.batches_an_epoch=6",
    "data.frames_a_batch=8",
    "trainer.enable_progress_bar=false",
)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    result = run("train.py", *QUICK, f"hydra.run.dir={folder}")
    assert result.returncode == 0, result.stderr
    return folder


def test_training_writes_weights_that_load(uninterrupted: Path) -> None:
    weights = load_weights(str(uninterrupted / "weights.safetensors"), architecture="convlstm")
    assert weights.net.config["encoder"] == "residual"
    assert weights.log_weights.std() > 0
    with safe_open(uninterrupted / "weights.safetensors", framework="pt") as file:
        assert file.metadata()["steps"] == "18"


def test_training_leaves_curves_and_pictures(uninterrupted: Path) -> None:
    curves = (uninterrupted / "csv" / "metrics.csv").read_text().splitlines()
    assert {"val/mse", "val/mae", "train/classification", "train/regression"} <= set(curves[0].split(","))
    assert (uninterrupted / "pictures" / "latest.png").stat().st_size > 1000
    assert {"best.ckpt", "last.ckpt"} == {path.name for path in (uninterrupted / "checkpoints").iterdir()}


def test_a_killed_and_resumed_training_equals_an_uninterrupted_one(uninterrupted: Path, tmp_path: Path) -> None:
    last = tmp_path / "checkpoints" / "last.ckpt"
    process = start("train.py", *QUICK, f"hydra.run.dir={tmp_path}")
    while process.poll() is None and not last.exists():
        time.sleep(0.02)
    process.kill()
    process.wait()
    interrupted_at = torch.load(last, map_location="cpu", weights_only=True)["global_step"]
    assert interrupted_at < 18, "the training ended before it could be killed"
    result = run("train.py", *QUICK, f"resume={last}")  # goes on in the checkpoint's own folder
    assert result.returncode == 0, result.stderr
    whole = torch.load(uninterrupted / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True)
    parts = torch.load(last, map_location="cpu", weights_only=True)
    assert parts["global_step"] == whole["global_step"] == 18
    torch.testing.assert_close(parts["state_dict"], whole["state_dict"], rtol=0, atol=0)
    torch.testing.assert_close(parts["optimizer_states"], whole["optimizer_states"], rtol=0, atol=0)
    exported, expected = (load_file(folder / "weights.safetensors") for folder in (tmp_path, uninterrupted))
    torch.testing.assert_close(exported, expected, rtol=0, atol=0)


def test_a_preempted_training_goes_on_in_the_middle_of_an_epoch(uninterrupted: Path, tmp_path: Path) -> None:
    last = tmp_path / "checkpoints" / "last.ckpt"
    given = (*QUICK, "data.workers=1", f"hydra.run.dir={tmp_path}")
    process = start("train.py", *given)
    while process.poll() is None and not last.exists():
        time.sleep(0.02)
    process.terminate()
    assert process.wait() == 75
    step = torch.load(last, map_location="cpu", weights_only=True)["global_step"]
    assert step in (7, 13), "one step after a validation"
    assert json.loads((tmp_path / "run.json").read_text())["state"] == "preempted"
    result = run("train.py", *given)
    assert result.returncode == 0, result.stderr
    whole, parts = (
        torch.load(folder / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True)
        for folder in (uninterrupted, tmp_path)
    )
    torch.testing.assert_close(parts["state_dict"], whole["state_dict"], rtol=0, atol=0)
    torch.testing.assert_close(parts["optimizer_states"], whole["optimizer_states"], rtol=0, atol=0)
    records = [json.loads((folder / "run.json").read_text()) for folder in (uninterrupted, tmp_path)]
    assert records[0]["objective"] == records[1]["objective"] and records[1]["state"] == "finished"
    weights = tmp_path / "weights.safetensors"
    written = weights.stat().st_mtime_ns
    again = run("train.py", *given)
    assert again.returncode == 0 and "is finished" in again.stdout and weights.stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("model=unet99",), ("model/unet99", "convlstm")),
        (("data.root=/no/such/folder",), ("data.root=/no/such/folder",)),
        (("loss.sharpness=1",), ("loss.sharpness",)),
        (("resume=gone.ckpt",), ("resume=gone.ckpt",)),
        (("weights=gone",), ("weights=gone", "convlstm")),
        (("model.encoder=vgg",), ("encoder=vgg", "lite0")),
        (("loss.distance=cubic",), ("loss.distance=cubic", "smooth_l1")),
        (("data.size=100",), ("data.size=100", "32")),
        (("data.batches_an_epoch=0",), ("data.batches_an_epoch=0",)),
        (("trainer.max_epochs=-1",), ("trainer.max_epochs",)),
        (("trainer.max_epochs=0",), ("trainer.max_epochs=0", "1 or more")),
        (("trainer.max_steps=0",), ("trainer.max_steps=0", "1 or more")),
        (("sweep=rates",), ("sweep=rates", "-m")),
        (("sweep=search",), ("sweep=search", "-m")),
        (("loss.uniform=2",), ("loss.uniform=2",)),
        (("loss.prior=gone.csv",), ("gone.csv", "data_prep.prior")),
        (("loss.hint_full=0.8", "loss.hint_sparse=0.8"), ("hint_full + hint_sparse",)),
        ((f"resume={__file__}",), ("test_train.py", "checkpoint")),
        (("output=/proc/nowhere",), ("output=/proc/nowhere",)),
    ],
)
def test_a_bad_option_ends_with_one_line(
    arguments: tuple[str, ...], words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """In this process, by `train`'s own door, since starting one costs seconds."""
    given = ["experiment=smoke", "data.workers=0", "logger=csv", f"hydra.run.dir={tmp_path}", *arguments]
    monkeypatch.setattr(sys, "argv", ["train.py", *given])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit_:
        cli.train()
    said = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert exit_.value.code == 2
    assert len(said) == 1 and said[0].startswith("train.py: error: ")
    assert all(word in said[0] for word in words), said[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-m", "experimant=smoke"], "experimant is no option; did you mean experiment?"),
        (["--multirun", "model=cnn,convlstm", "los.sharp=1,2"], "los.sharp is no option"),
        (
            ["experiment=smoke", "trainer.max_epocs=1,2", "-m"],
            "max_epocs is no option; did you mean trainer.max_epochs?",
        ),
        (["-m", "smoke"], "'smoke' is no option: write name=value"),
        (["-m", "model=convlstm,unet99"], "model/unet99"),
    ],
)
def test_a_bad_option_of_a_sweep_ends_with_one_line_before_any_run(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, error = here(cli.train, *arguments, f"hydra.sweep.dir={tmp_path}")
    assert status == 2 and said in error and error.startswith("program.py: error: ") and error.count("\n") == 1
    assert not out and not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_a_bad_option_from_the_shell(tmp_path: Path) -> None:
    result = run("train.py", "model=unet99", f"hydra.run.dir={tmp_path}")
    assert result.returncode == 2
    assert result.stderr.startswith("train.py: error: ") and result.stderr.count("\n") == 1


def test_tensorboard_gets_curves_and_the_picture_grid(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    arguments = [argument for argument in QUICK if not argument.startswith(("logger", "trainer.max"))]
    # By the wrong end of its measure, the best checkpoint is soon not the last one.
    more = ("trainer.max_epochs=2", "trainer.log_every_n_steps=2", "callbacks.best.mode=max", "optimizer.lr=0.02")
    result = run("train.py", *arguments, *more, f"hydra.run.dir={tmp_path}")
    assert result.returncode == 0, result.stderr
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    scalars = set(events.Tags()["scalars"])
    scores = {"mse", "mae", "auc", "psnr", "colourfulness", "colourfulness_true"}
    assert {f"val/{name}" for name in {*scores, "loss", "classification", "regression"}} <= scalars
    assert {"train/loss", "train/classification"} <= scalars and any(name.startswith("lr-") for name in scalars)
    assert events.Tags()["images"] == [GRID]
    shown = events.Images(GRID)
    assert len({one.step for one in shown}) == len(shown) >= 2  # after every validation
    grid = cv2.imdecode(np.frombuffer(shown[-1].encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(grid, cv2.imread(str(tmp_path / "pictures" / "latest.png")))
    grey, _, _, confidence = np.split(grid[:64, : 4 * 64].astype(int), 4, axis=1)
    assert np.ptp(grey, axis=-1).max() <= 2 and np.ptp(confidence, axis=-1).min() > 20  # viridis has no grey
    last = torch.load(tmp_path / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True)
    assert last["global_step"] == 12, "the last checkpoint is written whether or not it is the best"


def test_a_sweep_runs(tmp_path: Path) -> None:
    arguments = [argument for argument in QUICK if not argument.startswith("trainer.max")]
    result = run("train.py", "-m", *arguments, "trainer.max_epochs=1", "seed=0,1", f"hydra.sweep.dir={tmp_path}")
    assert result.returncode == 0, result.stderr
    assert all((tmp_path / job / "weights.safetensors").is_file() for job in ("0", "1"))


def test_weights_and_biases_offline(tmp_path: Path) -> None:
    result = run("train.py", *QUICK, "logger=wandb", "trainer.max_epochs=1", "trainer.log_every_n_steps=1",
                 f"hydra.run.dir={tmp_path}",
                 env={"WANDB_MODE": "offline", "WANDB_SILENT": "true"})  # fmt: skip
    assert result.returncode == 0, result.stderr
    (log,) = (tmp_path / "wandb").glob("offline-run-*/*.wandb")
    content = log.read_bytes()
    assert all(name in content for name in (b"train/mse", b"train/mae", b"val/mse", b"val/mae", b"val/auc", b"lr-"))
    grids = sorted(log.parent.glob(f"files/media/images/{GRID}*.png"), key=lambda path: path.stat().st_mtime_ns)
    latest = cv2.imread(str(tmp_path / "pictures" / "latest.png"))
    np.testing.assert_array_equal(cv2.imread(str(grids[-1])), latest)


def test_a_published_network_by_the_same_commands(tmp_path: Path) -> None:
    """One without bins, of single frames, at full resolution: unet5, narrow."""
    result = run("train.py", *QUICK, "model=unet5", "model.widths=[8,8,8]", "optimizer=adam", "trainer.max_epochs=1",
                 "inference.size=64", f"hydra.run.dir={tmp_path}")  # fmt: skip
    assert result.returncode == 0, result.stderr
    write_video(tmp_path / "a.mp4", count=3)
    weights = tmp_path / "weights.safetensors"
    assert load_weights(str(weights)).size == 64
    result = run("infer.py", f"video={tmp_path / 'a.mp4'}", f"weights={weights}", "model=unet5")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "a.color.mp4").is_file()
    refused = run("infer.py", f"video={tmp_path / 'a.mp4'}", f"weights={weights}", "vividness=0.5")
    assert refused.returncode == 2 and "vividness needs a network with bins" in refused.stderr
