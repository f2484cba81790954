import tarfile
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from temporal_colorize.data.clips import VideoClips
from temporal_colorize.data.datamodule import ColorDataModule
from temporal_colorize.data.manifest import Entry, write_manifest
from temporal_colorize.data.pictures import DataError, FilePictures, is_held_out
from tests.support.videos import write_video


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a tar of 20 pictures, three loose ones, and two clips."""
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    (tmp_path / "clips").mkdir()
    loose = []
    for number in range(23):
        path = tmp_path / "images" / f"{number}.png"
        cv2.imwrite(str(path), rng.integers(0, 255, (40, 50, 3), np.uint8))
        loose.append(path)
    with tarfile.open(tmp_path / "images" / "some.tar", "w") as tar:
        for path in loose[:20]:
            tar.add(path, path.name)
            path.unlink()
    for number in range(2):
        write_video(tmp_path / "clips" / f"{number}.mp4", count=12)
    return tmp_path


def module(root: Path | None, **options: object) -> ColorDataModule:
    defaults = {"size": 32, "frames": 3, "frames_a_batch": 6, "batches_an_epoch": 8, "workers": 0, "still_share": 0.5}
    data = ColorDataModule(
        root=str(root) if root else None, pictures=["images/*"], videos=["clips/*"], **{**defaults, **options}
    )
    data.setup()
    return data


def epoch(data: ColorDataModule, number: int) -> list:
    loader = data.train_dataloader()
    loader.sampler.set_epoch(number)
    return list(loader)


def test_batches(root: Path) -> None:
    batches = epoch(module(root), 0)
    assert len(batches) == 8
    shapes = {tuple(batch.rgb.shape) for batch in batches}
    assert shapes == {(6, 1, 3, 32, 32), (2, 3, 3, 32, 32)}  # batches of stills, batches of clips
    assert all(batch.rgb.dtype == torch.uint8 for batch in batches)
    assert all(batch.flow.shape[1] == batch.rgb.shape[1] - 1 for batch in batches)


def test_pictures_are_turned_in_training_alone(root: Path) -> None:
    plain, turned = (module(root, still_share=1.0, rotation=rotation) for rotation in (0, 30))
    assert any((one.rgb != other.rgb).any() for one, other in zip(epoch(plain, 0), epoch(turned, 0), strict=True))
    for one, other in zip(plain.val_dataloader(), turned.val_dataloader(), strict=True):
        assert torch.equal(one.rgb, other.rgb)


def test_stills_first(root: Path) -> None:
    data = module(root, still_share=0.0, stills_first=2)
    lengths = [{batch.rgb.shape[1] for batch in epoch(data, number)} for number in range(3)]
    assert lengths == [{1}, {1}, {3}]
    assert {batch.rgb.shape[1] for batch in data.val_dataloader()} == {3}  # the tuning split is looked at as ever


def test_videos_get_another_white_balance_in_training_alone(root: Path) -> None:
    """Clips of one file, cut at the same place: only training gives them other colours."""
    plain, tinted = (module(root, still_share=0.0, video_share=1.0, white_balance=w) for w in (0.0, 0.3))
    before, after = (epoch(data, 0)[0].rgb.double() / 255 for data in (plain, tinted))
    assert (after - before).abs().mean() > 0.01
    for one, other in zip(*(data.val_dataloader() for data in (plain, tinted)), strict=True):
        assert torch.equal(one.rgb, other.rgb)


def test_pictures_held_in_memory_give_the_same_batches(root: Path) -> None:
    (root / "images" / "broken.png").write_bytes(b"no picture")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the broken one is left out, from memory too
        for read, held in zip(epoch(module(root), 0), epoch(module(root, in_memory=True), 0), strict=True):
            assert all(torch.equal(*parts) for parts in zip(read, held, strict=True))


def test_several_sizes_have_about_the_same_pixels(root: Path) -> None:
    data = module(root, size=[64, 32, 96], frames_a_batch=12, batches_an_epoch=40, still_share=1.0)
    batches = epoch(data, 0)
    counts = {batch.rgb.shape[-1]: batch.rgb.shape[0] for batch in batches}
    assert counts == {64: 12, 32: 48, 96: 5}  # 12 pictures of 64 pixels, four times as many of 32, 4 / 9 of 96
    keys = [key.number for batch in data.train_dataloader().sampler for key in batch]
    assert len(set(keys)) == len(keys)


def test_an_epoch_is_the_same_again_and_unlike_the_next(root: Path) -> None:
    first, again = epoch(module(root), 3), epoch(module(root), 3)
    assert all(torch.equal(a.rgb, b.rgb) for a, b in zip(first, again, strict=True))
    next_one = epoch(module(root), 4)
    assert not any(a.rgb.shape == b.rgb.shape and torch.equal(a.rgb, b.rgb) for a in first for b in next_one)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_goes_on_in_the_middle_of_an_epoch(workers: int, root: Path) -> None:
    """At the batch after those that were handed over, however many the worker had made."""
    whole = [batch.rgb for batch in epoch(module(root), 1)]
    begun, resumed = module(root, workers=workers), module(root, workers=workers)
    assert begun.state_dict() == {}
    loader = begun.train_dataloader()
    loader.sampler.set_epoch(1)
    batches = iter(loader)
    assert all(torch.equal(next(batches).rgb, expected) for expected in whole[:3])
    resumed.load_state_dict(begun.state_dict())
    loader = resumed.train_dataloader()
    for number, expected in ((1, whole[3:]), (2, [batch.rgb for batch in epoch(module(root), 2)])):
        loader.sampler.set_epoch(number)
        assert all(torch.equal(batch.rgb, rgb) for batch, rgb in zip(loader, expected, strict=True))


def test_an_epoch_that_has_begun_is_ended_on_as_many_devices(root: Path) -> None:
    begun, other = module(root, global_batch=12), module(root, global_batch=24)
    batches = iter(begun.train_dataloader())
    for _ in range(3):
        next(batches)
    other.load_state_dict(begun.state_dict())
    with pytest.raises(ValueError, match=r"an epoch of 16 batches, which has 32 now: give trainer\.devices"):
        other.train_dataloader()
    assert len([*batches]) == 13
    other.load_state_dict(begun.state_dict())  # of an epoch that is over
    loader = other.train_dataloader()
    loader.sampler.set_epoch(1)
    assert len([*loader]) == 32


def test_workers_change_nothing(root: Path) -> None:
    alone, shared = epoch(module(root), 0), epoch(module(root, workers=2), 0)
    assert all(torch.equal(a.rgb, b.rgb) for a, b in zip(alone, shared, strict=True))


def test_validation_is_the_same_in_every_epoch(root: Path) -> None:
    loader = module(root).val_dataloader()
    assert not hasattr(loader.sampler, "set_epoch")
    assert all(torch.equal(a.rgb, b.rgb) for a, b in zip(loader, loader, strict=True))


def test_the_splits_share_no_file(root: Path) -> None:
    data = module(root, held_out_percent=30)
    training, tuning = set(data.training.pictures.names), set(data.tuning.pictures.names)
    assert training and tuning and not training & tuning
    assert len(training | tuning) == 23
    assert all(is_held_out(name, 30) for name in tuning)


def test_a_manifest_decides_the_splits(root: Path) -> None:
    with tarfile.open(root / "images" / "some.tar") as tar:
        members = tar.getnames()
    splits = {"0.png": "train", "1.png": "tuning", "2.png": "validation", "3.png": "train"}
    entries = [
        Entry(f"images/some.tar/{name}", "some", f"some/{name}", split, "picture", "", 1, 1, 1, 1, name, "0")
        for name, split in splits.items()
    ]
    clip = entries[0]._replace(path="clips/1.mp4", kind="clip", source="clip")
    write_manifest(root / "manifest.csv", [*entries, clip])
    data = module(root, held_out_percent=90)  # and the patterns count for nothing
    assert data.training.pictures.names == ["some.tar/0.png", "some.tar/3.png"]
    assert data.tuning.pictures.names == ["some.tar/1.png"]
    assert [file.name for file in data.training.videos.files] == ["1.mp4"]
    assert len(members) == 20 and not len(data.tuning.videos)


def test_a_manifest_that_is_not_true_is_refused(root: Path) -> None:
    entry = Entry("images/some.tar/99.png", "some", "some/99", "train", "picture", "", 1, 1, 1, 1, "99.png", "0")
    write_manifest(root / "manifest.csv", [entry])
    with pytest.raises(DataError, match=r"0 of the 1 pictures .* train: run python -m data_prep\.check"):
        module(root)
    write_manifest(root / "manifest.csv", [entry._replace(path="images/none.tar/1.png")])
    with pytest.raises(DataError, match=r"none\.tar is missing"):
        module(root)
    write_manifest(root / "manifest.csv", [entry._replace(path="images/some.tar/0.png", split="validation")])
    with pytest.raises(DataError, match="nothing for the split train"):
        module(root)


def test_without_a_root_there_are_photographs() -> None:
    batch = epoch(module(None, batches_an_epoch=1), 0)[0]
    assert batch.rgb.float().std() > 20


def test_a_clip_shorter_than_asked_is_read_back_and_forth(root: Path) -> None:
    clips = VideoClips([root / "clips" / "0.mp4"])
    clip = clips.piece(0, frames=30, size=32, rng=np.random.default_rng(0))
    assert clip.rgb.shape == (30, 3, 32, 32)
    assert clips.frames(0, most=5).shape[0] == 5
    assert clips.frames(0, most=500).shape[0] == 12


def test_a_broken_file_is_left_out_with_a_warning(root: Path) -> None:
    (root / "images" / "broken.png").write_text("no picture")
    (root / "clips" / "broken.mp4").write_text("no video")
    with pytest.warns(UserWarning, match=r"left out of the training: .*broken"):
        batches = epoch(module(root, batches_an_epoch=30), 0)
    again = epoch(module(root, batches_an_epoch=30), 0)
    assert all(torch.equal(a.rgb, b.rgb) for a, b in zip(batches, again, strict=True))


def test_what_cannot_be_used_is_named(root: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere is not a folder"):
        module(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no picture"):
        module(tmp_path / "empty")
    broken = tmp_path / "images" / "broken.png"
    broken.write_text("no picture")
    with pytest.raises(DataError, match=r"broken\.png"):
        FilePictures([broken])[0]
    (tmp_path / "images" / "bad.tar").write_text("no tar")
    with pytest.raises(DataError, match=r"bad\.tar"):
        FilePictures([tmp_path / "images" / "bad.tar"])
    (tmp_path / "clips" / "bad.mp4").write_text("no video")
    with pytest.raises(DataError, match=r"bad\.mp4"):
        VideoClips([tmp_path / "clips" / "bad.mp4"]).frames(0, most=3)
    with pytest.raises(ValueError, match=r"data\.size"):
        module(root, size=100)
