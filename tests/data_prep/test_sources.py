from pathlib import Path
from unicodedata import normalize

import pytest

from data_prep.sources import ADAPTERS, GROUPED, REGROUP, RawItem
from temporal_colorize.data.pictures import DataError
from tests.data_prep.raw import picture, save, save_video


def listed(kind: str, raw: Path) -> list[RawItem]:
    return list(REGROUP[GROUPED.get(kind, "file")](ADAPTERS[kind](raw)))


def test_human_detection_tells_cameras_by_their_look(tmp_path: Path) -> None:
    cameras = [picture(1), picture(2)]
    for number in range(12):
        frame = cameras[number % 2].copy()
        frame[40:60, 4 * number : 4 * number + 12] = 255  # somebody walks by
        save(tmp_path / "human detection dataset" / str(number // 6) / f"{number}.png", frame)
    items = listed("human-detection", tmp_path)
    assert [item.name for item in items] == [f"{number // 6}/{number}.png" for number in range(12)]
    assert [item.source for item in items] == ["0/0.png", "0/1.png"] * 6
    assert listed("human-detection", tmp_path / "human detection dataset") == items


def test_pairs_are_coloured_pictures_with_black_twins(tmp_path: Path) -> None:
    for name in ("train_black/1.jpg", "train_color/1.jpg", "train_color/2.jpg", "test_black/3.jpg", "test_color/4.jpg"):
        save(tmp_path / "data" / name, picture(0))
    (tmp_path / "data" / "test_black" / "3.jpg").rename(tmp_path / "data" / "test_black" / "4.jpg")
    save(tmp_path / "data" / "test_black" / "5.jpg", picture(0))
    found = {item.name: item for item in listed("paired", tmp_path)}
    faults = {name: item.fault for name, item in found.items()}
    assert faults == {
        "train_color/1.jpg": "",
        "train_color/2.jpg": "no black twin",
        "test_color/4.jpg": "",
        "test_color/5.jpg": "no coloured twin",
    }
    assert found["train_color/1.jpg"].black == tmp_path / "data" / "train_black" / "1.jpg"


def test_artworks_leave_the_resized_copies_out(tmp_path: Path) -> None:
    decomposed = normalize("NFD", "Albrecht_Dürer")  # as macOS unpacks it
    for name in (f"images/images/{decomposed}/{decomposed}_1.jpg", f"resized/resized/{decomposed}_1.jpg"):
        save(tmp_path / name, picture(0))
    save(tmp_path / "images" / "images" / "El_Greco" / "El_Greco_10.jpg", picture(1))
    save(tmp_path / "images" / "images" / "El_Greco" / "El_Greco_9.jpg", picture(2))
    (tmp_path / "artists.csv").write_text("id,name\n")
    names = [item.name for item in listed("artworks", tmp_path)]
    assert names == ["Albrecht_Dürer/Albrecht_Dürer_1.jpg", "El_Greco/El_Greco_9.jpg", "El_Greco/El_Greco_10.jpg"]


def test_pictures_of_a_folder(tmp_path: Path) -> None:
    for name in ("cam1/a.jpg", "cam1/._a.jpg", "cam1/b.PNG", "cam2/c.webp"):
        save(tmp_path / name, picture(0))
    (tmp_path / "notes.txt").write_text("no picture")
    items = listed("pictures", tmp_path)
    assert (
        [item.source for item in items] == [item.name for item in items] == ["cam1/a.jpg", "cam1/b.PNG", "cam2/c.webp"]
    )
    assert [item.source for item in REGROUP["folder"](items)] == ["cam1", "cam1", "cam2"]


def test_videos_of_a_folder(tmp_path: Path) -> None:
    for name in ("b/2.mkv", "b/10.mp4"):
        save_video(tmp_path / name, seed=0, count=2)
    save(tmp_path / "b" / "poster.jpg", picture(0))
    assert [(item.source, item.kind) for item in listed("videos", tmp_path)] == [
        ("b/2.mkv", "clip"),
        ("b/10.mp4", "clip"),
    ]


def test_frame_folders_are_clips(tmp_path: Path) -> None:
    for sequence in ("bear", "dog"):
        for size in ("480p", "Full-Resolution"):
            for number in (0, 1, 2):
                save(tmp_path / "JPEGImages" / size / sequence / f"{number:05d}.jpg", picture(0))
    save(tmp_path / "Annotations" / "480p" / "bear" / "00000.png", picture(0))
    items = listed("davis", tmp_path)
    assert [item.source for item in items] == ["bear", "dog"]
    assert [file.name for file in items[0].files] == ["00000.jpg", "00001.jpg", "00002.jpg"]
    assert {file.parts[-3] for item in items for file in item.files} == {"480p"}
    assert [item.name for item in listed("davis", tmp_path / "JPEGImages" / "480p")] == ["bear", "dog"]


@pytest.mark.parametrize("kind", ["human-detection", "paired", "artworks"])
def test_another_layout_is_refused(kind: str, tmp_path: Path) -> None:
    save(tmp_path / "some" / "picture.jpg", picture(0))
    with pytest.raises(DataError, match="data set"):
        listed(kind, tmp_path)
    with pytest.raises(DataError, match="nowhere"):
        listed(kind, tmp_path / "nowhere")
