"""Measure how well hinted colours last: in validation clips, and in a rendered scene with exact masks.

python -m benchmarks.hints data=/my/validation/clips [only=davis-cows,cctv-nofi001] [scene=300] [folder=pictures]
    [plot=hints.png]

A region of the first frame is hinted with a colour that is not its own, the clip is coloured, and at its end the shown
colour's distance to the hinted one is measured inside the same thing: an outline that was drawn by hand, looking at the
last frame. The rendered scene is the walker of `temporal_colorize.sample.scene`, whose mask is known in every frame:
for 300 frames in the open, and while it walks behind a pillar, wholly hidden for 25, and out again.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import av
import cv2
import numpy as np
import torch

from benchmarks.plots import bars
from temporal_colorize.color.chroma import ChromaCoding, ab_to_chroma, chroma_from_codes, chroma_to_rgb, luma_from_code
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.inference.chroma_stream import ChromaStream
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.hints.entries import Hint
from temporal_colorize.inference.hints.guide import HintGuide
from temporal_colorize.inference.profile import Profile
from temporal_colorize.inference.runtimes import RuntimeOptions, open_weights
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.sample.scene import garage, movers
from temporal_colorize.video import VideoReader

COLORS = ((45.0, 30.0), (-35.0, 25.0), (20.0, -50.0))  # of each region in turn; none is its own

# Outlines in the first frame and in the last, x,y in pixels; drawn inside the thing, by eye.
OUTLINES = {
    "davis-cows": (
        "228,165 245,145 330,135 450,128 480,130 540,170 540,225 500,235 450,240 330,235 235,235",
        "210,140 235,122 300,115 360,106 395,120 390,180 385,225 330,232 280,225 215,215",
    ),
    "davis-dog": (
        "237,91 357,94 414,120 443,171 420,194 369,200 266,183 249,137",
        "329,196 432,144 560,119 612,144 612,234 509,260 432,260 355,298",
    ),
    "davis-car-roundabout": (
        "280,228 516,231 610,255 600,280 520,290 510,320 335,322 320,285 265,285 262,250",
        "249,258 340,255 450,262 455,285 410,300 365,300 240,294",
    ),
    "davis-blackswan": (
        "170,266 225,242 298,254 383,291 456,321 504,303 504,333 444,357 261,351 189,315",
        "192,289 234,270 319,282 404,313 489,337 441,380 247,374 186,355",
    ),
    "davis-scooter-black": (
        "589,187 607,156 642,163 657,187 665,233 653,257 618,249 599,233",
        "196,232 318,166 370,194 460,251 451,308 309,364 196,327",
    ),
    "cctv-nofi001": (
        "115,80 142,80 144,97 139,119 117,119 114,97",
        "183,133 216,136 216,169 213,190 183,190 179,161",
    ),
    "cctv-nofi002": ("82,210 110,215 118,280 85,280", "80,215 108,220 115,275 85,275"),
    "cctv-nofi036": (
        "345,102 360,100 366,115 364,135 356,150 343,150 334,140 335,120",
        "455,96 478,96 478,150 458,150",
    ),
    "cctv-nofi043": ("233,51 261,37 284,46 279,97 270,86 261,69", "206,64 232,48 275,55 268,120 232,125 228,90"),
    "cctv-nofi108": ("337,128 354,125 375,187 338,192 338,163", "342,131 369,140 374,192 345,195 342,162"),
    "cctv-fi004": (
        "180,212 210,209 223,225 215,252 220,284 186,284 172,262 161,236",
        "245,194 264,211 274,242 265,265 238,255 238,221",
    ),
    "cctv-fi111": (
        "333,120 353,117 361,146 364,174 336,174 329,151",
        "270,124 284,131 298,150 290,190 263,190 263,174 283,170 280,145",
    ),
}
_CODING = ChromaCoding("bt709")
_RATE = 25
_PILLAR = 335  # its left edge, in a picture 640 wide


def outline(points: str, shape: tuple[int, int]) -> np.ndarray:
    """Fill an outline, (H, W) bool."""
    corners = np.array([[int(n) for n in pair.split(",")] for pair in points.split()])
    return cv2.fillPoly(np.zeros(shape, np.uint8), [corners], 1) > 0


def lumas_of(path: Path) -> Iterator[np.ndarray]:
    with VideoReader(path) as reader:
        yield from (item.luma.copy() for item in reader if not isinstance(item, av.Packet))


def distance(luma: np.ndarray, planes: tuple[np.ndarray, np.ndarray], ab: tuple[float, float]) -> np.ndarray:
    """Distance in ab of what is shown to the colour nearest to ab that each pixel's luma allows, (H, W)."""
    y = luma_from_code(torch.from_numpy(luma)[None], _CODING)
    nearest = ab_to_chroma(y, torch.tensor(ab)[:, None, None].expand(2, *luma.shape), _CODING.matrix)
    shown = chroma_from_codes(torch.from_numpy(np.stack(planes)), _CODING)
    labs = [rgb_to_lab(chroma_to_rgb(y, chroma, _CODING.matrix))[1:] for chroma in (shown, nearest)]
    return (labs[0] - labs[1]).norm(dim=0).numpy()


class Bench:
    """Colours lumas with a hint on the first."""

    def __init__(self, weights: str, folder: Path | None) -> None:
        device = torch.device("cpu")
        self._weights = open_weights(weights, RuntimeOptions(), device=device)
        self._folder = folder
        self.found: dict[str, dict[str, float]] = {}  # distances, by clip and frame

    def run(
        self, name: str, lumas: list[np.ndarray], first: np.ndarray, ends: Mapping[int, np.ndarray], *, number: int
    ) -> None:
        """Print, for each frame in `ends`, the distance inside its mask, and outside the hint's effect on the rest."""
        ab = COLORS[number % len(COLORS)]
        with tempfile.TemporaryDirectory() as folder:
            mask = Path(folder) / "mask.png"
            cv2.imwrite(str(mask), first.astype(np.uint8) * 255)
            guide = HintGuide([Hint(name=name, frame=0, ab=ab, mask=mask)])
            profile, session = Profile(), Session(self._weights, SessionOptions())
            shape = {"shape": lumas[0].shape, "chroma_shape": lumas[0].shape}
            stream = ChromaStream(session, _CODING, **shape, gate=GateOptions(), guide=guide, profile=profile)
            for index, luma in enumerate(lumas):
                planes = stream(luma, index / _RATE)
                if index in (0, *ends):
                    apart = distance(luma, planes, ab)
                    where = first if index == 0 else ends[index]
                    inside = apart[where]
                    median, most = np.quantile(inside, (0.5, 0.9))
                    self.found[f"{name}, {index}"] = {"median": median, "90 %": most}
                    cells = [name, str(index), f"{median:.1f}", f"{most:.1f}"]
                    cells += [f"{(inside < 8).mean():.2f}", f"{self._spilt(luma, apart, where, ab):.2f}"]
                    print("| " + " | ".join(cells) + " |", flush=True)
                    self._keep(f"{name}-{index:03}.png", luma, planes)
        print(f"{name}: {profile.per_frame(len(lumas)).get('hints', 0):.1f} ms a frame", file=sys.stderr, flush=True)

    @staticmethod
    def _spilt(luma: np.ndarray, apart: np.ndarray, where: np.ndarray, ab: tuple[float, float]) -> float:
        """Area that has the hinted colour, where luma allows one to tell, well outside the thing, to the thing's."""
        rest = cv2.dilate(where.astype(np.uint8), np.ones((31, 31))) == 0
        grey = distance(luma, tuple(np.full_like(luma, _CODING.chroma_centre) for _ in range(2)), ab)
        return float(((apart < 8) & (grey > 20) & rest).sum() / where.sum())

    def _keep(self, name: str, luma: np.ndarray, planes: tuple[np.ndarray, np.ndarray]) -> None:
        if self._folder is None:
            return
        y = luma_from_code(torch.from_numpy(luma)[None], _CODING)
        chroma = chroma_from_codes(torch.from_numpy(np.stack(planes)), _CODING)
        rgb = chroma_to_rgb(y, chroma, _CODING.matrix).permute(1, 2, 0).numpy()
        cv2.imwrite(str(self._folder / name), (rgb[..., ::-1] * 255).round().astype(np.uint8))


def walker_scene(frames: int, *, pace: float, pillar: int = 0) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Render the walker in the garage: luma, (H, W), and its visible coat, bool: its own mask above the legs.

    Args:
        frames: How many; the walker should not have left the picture by then.
        pace: Pixels a frame.
        pillar: Width of what it passes behind; 0 for nothing.
    """
    width, height = 640, 360
    scene, hides = garage(width, height)
    hides = np.zeros_like(hides)  # its motorcycle would hide the legs alone
    walker = movers(width, height, hides)[0]
    rng, lumas, masks = np.random.default_rng(0), [], []
    for index in range(frames):
        seconds = 2.2 + index * pace / (0.15 * width)  # it walks 0.15 of the width in a second
        black, white = np.zeros_like(scene), np.full_like(scene, 255)
        walker(black, seconds), walker(white, seconds)
        picture, cover = scene.copy(), 1 - (white - black).mean(-1) / 255
        walker(picture, seconds)
        if pillar:
            hidden = slice(_PILLAR, _PILLAR + pillar)
            picture[:, hidden], cover[:, hidden] = scene[:, 20 : 20 + pillar] * 0.7, 0
        picture += rng.normal(0, 4, (*picture.shape[:2], 1))
        rows = np.arange(height)[:, None]
        top = int(np.nonzero(cover.max(1) > 0.5)[0].min()) if (cover > 0.5).any() else 0
        masks.append((cover > 0.9) & (rows > top + 70) & (rows < top + 130))
        grey = np.clip(picture, 0, 255) @ np.float32([0.2126, 0.7152, 0.0722])
        lumas.append((16 + grey * 219 / 255).round().astype(np.uint8))
    return lumas, masks


def main() -> None:
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    folder = given.get("folder")
    bench = Bench(given.get("weights", "convlstm"), folder and Path(folder))
    only = given["only"].split(",") if "only" in given else list(OUTLINES)
    print("| clip | frame | median | 90 % | within 8 | elsewhere |\n|---|---|---|---|---|---|", flush=True)
    for number, name in enumerate(only if "data" in given else ()):
        lumas = list(lumas_of(Path(given["data"]) / f"{name}.mp4"))
        first, last = (outline(points, lumas[0].shape) for points in OUTLINES[name])
        bench.run(name, lumas, first, {len(lumas) - 1: last}, number=number)
    frames = int(given.get("scene", 300))
    scenes = {"walker": (frames, 1.0, 0), "walker behind a pillar": (130, 2.5, 133)} if frames else {}
    for number, (name, (count, pace, pillar)) in enumerate(scenes.items()):
        lumas, masks = walker_scene(count, pace=pace, pillar=pillar)
        hidden = sum(not mask.any() for mask in masks)
        print(f"{name}: hidden in {hidden} frames", file=sys.stderr, flush=True)
        ends = {index: masks[index] for index in (count // 2, count * 3 // 4, count - 1) if masks[index].any()}
        bench.run(name, lumas, masks[0], ends, number=number)
    if "plot" in given:
        bars(bench.found, Path(given["plot"]), measure="ab distance to the hinted colour, by clip and frame")


if __name__ == "__main__":
    main()
