"""Judge reference=: the background's ab error with a daytime picture beside that without, and what is refused.

python -m benchmarks.reference data.root=/my/validation [data.videos=clips/cctv-*] [night=severe] [frames=40]
    [every=4] [shift=8] [pairs=0] [same=clip1+clip2,clip3+clip4] [plot=reference.png]

The reference is each clip's first frame, shifted by up to `shift` pixels and relit; the clip's luma goes through
conf/degrade/NIGHT.yaml. Of `frames` frames every `every`th is coloured. Foreground is what differs from the clip's own
median by more than 10 codes of luma. Clips in which more than half of the pixels are that are left out: their camera
moves. With pairs=n, every clip's reference is also tried on the nights of n other clips; `same` names clips of one
camera, which count as fitting.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch

from benchmarks.plots import bars
from temporal_colorize import cli
from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.data.degrade.light import to_coded, to_linear
from temporal_colorize.evaluation.scenes import Scene, find_scenes
from temporal_colorize.inference.hints.entries import ab_of_rgb
from temporal_colorize.inference.hints.guidance import View, network_hints, shares
from temporal_colorize.inference.planes import ab_at, lightness_of, shrink
from temporal_colorize.inference.reference.guide import ReferenceGuide
from temporal_colorize.inference.reference.picture import Reference
from temporal_colorize.inference.reference.registering import RegisteringOptions, register
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.weights import Weights, load_weights

_FULL = ChromaCoding("bt601", full_range=True, bit_depth=8)
_CHANGE = 10  # codes of luma
_MOST_MOVING = 0.5  # of the pixels


class Place(NamedTuple):
    """A clip, its night and its day."""

    name: str
    rgb: np.ndarray  # (T, H, W, 3) uint8
    moving: np.ndarray  # (T, H, W) bool
    night: np.ndarray  # (T, H, W) uint8
    day: Reference


def prepare(scene: Scene, night: Mapping[str, object], *, frames: int, shift: float, seed: int) -> Place:
    """Make night of a clip, and a reference of its first frame."""
    rgb = np.asarray(scene.load())[:frames]
    luma = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in rgb]).astype(np.float32)
    change = np.abs(luma - np.median(luma, axis=0))
    moving = np.stack([cv2.GaussianBlur(plane, (0, 0), 1.5) > _CHANGE for plane in change])
    clip = torch.from_numpy(rgb).permute(0, 3, 1, 2)[None].float() / 255
    dark = cli.build(night)(clip, matrix="bt601", generator=torch.Generator().manual_seed(seed))[0, :, 0]
    day = relit(rgb[0], shift, np.random.default_rng(seed))
    reference = Reference(scene.name, cv2.cvtColor(day, cv2.COLOR_RGB2GRAY), ab_of_rgb(day), "")
    return Place(Path(scene.name).stem, rgb, moving, (dark * 255).round().byte().numpy(), reference)


def relit(rgb: np.ndarray, shift: float, rng: np.random.Generator) -> np.ndarray:
    """Shift a picture, and light it by 0.7 to 1.3 of its light, 0.67 to 1.5 of that from one side to the other."""
    height, width = rgb.shape[:2]
    angle, level, move = rng.uniform(0, 2 * np.pi), rng.uniform(0.7, 1.3), rng.uniform(-shift, shift, 2)
    y, x = np.mgrid[:height, :width] / np.array([height, width]).reshape(2, 1, 1) * 2 - 1
    field = level * np.exp(0.4 * (x * np.cos(angle) + y * np.sin(angle)))
    light = to_linear(torch.from_numpy(rgb).float() / 255) * torch.from_numpy(field).float()[..., None]
    lit = (to_coded(light) * 255).round().byte().numpy()
    moved = np.float32([[1, 0, move[0]], [0, 1, move[1]]])
    return cv2.warpAffine(lit, moved, (width, height), borderMode=cv2.BORDER_REPLICATE)


def errors(place: Place, weights: Weights, *, every: int) -> dict[str, tuple[float, float]]:
    """Mean ab distance of background and foreground by way of colouring, and the share that the reference gives."""
    half = tuple(length // 2 for length in place.night.shape[1:])
    sessions = {way: Session(weights, SessionOptions()) for way in ("without", "with")}
    size = sessions["with"].network_size(*place.night.shape[1:])
    guide = ReferenceGuide([place.day])
    guide.begin(View(place.night.shape[1:], half, size, _FULL, 100.0))
    sums: dict[str, list[tuple[float, float]]] = {}
    for number in range(every, len(place.night), every):
        luma = shrink(place.night[number], *half)
        codes = shrink(luma, *size)
        seen, wide = lightness_of(codes, _FULL), torch.from_numpy(luma)[None].float() / 255
        known = guide(place.night[number], codes, 0.0)
        true = torch.from_numpy(np.stack([shrink(p, *half) for p in ab_of_rgb(place.rgb[number]).transpose(2, 0, 1)]))
        ways = {"grey": torch.zeros_like(true), "without": ab_at(wide, sessions["without"].color(seen), seen)}
        network = ab_at(wide, sessions["with"].color(seen, network_hints(shares(known.told, size))), seen)
        ways["with"] = torch.lerp(network, torch.from_numpy(known.ab), torch.from_numpy(known.mask))
        far = {way: (ab - true).norm(dim=0).numpy() for way, ab in ways.items()} | {"given": known.mask}
        moving = shrink(place.moving[number].astype(np.float32), *half) > 0.5
        for way, plane in far.items():
            parts = [float(plane[part].mean()) if part.any() else np.nan for part in (~moving, moving)]
            sums.setdefault(way, []).append(tuple(parts))
    return {way: tuple(np.nanmean(values, axis=0)) for way, values in sums.items()}


def print_errors(places: list[Place], weights: Weights, *, every: int) -> dict[str, dict[str, float]]:
    """Print both errors of every place, and return the background's."""
    background = "background: grey | without | with | ratio | given"
    foreground = "foreground: grey | without | with | given"
    print(f"| clip | changed | {background} | {foreground} |")
    print("|---|" + "---|" * 10)
    rows, behind = [], {}
    for place in places:
        if (changed := float(place.moving.mean())) > _MOST_MOVING:
            print(f"| {place.name} | {changed:.2f} | its camera moves |", flush=True)
            continue
        try:
            found = errors(place, weights, every=every)
        except ValueError as refusal:
            print(f"| {place.name} | {changed:.2f} | refused: {refusal} |", flush=True)
            continue
        behind[place.name] = {way: found[way][0] for way in ("grey", "without", "with", "given")}
        numbers = [found[way][part] for part in (0, 1) for way in ("grey", "without", "with", "given")]
        rows.append([changed, *numbers])
        print(_row(place.name, rows[-1]), flush=True)
    print(_row("mean", np.nanmean(rows, axis=0)), flush=True)
    return behind


def _row(name: str, numbers: list[float]) -> str:
    cells = [f"{number:.2f}" for number in numbers]
    cells.insert(4, f"{numbers[3] / numbers[2]:.2f}")
    return "| " + " | ".join([name, *cells]) + " |"


def print_refusals(places: list[Place], pairs: int, same: set[frozenset[str]]) -> None:
    """Try references on nights of their own and of other cameras."""
    fits: dict[bool, list[tuple[bool, float, float, str]]] = {True: [], False: []}
    for number, place in enumerate(places):
        others = [places[(number + 1 + 3 * step) % len(places)] for step in range(pairs)]
        for other in [place, *(other for other in others if other is not place)]:
            found = register(place.day.luma, other.night[len(other.night) // 2])
            belongs = other is place or any({place.name, other.name} <= group for group in same)
            accepted = found.refusal(RegisteringOptions()) is None
            fits[belongs].append((accepted, found.agreement, found.peak, f"{place.name} on {other.name}"))
    for belongs, tried in fits.items():
        wrong = [f"{name} ({agreement:.2f}, {peak:.1f})" for ok, agreement, peak, name in tried if ok != belongs]
        what = "of the same camera, refused" if belongs else "of another camera, accepted"
        print(f"\n{len(tried)} {what}: {len(wrong)} {', '.join(wrong)}", flush=True)
        extreme = (min if belongs else max)(tried, key=lambda one: one[2])
        print(f"nearest to the limit: {extreme[3]}, agreement {extreme[1]:.2f}, peak {extreme[2]:.1f}", flush=True)


def main() -> None:
    own = {"night": "severe", "frames": "40", "every": "4", "shift": "8", "pairs": "0", "same": "", "plot": ""}
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    own = {name: given.pop(name, value) for name, value in own.items()}
    given = {"data.pictures": "none/*", "data.videos": "clips/cctv-*", **given}
    config = cli.compose("evaluate", [f"{name}={value}" for name, value in given.items()])
    night = cli.compose("train", [f"degrade={own['night']}"]).degrade
    same = {frozenset(group.split("+")) for group in own["same"].split(",") if group}
    scenes = find_scenes(**{**config.data, "groups": None})
    options = {"frames": int(own["frames"]), "shift": float(own["shift"])}
    places = [prepare(scene, night, **options, seed=seed) for seed, scene in enumerate(scenes)]
    behind = print_errors(places, load_weights("convlstm"), every=int(own["every"]))
    if own["plot"]:
        bars(behind, Path(own["plot"]), measure="ab error of the background")
    if int(own["pairs"]):
        print_refusals(places, int(own["pairs"]), same)


if __name__ == "__main__":
    main()
