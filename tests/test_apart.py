"""No file that infer.py or ask.py reads is written over, whatever option names it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from temporal_colorize import cli
from tests.support.networks import tiny_weights_file
from tests.support.program import here

FAST = ("inference.size=64", "runtime=torch", "progress=false")
HINTS = '[{"frame": 0, "mask": "mask.png", "color": [20, 30]}]'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tiny_weights_file(tmp_path)
    for name in ("photo.png", "mask.png", "day.png"):
        cv2.imwrite(str(tmp_path / name), np.random.default_rng(0).integers(1, 256, (64, 64, 3), np.uint8))
    (tmp_path / "photo.color.png.json").write_text(HINTS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["record=photo.png"], "record=photo.png has the name of a video or a picture"),
        (["report=photo.png"], "report=photo.png has the name of a video or a picture"),
        (["confidence=photo.png"], "confidence=photo.png would be written over video="),
        (["sheet=photo.png"], "sheet=photo.png would be written over video="),
        (["sheet=photo.color.png"], "sheet=photo.color.png would be written over output="),
        (["sheet=sheet.gif"], "sheet=sheet.gif: end the name in .png or .jpg"),
        (["video=[photo.png,day.png]", "sheet=one.png"], "sheet=one.png is one file: with many videos, sheet=true"),
        (["variants=2", "sheet=one.png"], "sheet=one.png is one file, and variants=2 have one each: sheet=true"),
        (["output=photo.png"], "output=photo.png would be written over video="),
        (["output=mask.png", "hints=photo.color.png.json", "record=false"], "output=mask.png would be written over"),
        (["hints=photo.color.png.json"], "record=photo.color.png.json would be written over hints="),
        (["hints=day.png", "confidence=day.png"], "confidence=day.png would be written over hints="),
        (["reference=[day.png]", "report=day.png"], "report=day.png has the name of a video or a picture"),
        (["report=tiny.safetensors"], "report=tiny.safetensors would be written over weights="),
        (["record=photo.color.png"], "record=photo.color.png has the name of a video or a picture"),
        (["record=both.json", "report=both.json"], "record=both.json would be written over report="),
        (["video=[photo.png,day.png]", "output=into", "report=day.png"], "report=day.png has the name of a video"),
        (["video=[photo.png,day.png]", "report=tiny.safetensors"], "would be written over weights="),
    ],
)
def test_infer_refuses_it_and_leaves_everything_as_it_was(folder: Path, arguments: list[str], said: str) -> None:
    before = contents(folder)
    status, _, errors = here(cli.infer, "video=photo.png", "weights=tiny.safetensors", *FAST, *arguments)
    assert status == 2 and said in errors and errors.count("\n") == 1, errors
    assert contents(folder) == before


@pytest.mark.parametrize("option", ["output", "picture"])
def test_ask_refuses_it(folder: Path, option: str) -> None:
    before = contents(folder)
    for name, read in (("photo.png", "video"), ("tiny.safetensors", "weights")):
        given = ["video=photo.png", "weights=tiny.safetensors", *FAST[:2], "box=0,0,32,32", f"{option}={name}"]
        if option == "output" or read == "video":
            status, _, errors = here(cli.ask, *given)
            assert status == 2 and f"{option}={name} would be written over {read}=" in errors
    assert contents(folder) == before


def test_no_record_asked_for_is_the_usual_one(folder: Path) -> None:
    (folder / "photo.color.png.json").unlink()
    status, _, errors = here(cli.infer, "video=photo.png", "weights=tiny.safetensors", *FAST, "record=null")
    assert status == 0, errors
    assert (folder / "photo.color.png.json").is_file() and not (folder / "None").exists()
