import os
from pathlib import Path

import pytest

from temporal_colorize.video.live.rolling import delete_oldest, finished, left_over

PATTERN = "rec/%Y-%m-%d/cam[1]_%H-%M.mp4"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(*names: str) -> list[Path]:
    """Make files, each a minute younger than the one before."""
    for age, name in enumerate(reversed(names)):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (1.7e9 - 60 * age,) * 2)
    return [Path(name) for name in names]


OWN = ("rec/2026-01-02/cam[1]_23-50.mp4", "rec/2026-01-03/cam[1]_00-00.mp4", "rec/2026-01-03/cam[1]_00-00-2.mp4")
OTHERS = (
    "rec/2026-01-03/cam1_00-00.mp4",
    "rec/2026-01-03/cam[1]_00-00.mkv",
    "rec/2026-01-03/cam[1]_0-00.mp4",
    "rec/2026-01-03/cam[1]_00-00-02.mp4",
    "rec/2026-01-03/cam[1]_00-00 (copy).mp4",
    "rec/2026-01-03/cam[1]_ab-cd.mp4",
    "rec/best/cam[1]_00-00.mp4",
    "rec/2026-01-03/old/cam[1]_00-00.mp4",
)


def test_only_what_the_name_fits_is_one_of_them_the_oldest_first(folder: Path) -> None:
    make(*OTHERS)
    own = make(*OWN)
    assert finished(PATTERN) == own
    assert finished(str(folder / PATTERN)) == [folder / name for name in OWN]
    Path("rec/2026-01-04").mkdir()
    Path("rec/2026-01-04/cam[1]_00-00.mp4").symlink_to(folder / OWN[0])
    Path("rec/2026-01-04/cam[1]_00-01.mp4").mkdir()
    assert len(finished(PATTERN)) == len(OWN)


def test_the_oldest_go_and_nothing_else(folder: Path) -> None:
    others, own = make(*OTHERS, "rec/2026-01-01/.cam[1]_00-00.mp4.part"), make(*OWN)
    delete_oldest(PATTERN, 3, newest=own[2])
    assert finished(PATTERN) == own
    delete_oldest(PATTERN, 2, newest=own[2])
    assert finished(PATTERN) == own[1:]
    delete_oldest(PATTERN, 1, newest=own[1])  # of a clock that was set back
    assert finished(PATTERN) == [own[1]] and all(path.exists() for path in others)


def test_what_is_not_finished_is_found_in_folders_of_days_too(folder: Path) -> None:
    own = make("rec/2026-01-01/.cam[1]_00-00.mp4.part", "rec/2026-01-02/.cam[1]_00-00-2.mp4.part")
    make(*OWN, "rec/2026-01-01/.other.mp4.part", "rec/2026-01-01/cam[1]_00-00.mp4.part")
    assert left_over(PATTERN) == own and left_over("rec/no/%H.mp4") == []


def test_names_of_days_and_percent_signs(folder: Path) -> None:
    own = make("100%_Monday.mkv", "100%_Tuesday-2.mkv")
    assert finished("100%%_%A.mkv") == own
