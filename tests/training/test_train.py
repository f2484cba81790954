import time
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from temporal_colorize.inference.weights import load_weights
from tests.support.program import run, start

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
    folder = tmp_path_factory.mktemp("whole run")
    result = run("train.py", *QUICK, f"output={folder}", f"hydra.run.dir={folder.parent / 'hydra'}")
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
    arguments = [*QUICK, f"output={tmp_path}", f"hydra.run.dir={tmp_path / 'hydra'}"]
    process = start("train.py", *arguments)
    while process.poll() is None and not last.exists():
        time.sleep(0.02)
    process.kill()
    process.wait()
    interrupted_at = torch.load(last, map_location="cpu", weights_only=True)["global_step"]
    assert interrupted_at < 18, "the training ended before it could be killed"
    result = run("train.py", *arguments, f"resume={last}")
    assert result.returncode == 0, result.stderr
    whole = torch.load(uninterrupted / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True)
    parts = torch.load(last, map_location="cpu", weights_only=True)
    assert parts["global_step"] == whole["global_step"] == 18
    torch.testing.assert_close(parts["state_dict"], whole["state_dict"], rtol=0, atol=0)
    torch.testing.assert_close(parts["optimizer_states"], whole["optimizer_states"], rtol=0, atol=0)
    exported, expected = (load_file(folder / "weights.safetensors") for folder in (tmp_path, uninterrupted))
    torch.testing.assert_close(exported, expected, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("model=unet99",), ("model/unet99", "convlstm")),
        (("data.root=/no/such/folder",), ("data.root=/no/such/folder",)),
        (("loss.sharpness=1",), ("loss.sharpness",)),
        (("resume=gone.ckpt",), ("resume=gone.ckpt",)),
        (("weights=gone",), ("weights=gone", "convlstm")),
        (("model.encoder=vgg",), ("encoder=vgg", "lite0")),
        (("model=tiny", "model.classify=false"), ("loss.classification=0",)),
        (("data.size=100",), ("data.size=100", "32")),
    ],
)
def test_a_bad_option_ends_with_one_line(arguments: tuple[str, ...], words: tuple[str, ...], tmp_path: Path) -> None:
    result = run("train.py", "experiment=smoke", f"hydra.run.dir={tmp_path}", f"output={tmp_path}", *arguments)
    said = [line for line in result.stderr.splitlines() if "error:" in line]
    assert result.returncode == 2, result.stderr
    assert len(said) == 1 and said[0].startswith("train.py: error: ")
    assert all(word in said[0] for word in words), said[0]
    assert "Traceback" not in result.stderr
