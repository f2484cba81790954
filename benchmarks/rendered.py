"""Evaluate weights on scenes that this project draws and on scikit-image's photographs: a report that all may see.

python -m benchmarks.rendered [output=docs/evaluation/rendered] [weights=convlstm] [size=512x288] [seconds=3]

The sample clip by a fixed camera and by one that swings, and five photographs. Of the report, the page is written, its
pictures and its plots; what an earlier run wrote there is replaced. It shows how colours look and how they hold; too
little, and too easy, to say how good weights are.
"""

import contextlib
import io
import shutil
import sys
import tempfile
from pathlib import Path

import cv2

from temporal_colorize import cli
from temporal_colorize.config.building import writable_folder
from temporal_colorize.data.pictures import Photographs
from temporal_colorize.sample.clip import render_sample

_CLIPS = {"fixed-garage": 0.0, "swinging-garage": 0.2}  # how far the camera swings, in widths
_RATE, _QUALITY = 10, 16  # pictures a second; x264's crf
_ASKED = (
    *("data.pictures=*.png", "data.videos=*.mp4", "vividness=[honest,null]", "degradations=[medium]", "sizes=[]"),
    *("most_frames=null", "no_memory=false", "gated=false", "names.asked=false", "drift.frames=0"),
)


def draw(folder: Path, *, width: int, height: int, seconds: float) -> None:
    """Write the clips and the photographs, these as wide at most."""
    for name, sway in _CLIPS.items():
        size = {"width": width, "height": height, "fps": _RATE, "seconds": seconds}
        render_sample(folder / f"{name}.mp4", **size, sway=sway, crf=_QUALITY)
    photographs = Photographs()
    for number, name in enumerate(photographs.names):
        picture = photographs[number]
        scale = min(1, width / max(picture.shape))
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{Path(name).stem}.png"), small[..., ::-1])


def keep(report: Path, target: Path) -> None:
    """Replace the page in a folder, its scenes and its plots."""
    shutil.rmtree(target / "scenes", ignore_errors=True)
    shutil.copytree(report / "scenes", target / "scenes")
    for file in (report / "report.html", *(path for path in report.glob("*.png") if path.name != "sheet.png")):
        shutil.copy(file, target)


def main(arguments: list[str]) -> None:
    """Draw, evaluate, keep the page."""
    given = dict(argument.split("=", 1) for argument in arguments)
    target = writable_folder(given.get("output", "docs/evaluation/rendered"))
    width, height = map(int, given.get("size", "512x288").split("x"))
    with tempfile.TemporaryDirectory() as folder:
        truth, report = Path(folder, "truth"), Path(folder, "report")
        truth.mkdir()
        draw(truth, width=width, height=height, seconds=float(given.get("seconds", "3")))
        told = (f"data.root={truth}", f"weights={given.get('weights', 'convlstm')}", f"output={report}")
        with contextlib.redirect_stdout(io.StringIO()):  # it names files that are gone then
            cli.evaluate_once(cli.compose("evaluate", [*_ASKED, *told]))
        keep(report, target)
    print(f"written: {target}/report.html, with its scenes and plots")


if __name__ == "__main__":
    main(sys.argv[1:])
