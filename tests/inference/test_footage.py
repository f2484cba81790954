from pathlib import Path

import pytest

from temporal_colorize.inference.footage import find_footage, is_many
from temporal_colorize.video import VideoError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names = [
        "a.mp4",
        "a.color.mp4",
        "a.color.2.mp4",
        "a.color.mp4.sheet.png",
        "b.mkv.sheet.png",
        "a.color.2.mp4.sheet.png",
        "a.confidence.mp4",
        "own.confidence.mp4",
        "b.avi",
        "b.mkv",
        "notes.txt",
        "north/c.ts",
        "north/deep/d.jpg",
        ".hidden/e.mp4",
    ]
    for name in [*names, "a.color.2.mp4", "north/own.color.mp4", "odd [1].mp4"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def shown(video: str | list[str]) -> list[str]:
    return [str(item.shown) for item in find_footage(video)]


def test_a_folder_is_everything_in_it_but_our_own_outputs(folder: Path) -> None:
    expected = [
        "a.mp4", "b.avi", "b.mkv", "north/c.ts", "north/deep/d.jpg", "north/own.color.mp4", "odd [1].mp4",
        "own.confidence.mp4",
    ]  # fmt: skip
    assert shown(str(folder)) == expected


def test_patterns(folder: Path) -> None:
    assert shown(f"{folder}/*.mp4") == ["a.mp4", "odd [1].mp4", "own.confidence.mp4"]
    assert shown(f"{folder}/**/*.mp4") == ["a.mp4", "north/own.color.mp4", "odd [1].mp4", "own.confidence.mp4"]
    assert shown(f"{folder}/*/c.t?") == ["north/c.ts"]
    assert shown(f"{folder}/notes.*") == ["notes.txt"]  # named outright: it will fail by itself


def test_several(folder: Path) -> None:
    expected = ["a.mp4", "north/c.ts", "north/deep/d.jpg", "north/own.color.mp4"]
    assert shown([f"{folder}/a.mp4", f"{folder}/north", f"{folder}/a.mp4"]) == expected


def test_outputs_of_several_folders_do_not_meet(tmp_path: Path) -> None:
    for name in ("cam1/x.mp4", "cam2/x.mp4", "cam2/x.mp4.mkv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_footage([str(tmp_path / "cam1"), str(tmp_path / "cam2" / "x.mp4"), str(tmp_path / "cam2")])
    assert [str(item.output(Path("out"))) for item in found] == [
        "out/cam1/x.color.*", "out/cam2/x.color.*", "out/cam2/x.mp4.color.*",
    ]  # fmt: skip


def test_a_stem_that_is_another_s_name(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.avi", "a.mp4.mkv"):
        (tmp_path / name).touch()
    outputs = {item.output(None) for item in find_footage(str(tmp_path))}
    assert len(outputs) == 3


def test_an_output_folder_inside_is_not_searched(folder: Path) -> None:
    (folder / "done").mkdir()
    (folder / "done" / "a.color.mp4").touch()
    shown_with = [str(item.shown) for item in find_footage(str(folder), str(folder / "done"))]
    assert "done/a.color.mp4" not in shown_with and "a.mp4" in shown_with
    assert [str(item.shown) for item in find_footage(str(folder), str(folder))] == shown(str(folder))


def test_what_is_one_file(folder: Path) -> None:
    assert not is_many(f"{folder}/a.mp4") and not is_many(f"{folder}/odd [1].mp4") and not is_many("nowhere.mp4")
    assert is_many(str(folder)) and is_many(f"{folder}/*.mp4") and is_many([f"{folder}/a.mp4"])


def test_outputs_do_not_meet(folder: Path) -> None:
    outputs = {item.source.name: item.output(None) for item in find_footage(str(folder))}
    assert outputs["a.mp4"] == folder / "a.color.*"
    assert outputs["b.avi"] == folder / "b.avi.color.*" and outputs["b.mkv"] == folder / "b.mkv.color.*"
    assert outputs["c.ts"] == folder / "north/c.color.*"
    elsewhere = {item.source.name: item.output(Path("out")) for item in find_footage(str(folder))}
    assert elsewhere["c.ts"] == Path("out/north/c.color.*")


def test_outputs_of_colliding_stems_are_ours_the_next_time(folder: Path) -> None:
    (folder / "b.avi.color.mp4").write_bytes(b"x")
    assert "b.avi.color.mp4" not in shown(str(folder))


@pytest.mark.parametrize("name", ["empty", "*.mp5"])
def test_nothing_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(VideoError, match="no videos or pictures"):
        find_footage(f"{tmp_path}/{name}")


def test_a_large_folder_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(50):
        (tmp_path / f"{number}.mp4").touch()
        (tmp_path / f"{number}.color.mp4").touch()
    listed, iterdir = [], Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda folder: [listed.append(folder), *iterdir(folder)][1:])
    assert len(find_footage(str(tmp_path))) == 50 and listed.count(tmp_path) == 1
