"""verify.py as a user runs it, and infer.py run twice."""

import json
from pathlib import Path

import pytest

from tests.support.networks import tiny_weights_file
from tests.support.program import run
from tests.support.videos import write_video

FAST = ("inference.size=64", "progress=false", "segment=10", "encoder.preset=ultrafast")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with sound, and two colourings of it, a.mp4 and a.mkv, from two processes each."""
    folder = tmp_path_factory.mktemp("verify")
    write_video(folder / "clip.mp4", count=24, audio="aac")
    weights = tiny_weights_file(folder)
    for name in ("a", "b"):
        for suffix in ("mp4", "mkv"):
            output = folder / f"{name}.{suffix}"
            encoder = "encoder=lossless" if suffix == "mkv" else "mark=true"
            arguments = (f"video={folder / 'clip.mp4'}", f"weights={weights}", f"output={output}", encoder)
            done = run("infer.py", *arguments, *FAST)
            assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_two_runs_give_the_same_file(folder: Path, suffix: str) -> None:
    """Byte for byte, so frame by frame as well."""
    one, other = ((folder / f"{name}.{suffix}").read_bytes() for name in "ab")
    assert one == other
    records = [json.loads((folder / f"{name}.{suffix}.json").read_text()) for name in "ab"]
    for record in records:
        record["run"] = record["output"]["name"] = record["config"]["output"] = record["done"].pop("notes", None)
    assert records[0] == records[1]


def test_the_record_names_what_ran(folder: Path) -> None:
    record = json.loads((folder / "a.mkv.json").read_text())
    assert record["computed"]["runtime"] in ("openvino", "torch") and record["computed"]["precision"] != "auto"
    assert record["config"]["segment"] == 10 and record["config"]["encoder"]["lossless"] is True
    assert record["encoder"] == {"codec": "libx264", "options": {**record["encoder"]["options"]}, "lossless": True}
    assert record["frames"]["runs"] == [{"frame": 0, "count": 24, "picture": 0, "moved": 0, "damaged": False}]


def test_nothing_differs(folder: Path) -> None:
    done = run("verify.py", str(folder / "a.mkv"))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["output", "ok"], ["source", "ok"], ["weights", "ok"], ["signature", "not checked"], ["frames", "ok"],
        ["luma", "ok"],
    ]  # fmt: skip


def test_with_loss_and_a_name_with_an_equals_sign(folder: Path) -> None:
    odd = folder / "a = b.mp4"
    odd.write_bytes((folder / "a.mp4").read_bytes())
    done = run("verify.py", str(odd), f"record={folder / 'a.mp4.json'}")
    assert done.returncode == 0 and "luma: not checked: a = b.mp4 was encoded with loss" in done.stdout, done.stderr


def test_something_differs(folder: Path) -> None:
    (folder / "c.mkv").write_bytes((folder / "a.mkv").read_bytes() + b"\0")
    done = run("verify.py", f"output={folder / 'c.mkv'}", f"record={folder / 'a.mkv.json'}")
    assert done.returncode == 1 and done.stdout.startswith("output: DIFFERS: c.mkv has SHA-256 ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["clip.mp4"], "run infer.py again"),
        (["gone.mp4"], "there is no such file"),
        (["a.mkv", "source=gone.mp4"], "source=gone.mp4"),
        (["a.mkv", "weights=gone"], "weights=gone"),
        (["record=a.mkv.json"], "output is missing"),
        (["a.mkv", "colour=red"], "colour"),
        ([], ""),
    ],
)
def test_bad_input_is_one_line(folder: Path, arguments: list[str], said: str) -> None:
    done = run("verify.py", *arguments, folder=folder)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == bool(arguments)
