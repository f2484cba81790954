"""ask.py as a user runs it."""

import hashlib
import json
import subprocess
from importlib.metadata import version
from pathlib import Path

import cv2
import pytest

from temporal_colorize.color.names import TERMS
from temporal_colorize.config.asking import parse_box, parse_time
from tests.support.networks import tiny_weights_file
from tests.support.program import run
from tests.support.videos import write_video


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ask")
    tiny_weights_file(folder)
    write_video(folder / "Cam 3, 2024=05.mp4", count=20)
    return folder


def ask(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    fast = ("inference.size=64", "runtime=torch", f"weights={folder / 'tiny.safetensors'}")
    return run("ask.py", *fast, *arguments)


def test_text_json_and_a_picture(folder: Path) -> None:
    video, answer, picture = folder / "Cam 3, 2024=05.mp4", folder / "a.json", folder / "a.png"
    result = ask(folder, f"video={video}", "at=00:00:00.4", "box=32,24,48,40", f"output={answer}", f"picture={picture}")
    assert result.returncode == 0, result.stderr
    said = json.loads(answer.read_text())
    assert said["at"] == 0.4 and said["box"] == [32, 24, 48, 40] and said["frames"] >= 1
    assert {one["name"] for one in said["names"]} == set(TERMS)
    for name, path in {"video": video, "weights": folder / "tiny.safetensors"}.items():
        assert said["files"][name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert said["computed"]["runtime"] == "torch" and said["surroundings"]["packages"]["torch"] == version("torch")
    assert said["config"]["box"] == "32,24,48,40"
    first = said["names"][0]
    assert f"{100 * first['probability']:.0f} %  {first['name']}" in result.stdout
    assert result.stdout.rstrip().endswith("not evidence of the true colours.")
    assert cv2.imread(str(picture)) is not None
    again = ask(folder, f"video={video}", "at=00:00:00.4", "box=32,24,48,40", "json=true")
    printed = json.loads(again.stdout)
    assert again.returncode == 0 and {**printed, "config": None} == {**said, "config": None}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["at=0.4", "box=0,0,9000,40"], "box=0,0,9000,40 is not inside the picture"),
        (["at=noon", "box=0,0,40,40"], "at=noon is no time"),
    ],
)
def test_refusals_are_one_line_and_status_2(folder: Path, arguments: list[str], complaint: str) -> None:
    result = ask(folder, f"video={folder / 'Cam 3, 2024=05.mp4'}", *arguments)
    assert result.returncode == 2 and complaint in result.stderr
    assert result.stderr.startswith("ask.py: error: ") and result.stderr.count("\n") == 1


def test_infrared_is_an_option(folder: Path) -> None:
    result = ask(folder, f"video={folder / 'Cam 3, 2024=05.mp4'}", "at=0.4", "box=32,24,48,40", "infrared=perhaps")
    assert result.returncode == 2 and "infrared=perhaps" in result.stderr


def test_nothing_asked_is_helped() -> None:
    assert run("ask.py").returncode == 2 and "box=320,180,80,160" in run("ask.py", "--help").stdout
    result = run("ask.py", "at=1")
    assert result.returncode == 2 and "video is missing" in result.stderr


def test_times_are_read() -> None:
    assert [parse_time(at) for at in ("12.4s", "12.4", 12.4, "00:00:12.4", "1:02:03", "2:03.5", None)] == [
        12.4, 12.4, 12.4, 12.4, 3723, 123.5, None,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="at=1:2:3:4 is no time"):
        parse_time("1:2:3:4")


def test_boxes_are_read() -> None:
    assert parse_box("320,180,80,160") == parse_box("[320, 180, 80, 160]") == (320, 180, 80, 160)
    for wrong in ("1,2,3", "a,b,c,d", "1.5,2,3,4"):
        with pytest.raises(ValueError, match=f"box={wrong} must be left, top, width, height"):
            parse_box(wrong)
    with pytest.raises(ValueError, match="box is missing"):
        parse_box(None)
