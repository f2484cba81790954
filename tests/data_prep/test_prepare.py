import csv
import tarfile
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from data_prep.check import check
from data_prep.folder import PreparedFolder, locked
from data_prep.make import Limits
from data_prep.prepare import prepare
from temporal_colorize.data.datamodule import ColorDataModule
from temporal_colorize.data.manifest import read_manifest, split_of
from tests.data_prep.raw import picture, save, save_video


def reasons(folder: PreparedFolder) -> Counter:
    return Counter(row.reason for row in folder.dropped)


def divided(name: str, *, into: str, percent: int = 50) -> int:
    """Find a number whose file name falls into a split."""
    split = (split_of(name.format(n), tuning_percent=percent, validation_percent=0) for n in range(1000))
    return next(number for number, one in enumerate(split) if one == into)


def test_pictures_are_kept_once_in_colour_and_small(raw: Path, tmp_path: Path) -> None:
    folder = prepare("pictures", raw, tmp_path / "out", limits=Limits(short_side=100))
    dropped = {"grey": 1, "near-duplicate": 1, "shorter side below 32 pixels": 1, "unreadable": 1}
    assert reasons(folder) == dropped
    with open(tmp_path / "out" / "dropped.csv", newline="") as file:
        assert Counter(row["reason"] for row in csv.DictReader(file)) == dropped
    entries = read_manifest(tmp_path / "out" / "manifest.csv")
    assert [entry.name for entry in entries] == [f"{number}.png" for number in range(12)]
    assert {(entry.set, entry.kind, entry.width, entry.height, entry.frames) for entry in entries} == {
        ("raw", "picture", 150, 100, 1)
    }
    with tarfile.open(tmp_path / "out" / "pictures" / "raw.tar") as tar:
        assert [f"pictures/raw.tar/{name}" for name in tar.getnames()] == [entry.path for entry in entries]
    check(tmp_path / "out")


def test_videos_become_clips(videos: Path, tmp_path: Path) -> None:
    folder = prepare("videos", videos, tmp_path / "out", limits=Limits(clip_side=64, clip_frames=20))
    assert reasons(folder) == {"grey": 1, "unreadable": 1}
    rows = [(entry.name, entry.source, entry.width, entry.height, entry.frames) for entry in folder.entries]
    long = [("long.ts", "videos/long.ts", 84, 64, count) for count in (20, 20, 10)]
    assert rows == [("a.mp4", "videos/a.mp4", 84, 64, 20), *long]
    assert sorted(path.suffix for path in (tmp_path / "out" / "clips" / "videos").iterdir()) == [".mp4"] * 4
    check(tmp_path / "out")


def test_frame_folders_become_clips(tmp_path: Path) -> None:
    for number in range(5):
        save(tmp_path / "raw" / "JPEGImages" / "480p" / "bear" / f"{number:05d}.jpg", picture(number))
    folder = prepare("davis", tmp_path / "raw", tmp_path / "out")
    assert [(entry.set, entry.source, entry.frames) for entry in folder.entries] == [("davis", "davis/bear", 5)]


def test_a_still_camera_is_not_stored_twice(tmp_path: Path) -> None:
    save_video(tmp_path / "raw" / "night.mp4", seed=0, count=30, still=True)
    folder = prepare("videos", tmp_path / "raw", tmp_path / "out", limits=Limits(clip_frames=10))
    assert (len(folder.entries), reasons(folder)) == (1, {"near-duplicate": 2})
    assert len(list((tmp_path / "out" / "clips" / "raw").iterdir())) == 1


def test_running_again_changes_nothing(raw: Path, videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def state() -> dict[Path, tuple[bytes, bool | int]]:
        files = (path for path in out.rglob("*") if path.is_file() and path.name != ".lock")
        return {path: (path.read_bytes(), path.suffix == ".csv" or path.stat().st_mtime_ns) for path in files}

    for kind, folder in (("pictures", raw), ("videos", videos)):
        prepare(kind, folder, out)
    before = state()
    for kind, folder in (("pictures", raw), ("videos", videos)):
        prepare(kind, folder, out)
    assert state() == before


def test_what_is_new_is_added(raw: Path, tmp_path: Path) -> None:
    first = prepare("pictures", raw, tmp_path / "out").entries
    save(raw / "new.png", picture(60))
    (tmp_path / "out" / "clips" / "raw").mkdir(parents=True)
    (tmp_path / "out" / "clips" / "raw" / "left.mp4.part").write_text("of a run that was killed")
    second = prepare("pictures", raw, tmp_path / "out", tuning_percent=100).entries
    assert second[:12] == first  # other percents move nothing
    assert [(entry.name, entry.split) for entry in second[12:]] == [("new.png", "tuning")]
    assert not list((tmp_path / "out").rglob("*.part"))
    check(tmp_path / "out")


def test_more_processes_make_the_same(raw: Path, tmp_path: Path) -> None:
    alone, shared = (prepare("pictures", raw, tmp_path / str(n), workers=n) for n in (0, 2))
    assert alone.entries == shared.entries
    assert alone.dropped == shared.dropped


def test_no_near_duplicate_straddles_two_splits(tmp_path: Path) -> None:
    train, tuning = divided("a/{}.png", into="train"), divided("b/{}.png", into="tuning")
    save(tmp_path / "a" / f"{train}.png", picture(7))
    save(tmp_path / "b" / f"{tuning}.png", picture(7, height=150, width=200))
    save(tmp_path / "b" / f"{tuning}x.png", picture(8))
    for name in ("a", "b"):
        folder = prepare("pictures", tmp_path / name, tmp_path / "out", tuning_percent=50)
    assert [entry.name for entry in folder.entries] == [f"{train}.png", f"{tuning}x.png"]
    assert folder.dropped[0][:3] == ("b", f"{tuning}.png", "near-duplicate")


def test_a_source_is_in_one_split(tmp_path: Path) -> None:
    for number in range(40):
        save(tmp_path / "raw" / f"camera{number // 4}" / f"{number}.png", picture(number))
    folder = prepare(
        "pictures", tmp_path / "raw", tmp_path / "out", source="folder", tuning_percent=30, validation_percent=30
    )
    splits: dict[str, set[str]] = {}
    for entry in folder.entries:
        splits.setdefault(entry.name.split("/")[0], set()).add(entry.split)
    assert {len(found) for found in splits.values()} == {1}
    assert set.union(*splits.values()) == {"train", "tuning", "validation"}


def test_a_scene_keeps_its_source_when_earlier_frames_come(tmp_path: Path) -> None:
    frames = [picture(0) for _ in range(4)]
    for number, frame in enumerate(frames):
        frame[10 + 20 * number : 30 + 20 * number, 20:60] = (255, 0, 0)
    sources = []
    for first in (2, 0):
        for number in range(first, 4):
            save(tmp_path / "raw" / f"{number}.png", frames[number])
        # All for training, then all for tuning, had it not been decided.
        folder = prepare(
            "pictures", tmp_path / "raw", tmp_path / "out", source="look", tuning_percent=0 if first else 100
        )
        sources.append({(entry.source, entry.split) for entry in folder.entries})
    assert sources == [{("raw/2.png", "train")}] * 2
    assert len(folder.entries) == 4


def test_pairs_must_show_the_same(tmp_path: Path) -> None:
    for number, black in ((0, 0), (1, 9)):
        save(tmp_path / "data" / "train_color" / f"{number}.jpg", picture(number))
        grey = cv2.cvtColor(picture(black), cv2.COLOR_RGB2GRAY)
        save(tmp_path / "data" / "train_black" / f"{number}.jpg", np.repeat(grey[..., None], 3, axis=2))
    for name in ("test_color", "test_black"):
        (tmp_path / "data" / name).mkdir()
    folder = prepare("paired", tmp_path, tmp_path / "out")
    assert [entry.name for entry in folder.entries] == ["train_color/0.jpg"]
    assert reasons(folder) == {"not the picture of its black twin": 1}


def test_training_reads_what_was_prepared(raw: Path, videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for kind, folder in (("pictures", raw), ("videos", videos)):
        entries = prepare(kind, folder, out, tuning_percent=25, validation_percent=25).entries
    data = ColorDataModule(root=str(out), size=32, frames=3, frames_a_batch=6, batches_an_epoch=4, workers=0)
    data.setup()
    for split, clips in (("train", data.training), ("tuning", data.tuning)):
        wanted = {entry.path for entry in entries if entry.split == split}
        files = {str(file.relative_to(out)) for file in clips.videos.files}
        assert {f"pictures/{name}" for name in clips.pictures.names} | files == wanted
    assert {entry.split for entry in entries} == {"train", "tuning", "validation"}
    assert {tuple(batch.rgb.shape) for batch in data.train_dataloader()} <= {(6, 1, 3, 32, 32), (2, 3, 3, 32, 32)}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["movies", "in", "out"], "movies"),
        (["pictures", "nowhere", "out"], "nowhere"),
        (["pictures", "raw", "out", "--tuning-percent", "101"], "--tuning-percent=101"),
        (["pictures", "raw", "out", "--short-side", "8"], "--short-side=8"),
        (["davis", "raw", "out"], "nothing of the kind davis"),
        (["paired", "raw", "out"], "train_black"),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str], words: str, raw: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from data_prep.prepare import main

    monkeypatch.chdir(raw.parent)
    with pytest.raises(SystemExit) as error:
        main(arguments)
    message = capsys.readouterr().err
    assert (error.value.code, len(message.splitlines())) == (2, 1)
    assert words in message
    assert not (raw.parent / "out").exists()


def test_two_at_once_are_refused(raw: Path, tmp_path: Path) -> None:
    with locked(tmp_path / "out"), pytest.raises(ValueError, match="another prepare"):
        prepare("pictures", raw, tmp_path / "out")
