from pathlib import Path

import pytest

from data_prep.check import check, faults
from data_prep.make import Limits
from data_prep.prepare import prepare
from temporal_colorize.data.datamodule import ColorDataModule
from temporal_colorize.data.manifest import write_manifest
from temporal_colorize.data.pictures import DataError
from tests.support.program import run_module


def test_tampering_is_found(raw: Path, videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for kind, folder in (("pictures", raw), ("videos", videos)):
        entries = prepare(kind, folder, out, limits=Limits(clip_frames=20)).entries
    manifest, tar, clip = out / "manifest.csv", out / "pictures" / "raw.tar", out / entries[-1].path
    assert list(faults(out)) == []

    write_manifest(manifest, [*entries[:-1], entries[-1]._replace(split="validation")])
    found = list(faults(out))
    assert "source videos/long.ts is in the splits train and validation" in found
    data = ColorDataModule(root=str(out), pictures=[], videos=[])
    with pytest.raises(DataError, match=r"videos/long\.ts is in the splits"):
        data.setup()

    write_manifest(manifest, [*entries[1:], entries[0]._replace(path="clips/gone.mp4", kind="clip")])
    assert list(faults(out)) == [f"{entries[0].path} is not in the manifest", "clips/gone.mp4 is missing"]

    write_manifest(manifest, [entries[0]._replace(width=7), *entries[1:]])
    assert list(faults(out)) == [f"{entries[0].path} is (240, 160), not 7x160"]

    twin = entries[1]._replace(split="tuning", hashes=entries[0].hashes)
    write_manifest(manifest, [entries[0], twin, *entries[2:]])
    assert list(faults(out)) == [f"{twin.path}, for tuning, is a near-duplicate of {entries[0].path} in another split"]

    write_manifest(manifest, entries)
    content = bytearray(tar.read_bytes())
    content[600] ^= 1
    tar.write_bytes(content)
    clip.write_bytes(clip.read_bytes()[:-100])
    changed = [f"{path} has another content than in the manifest" for path in (entries[0].path, entries[-1].path)]
    assert list(faults(out)) == changed
    with pytest.raises(ValueError, match="2 faults"):
        check(out)


def test_the_programs(raw: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    result = run_module("data_prep.prepare", "pictures", str(raw), out, "--name", "some set")
    assert result.returncode == 0, result.stderr
    assert "some_set: 12 pictures for train" in result.stdout
    assert "some_set: 1 dropped, grey" in result.stdout
    (tmp_path / "out" / "pictures" / "some_set.tar").write_text("no tar")
    result = run_module("data_prep.check", out)
    assert result.returncode == 2
    assert "is missing" in result.stdout
    assert len(result.stderr.splitlines()) == 1
