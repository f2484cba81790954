import json
import tarfile
from pathlib import Path

import pytest

from data_prep.command import sha256_of
from data_prep.prepare import prepare
from data_prep.shards import write_shards
from temporal_colorize.data.manifest import read_manifest
from temporal_colorize.data.pictures import DataError
from tests.data_prep.raw import picture, save, save_video
from tests.support.program import run_module


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """A prepared folder of two sets of pictures and one of clips."""
    for number in range(30):
        save(tmp_path / "raw" / f"set{number % 2}" / f"{number}.png", picture(number))
    for number in range(2):
        save_video(tmp_path / "raw" / "videos" / f"{number}.mp4", seed=100 + number)
    for kind, name in (("pictures", "set0"), ("pictures", "set1"), ("videos", "videos")):
        prepare(kind, tmp_path / "raw" / name, tmp_path / "out", tuning_percent=20)
    return tmp_path / "out"


def test_everything_is_in_a_shard_once(output: Path, tmp_path: Path) -> None:
    splits = write_shards(output, tmp_path / "50%", shard_mb=0.005)
    entries = read_manifest(output / "manifest.csv")
    for split, rows in splits.items():
        found = []
        for row in rows:
            path = tmp_path / "50%" / row["name"]
            assert (path.stat().st_size, sha256_of(path)) == (row["bytes"], row["sha256"])
            with tarfile.open(path) as tar:
                members = {member.name: tar.extractfile(member).read() for member in tar}
            assert len(members) == row["samples"]
            assert {Path(name).suffix for name in members} == {{"picture": ".webp", "clip": ".mp4"}[row["kind"]]}
            found += [sha256_of(content) for content in members.values()]
        assert sorted(found) == sorted(entry.sha256 for entry in entries if entry.split == split)
    assert set(splits) == {"train", "tuning"}
    assert len(splits["train"]) > 3
    assert json.loads((tmp_path / "50%" / "index.json").read_text())["splits"] == splits


def test_a_shard_is_a_mixture_of_the_sets(output: Path, tmp_path: Path) -> None:
    first = write_shards(output, tmp_path / "shards", shard_mb=0.02)["train"][0]
    with tarfile.open(tmp_path / "shards" / first["name"]) as tar:
        assert {name.split("-")[0] for name in tar.getnames()} == {"set0", "set1"}


def test_the_same_again_and_nothing_left_over(output: Path, tmp_path: Path) -> None:
    write_shards(output, tmp_path / "shards", shard_mb=0.005)
    first = write_shards(output, tmp_path / "shards", shard_mb=1)
    listed = {row["name"] for rows in first.values() for row in rows}
    assert {path.name for path in (tmp_path / "shards").iterdir()} == {*listed, "index.json"}
    assert write_shards(output, tmp_path / "other", shard_mb=1) == first


def test_what_is_not_as_in_the_manifest_is_not_packed(output: Path, tmp_path: Path) -> None:
    write_shards(output, tmp_path / "shards")
    clip = output / read_manifest(output / "manifest.csv")[-1].path
    clip.write_bytes(clip.read_bytes() + b"x")
    with pytest.raises(DataError, match=rf"{clip.name} is not as in the manifest.*data_prep\.check"):
        write_shards(output, tmp_path / "shards")
    assert not (tmp_path / "shards" / "index.json").exists()


def test_the_program(output: Path, tmp_path: Path) -> None:
    result = run_module("data_prep.shards", str(output), str(tmp_path / "shards"), "--shard-mb", "1")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("train: ")
    result = run_module("data_prep.shards", str(tmp_path), str(tmp_path / "none"))
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1)
    assert "manifest.csv" in result.stderr
