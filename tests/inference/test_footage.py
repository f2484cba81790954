from pathlib import Path

import pytest

from temporal_colorize.inference.footage import find_footage, is_many
from temporal_colorize.video import VideoError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names = ["a.mp4", "a.color.mp4", "b.avi", "b.mkv", "notes.txt", "north/c.ts", "north/deep/d.jpg", ".hidden/e.mp4"]
    for name in [*names, "north/own.color.mp4", "odd [1].mp4"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def shown(video: str | list[str]) -> list[str]:
    return [str(item.shown) for item in find_footage(video)]


def test_a_folder_is_everything_in_it_but_our_own_outputs(folder: Path) -> None:
    expected = ["a.mp4", "b.avi", "b.mkv", "north/c.ts", "north/deep/d.jpg", "north/own.color.mp4", "odd [1].mp4"]
    assert shown(str(folder)) == expected


def test_patterns(folder: Path) -> None:
    assert shown(f"{folder}/*.mp4") == ["a.mp4", "odd [1].mp4"]
    assert shown(f"{folder}/**/*.mp4") == ["a.mp4", "north/own.color.mp4", "odd [1].mp4"]
    assert shown(f"{folder}/*/c.t?") == ["north/c.ts"]
    assert shown(f"{folder}/notes.*") == ["notes.txt"]  # named outright: it will fail by itself


def test_several(folder: Path) -> None:
    assert shown([f"{folder}/a.mp4", f"{folder}/north", f"{folder}/a.mp4"]) == ["a.mp4", "c.ts", "deep/d.jpg",
                                                                                "own.color.mp4"]  # fmt: skip


def test_what_is_one_file(folder: Path) -> None:
    assert not is_many(f"{folder}/a.mp4") and not is_many(f"{folder}/odd [1].mp4") and not is_many("nowhere.mp4")
    assert is_many(str(folder)) and is_many(f"{folder}/*.mp4") and is_many([f"{folder}/a.mp4"])


def test_outputs_do_not_meet(folder: Path) -> None:
    outputs = {item.source.name: item.output(None, ".mp4") for item in find_footage(str(folder))}
    assert outputs["a.mp4"] == folder / "a.color.mp4"
    assert outputs["b.avi"] == folder / "b.avi.color.mp4" and outputs["b.mkv"] == folder / "b.mkv.color.mp4"
    assert outputs["c.ts"] == folder / "north/c.color.mp4"
    elsewhere = {item.source.name: item.output(Path("out"), ".mp4") for item in find_footage(str(folder))}
    assert elsewhere["c.ts"] == Path("out/north/c.color.mp4")


def test_outputs_of_colliding_stems_are_ours_the_next_time(folder: Path) -> None:
    (folder / "b.avi.color.mp4").write_bytes(b"x")
    assert "b.avi.color.mp4" not in shown(str(folder))


@pytest.mark.parametrize("name", ["empty", "*.mp5"])
def test_nothing_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(VideoError, match="no videos or pictures"):
        find_footage(f"{tmp_path}/{name}")
