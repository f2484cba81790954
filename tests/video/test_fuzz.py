"""Damaged at random, a file ends in a coloured file or in one clear line: no crash, no hang, no traceback, no rest."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.support.fuzz import Child, damaged, write_sources

SECONDS = 30  # for a file of 16 small pictures; the first one waits for the libraries as well
GOOD = ("coloured", "refused")


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    process = Child(SECONDS)
    yield process
    process.close()


def run(seeds: Iterable[int], child: Child, folder: Path) -> Counter[str]:
    (folder / "whole").mkdir()
    sources = write_sources(folder / "whole")
    bad, kinds = [], Counter()
    for seed in seeds:
        path = damaged(seed, sources, folder)
        target = folder / f"{path.stem}.out.mkv"
        outcome = child.colour(path, target)
        kinds[outcome.kind] += 1
        if outcome.kind not in GOOD:
            bad.append(f"seed {seed} ({path.name}): {outcome.kind}: {outcome.text}")
        if left := [*folder.glob(".*")]:
            bad.append(f"seed {seed} ({path.name}): {left[0].name} is left")
            shutil.rmtree(left[0], ignore_errors=True)
        target.unlink(missing_ok=True)
        path.unlink()
    again = "make one again: python -m tests.support.fuzz SEED FOLDER"
    assert not bad, "\n".join([f"{len(bad)} of {kinds.total()} files; {again}", *bad])
    return kinds


def test_every_kind_of_file_whole_is_coloured(child: Child, tmp_path: Path) -> None:
    """Else the others would show nothing."""
    for name, path in write_sources(tmp_path).items():
        outcome = child.colour(path, tmp_path / "out.mkv")
        assert outcome.kind == "coloured" and ": 16 frames" in outcome.text, (name, outcome)


def test_damaged_files(child: Child, tmp_path: Path) -> None:
    kinds = run(range(0, 300, 5), child, tmp_path)
    assert kinds["coloured"] >= 20 and kinds["refused"] >= 3


@pytest.mark.slow
def test_many_damaged_files(child: Child, tmp_path: Path) -> None:
    kinds = run(range(1000, 1600), child, tmp_path)
    assert kinds.total() == 600 and kinds["coloured"] >= 200 and kinds["refused"] >= 30
