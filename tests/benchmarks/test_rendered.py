"""The page of rendered scenes: what is drawn for it, and the one that the documents show."""

import re
from pathlib import Path

import cv2
import pytest

from benchmarks.rendered import draw, keep
from temporal_colorize.data.clips import VideoClips

SHOWN = Path(__file__).parents[2] / "docs" / "evaluation" / "rendered"
MEGABYTES = 3  # of what everybody downloads


def test_a_camera_that_stands_and_one_that_swings_and_photographs(tmp_path: Path) -> None:
    draw(tmp_path, width=160, height=96, seconds=1.2)
    clips = VideoClips(sorted(tmp_path.glob("*.mp4")))
    moved = {}
    for number, file in enumerate(clips.files):
        first, *_, last = clips.frames(number)
        moved[Path(file).stem] = float(cv2.absdiff(first, last).mean())
        assert first.shape == (96, 160, 3)
    assert moved["swinging-garage"] > 2 * moved["fixed-garage"] > 0
    photographs = [cv2.imread(str(path)) for path in tmp_path.glob("*.png")]
    assert len(photographs) == 5 and all(max(picture.shape) == 160 for picture in photographs)


def test_an_earlier_page_is_replaced_and_what_else_is_there_stays(tmp_path: Path) -> None:
    report, target = tmp_path / "report", tmp_path / "page"
    for folder, names in ((report, ("00-0.jpg",)), (target, ("00-0.jpg", "07-0.jpg"))):
        (folder / "scenes").mkdir(parents=True)
        for name in names:
            (folder / "scenes" / name).write_text(str(folder))
    for name in ("report.html", "convlstm.png", "sheet.png", "report.json"):
        (report / name).write_text(name)
    (target / "mine.txt").write_text("stays")
    keep(report, target)
    assert {path.name for path in target.iterdir()} == {"scenes", "report.html", "convlstm.png", "mine.txt"}
    assert {path.name: path.read_text() for path in (target / "scenes").iterdir()} == {"00-0.jpg": str(report)}


def test_the_page_that_is_shown_is_whole_small_and_of_these_scenes_alone() -> None:
    page = (SHOWN / "report.html").read_text()
    files = {file for found in re.findall('data-files="(.*?)"', page) for file in found.split()}
    files |= set(re.findall('<img [^>]*src="(.*?)"', page)) | {"report.html"}
    there = {path.relative_to(SHOWN).as_posix(): path.stat().st_size for path in SHOWN.rglob("*") if path.is_file()}
    assert files == set(there) and sum(there.values()) < MEGABYTES * 2**20
    names = re.findall(r"<h3>([\w-]+\.mp4)</h3>", page) + re.findall(r"<figcaption>(\w+\.png): ", page)
    photographs = {f"{name}.png" for name in ("astronaut", "chelsea", "coffee", "motorcycle_left", "rocket")}
    assert set(names) == {"fixed-garage.mp4", "swinging-garage.mp4"} | photographs
    assert not re.search(r"/(tmp|home|root)/", page)


@pytest.mark.parametrize("clip", ["fixed-garage", "swinging-garage"])
def test_its_clips_have_several_moments(clip: str) -> None:
    page = (SHOWN / "report.html").read_text()
    (section,) = re.findall(rf"<section><h3>{clip}\.mp4</h3>.*?</section>", page)
    numbers = [int(number) for number in re.findall(r"frame (\d+) of \d+: ab error", section)]
    assert len(numbers) > 2 and numbers == sorted(numbers)
