"""Two processes as a user starts them: by train.py itself, and by torchrun."""

import csv
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from temporal_colorize.inference.weights import load_weights
from tests.support.program import ENVIRONMENT, ROOT, run, start
from tests.training.test_train import QUICK

DDP = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "trainer.precision=32-true",
       "trainer.max_epochs=2", "trainer.log_every_n_steps=1", "data.global_batch=32")  # fmt: skip


def launched(launcher: str, folder: Path) -> subprocess.CompletedProcess[str]:
    arguments = [*QUICK, *DDP, f"hydra.run.dir={folder}"]
    if launcher == "alone":
        return run("train.py", *arguments)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "train.py"]
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["alone", "torchrun"])
def test_two_processes_leave_what_one_leaves(launcher: str, tmp_path: Path) -> None:
    result = launched(launcher, tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    assert load_weights(str(tmp_path / "weights.safetensors"), architecture="convlstm")
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    last = torch.load(tmp_path / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True)
    assert last["global_step"] == 12
    assert not any("process_group" in name for name in last["state_dict"])
    with open(tmp_path / "csv" / "metrics.csv", newline="") as file:
        scored = [row["step"] for row in csv.DictReader(file) if row["val/mse"]]
    assert scored == ["5", "11"]  # written by one process


@pytest.mark.slow
def test_two_processes_that_are_preempted_go_on_together(tmp_path: Path) -> None:
    """Told by one of them, in the middle of an epoch, and of a step whose gradients are accumulated."""
    given = (*QUICK, *DDP[:-1], "data.global_batch=64")
    whole, parts = (tmp_path / name for name in ("whole", "parts"))
    assert run("train.py", *given, f"hydra.run.dir={whole}").returncode == 0
    process = start("train.py", *given, f"hydra.run.dir={parts}")
    last = parts / "checkpoints" / "last.ckpt"
    while process.poll() is None and not last.exists():
        time.sleep(0.02)
    process.terminate()
    assert process.wait() == 75
    stopped = torch.load(last, map_location="cpu", weights_only=True)
    assert (
        stopped["global_step"] in range(7, 12) and json.loads((parts / "run.json").read_text())["state"] == "preempted"
    )
    result = run("train.py", *given, f"hydra.run.dir={parts}")
    assert result.returncode == 0, result.stderr[-2000:]
    expected, ended = (
        torch.load(folder / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True)
        for folder in (whole, parts)
    )
    torch.testing.assert_close(ended["state_dict"], expected["state_dict"], rtol=0, atol=0)
    torch.testing.assert_close(ended["optimizer_states"], expected["optimizer_states"], rtol=0, atol=0)


def test_a_global_batch_that_cannot_be_divided_is_refused_in_a_line(tmp_path: Path) -> None:
    result = run("train.py", *QUICK, "data.global_batch=12", f"hydra.run.dir={tmp_path}")
    assert result.returncode == 2
    said = [line for line in result.stderr.splitlines() if "error:" in line]
    assert said == ["train.py: error: data.global_batch=12 must be a multiple of 8, of the batches of 1 device(s) "
                    "with data.frames_a_batch=8"]  # fmt: skip
