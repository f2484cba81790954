"""Several processes, and a cluster, do what one process does."""

import functools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_prep.check import faults
from data_prep.prepare import prepare
from data_prep.shards import write_shards
from data_prep.spread import spreading
from tests.data_prep.raw import picture, save


@pytest.fixture
def folder(raw: Path, videos: Path) -> Path:
    """Raw pictures of two cameras that only their look tells apart, and videos."""
    for number in range(4):
        frame = picture(60 + number % 2)
        frame[40:60, 24 * number : 24 * number + 24] = 255  # somebody walks by
        save(raw / f"camera{number}.png", frame)
    return raw.parent


def prepared(folder: Path, name: str, **spread: int | str) -> Path:
    """Prepare a folder's raw sets."""
    for kind, source in (("pictures", "look"), ("videos", None)):
        raw = folder / ("raw" if kind == "pictures" else "videos")
        prepare(kind, raw, folder / name, source=source, tuning_percent=20, **spread)
    return folder / name


def content(folder: Path) -> dict[str, bytes]:
    """All files of a folder, without the lock."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def damage(output: Path) -> None:
    """Change pictures and a clip, and add a clip that nobody listed."""
    for path in (next(output.glob("pictures/*.tar")), next(output.glob("clips/*/*.mp4"))):
        stored = bytearray(path.read_bytes())
        stored[700] ^= 1
        path.write_bytes(stored)
    (output / "clips" / "more.mp4").write_bytes(b"more")


def all_three(folder: Path, **spread: int | str) -> None:
    """Scan and prepare, shard, and check; compare each with one process's."""
    alone, together = prepared(folder, "alone"), prepared(folder, "together", **spread)
    assert content(alone) == content(together)
    assert {name.split("/")[0] for name in content(alone)} >= {"pictures", "clips", "manifest.csv"}
    rows = write_shards(alone, folder / "shards alone", shard_mb=0.005)
    assert rows == write_shards(alone, folder / "shards", shard_mb=0.005, **spread)
    assert sum(len(part) for part in rows.values()) > 3
    assert content(folder / "shards alone") == content(folder / "shards")
    with spreading(**spread) as spreader:
        assert list(faults(alone, spread=spreader)) == []
        damage(alone)
        found = list(faults(alone))
        assert len(found) >= 3
        assert list(faults(alone, spread=spreader)) == found


def test_processes_do_what_one_does(folder: Path) -> None:
    all_three(folder, workers=2)


@pytest.fixture
def cluster() -> Iterator[None]:
    """A local cluster of two, in which whatever asks for a local one works."""
    pytest.importorskip("ray")
    from temporal_colorize.cluster.connecting import connected
    from temporal_colorize.cluster.options import ClusterOptions

    with connected(ClusterOptions(workers=2)):
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_a_cluster_does_what_one_process_does(folder: Path) -> None:
    all_three(folder, ray="local")


def _dies_once(folder: Path, number: int) -> int:
    if number == 3 and not (folder / "died").exists():
        (folder / "died").touch()
        os._exit(1)
    return number * number


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_what_a_dead_worker_had_is_done_by_another_and_the_order_stays(tmp_path: Path) -> None:
    with spreading(ray="local") as spread:
        assert list(spread(functools.partial(_dies_once, tmp_path), range(8))) == [n * n for n in range(8)]
    assert (tmp_path / "died").exists()


def test_a_cluster_that_is_not_there_is_refused_as_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pytest.importorskip("ray"), "is_initialized", lambda: False)
    said = r"^--ray 127\.0\.0\.1:1 cannot be used \("
    with spreading(ray="127.0.0.1:1") as spread, pytest.raises(ValueError, match=said):
        spread(str, [1])


def test_nothing_starts_without_work_and_both_at_once_are_refused() -> None:
    with spreading(ray="203.0.113.1:1") as spread:  # there is no such cluster
        assert callable(spread)
    with pytest.raises(ValueError, match=r"--workers 2 and --ray local: give one"), spreading(workers=2, ray="local"):
        pass
