"""Measure how well a point that grows takes the thing that it is on, by outlines drawn by eye.

python -m benchmarks.hint_grow [data=/my/validation/clips] [folder=pictures]

Each thing is clicked nine times, in its middle and anywhere in it that is not near its border: those of
`benchmarks.hints` in their first frames, and others, in a first frame too; without clips, the sample clip's alone.
Overlap is the intersection with the outline over the union; "on it" the share of what was found that is at most
`_MARGIN` pixels outside; "beyond" the area that is not, to the thing's own.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.hints import OUTLINES, lumas_of, outline
from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.inference.hints.carrying import working_luma
from temporal_colorize.inference.hints.drawing import draw
from temporal_colorize.inference.hints.entries import Hint
from temporal_colorize.sample.clip import render_frames

SAMPLE = "sample"  # the clip of temporal_colorize.sample, rendered here
# By clip and thing: outlines in the first frame, x,y in pixels.
THINGS = {
    (SAMPLE, "seat"): "130,116 176,107 200,122 222,144 262,142 303,139 297,155 262,172 222,168 195,165 154,156 135,140",
    (SAMPLE, "tank"): "300,152 312,137 330,124 378,119 408,124 418,140 422,163 409,172 350,180 306,183",
    ("davis-car-roundabout", "road"): "0,285 250,268 255,335 330,352 620,355 700,320 854,335 854,480 0,480",
    ("davis-soapbox", "ramp"): "272,188 490,163 690,205 854,285 854,480 640,480 430,258",
    ("cctv-nofi007", "coat"): "306,248 318,246 326,265 324,296 310,298 305,270",
    ("cctv-nofi007", "jacket"): "281,262 296,262 304,275 302,301 281,300 278,275",
    ("cctv-fi142", "gown"): "345,80 368,80 380,130 378,210 370,260 345,262 335,150",
    ("cctv-fi142", "rucksack"): "278,158 300,160 314,195 312,240 280,235 262,205 250,165",
    ("cctv-fi001", "shorts"): "165,262 205,262 212,292 195,328 160,330 157,300",
    ("cctv-fi085", "sky"): "0,30 330,0 490,0 505,100 430,130 300,100 190,110 180,160 120,175 0,190",
    ("cctv-fi085", "car"): "72,275 85,250 130,245 150,270 170,275 168,288 135,295 125,305 75,295",
}
_CLICKS = 9
_INNER = 0.4  # of the largest distance to the border: clicks are at least so far from it
_MARGIN = 6
_CODING = ChromaCoding("bt709")


class Click(NamedTuple):
    """A click, and how what grew from it compares."""

    point: tuple[float, float]
    overlap: float
    on_it: float
    beyond: float
    share: float


def clicks_on(thing: np.ndarray) -> Iterator[tuple[float, float]]:
    """Choose places on a thing, (H, W) bool; the same ones every time."""
    inner = cv2.distanceTransform(np.pad(thing.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    rows, columns = np.nonzero(inner >= _INNER * inner.max())
    middle = int(inner[rows, columns].argmax())
    for number in (middle, *np.random.default_rng(0).choice(len(rows), _CLICKS - 1)):
        yield float(columns[number]), float(rows[number])


def grown(luma: np.ndarray, point: tuple[float, float]) -> np.ndarray:
    hint = Hint(name="click", frame=0, point=point, ab=(0.0, 0.0), grow=True)
    return draw(hint, luma.shape, luma.shape, luma=working_luma(luma, _CODING))[1]


def compare(point: tuple[float, float], found: np.ndarray, thing: np.ndarray) -> Click:
    near = cv2.dilate(thing.astype(np.uint8), np.ones((2 * _MARGIN + 1,) * 2)) > 0
    overlap = (found & thing).sum() / (found | thing).sum()
    beyond = (found & ~near).sum()
    return Click(point, overlap, 1 - beyond / found.sum(), beyond / thing.sum(), found.mean())


def first_luma(clip: str, folder: Path | None) -> np.ndarray:
    """Read a clip's first luma codes, (H, W) uint8."""
    if folder is not None and clip != SAMPLE:
        return next(lumas_of(folder / f"{clip}.mp4"))
    grey = next(render_frames(seconds=0.1)) @ np.float64([0.2126, 0.7152, 0.0722])
    return (16 + grey * 219 / 255).round().astype(np.uint8)


def keep(path: Path, luma: np.ndarray, thing: np.ndarray, point: tuple[float, float], found: np.ndarray) -> None:
    """Draw what was found in red, the outline in yellow and the click in green."""
    picture = luma[..., None].repeat(3, -1)
    picture[found] = picture[found] * 0.5 + np.float64([0, 0, 120])
    lines, _ = cv2.findContours(thing.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.polylines(picture, lines, True, (0, 255, 255))
    cv2.circle(picture, tuple(map(int, point)), 4, (0, 255, 0), -1)
    cv2.imwrite(str(path), picture)


def measure(name: str, luma: np.ndarray, thing: np.ndarray, folder: Path | None) -> list[Click]:
    """Click on a thing, and print its line of the table."""
    found = []
    for number, point in enumerate(clicks_on(thing)):
        mask = grown(luma, point)
        found.append(compare(point, mask, thing))
        if folder is not None:
            keep(folder / f"{name.replace(', ', '-')}-{number}.png", luma, thing, point, mask)
    medians = (float(np.median(values)) for values in list(zip(*found, strict=True))[1:3])
    cells = [name, *(f"{value:.2f}" for value in medians), f"{max(click.beyond for click in found):.1f}"]
    print("| " + " | ".join([*cells, f"{max(click.share for click in found):.3f}"]) + " |", flush=True)
    return found


def main() -> None:
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    data, folder = (Path(given[name]) if name in given else None for name in ("data", "folder"))
    things = {(clip, "outline"): first for clip, (first, _) in OUTLINES.items()} | THINGS
    if data is None:
        things = {(clip, what): points for (clip, what), points in THINGS.items() if clip == SAMPLE}
    print("| thing | overlap | on it | most beyond | most of the picture |\n|---|---|---|---|---|", flush=True)
    found: list[Click] = []
    for (clip, what), points in things.items():
        luma = first_luma(clip, data)
        found += measure(f"{clip}, {what}", luma, outline(points, luma.shape), folder)
    overlaps, beyond = (np.array([getattr(click, name) for click in found]) for name in ("overlap", "beyond"))
    print(
        f"{len(found)} clicks: median overlap {np.median(overlaps):.2f}, at least a half {(overlaps >= 0.5).mean():.2f}"
    )
    print(f"half the thing beyond it {(beyond > 0.5).mean():.2f}, all of it {(beyond > 1).mean():.2f}")


if __name__ == "__main__":
    main()
