"""Recipes of recordings: each returns a function that writes one into an empty folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.footage import (
    clip,
    damage_payload,
    join,
    keep,
    numbered,
    overwrite,
    pictures,
    retime_flv,
    without_first,
)

NO_B = {"qp": "10", "g": "10", "preset": "veryfast", "bf": "0"}  # of x264


def whole(name: str, **options: object) -> Callable[[Path], Path]:
    return lambda folder: clip(folder / name, **options)


def cut(name: str, start: float, stop: float, **options: object) -> Callable[[Path], Path]:
    return lambda folder: keep(clip(folder / name, **options), start, stop)


def zeroed(name: str, start: float, stop: float, *, noise: bool = False, **options: object) -> Callable[[Path], Path]:
    return lambda folder: overwrite(clip(folder / name, **options), start, stop, noise=noise)


def headless(name: str, packets: int, **options: object) -> Callable[[Path], Path]:
    return lambda folder: without_first(clip(folder / f"whole.{name}", **options), folder / name, packets)


def joined(name: str, *parts: dict[str, object]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        files = [clip(folder / f"{number}.{name}", **options) for number, options in enumerate(parts)]
        return join(folder / name, *files)

    return make


def noisy(name: str, numbers: range, **options: object) -> Callable[[Path], Path]:
    return lambda folder: damage_payload(clip(folder / f"whole.{name}", **options), folder / name, numbers)


def flv(stamps: Callable[[str, int, int], int], **options: object) -> Callable[[Path], Path]:
    return lambda folder: retime_flv(clip(folder / "a.flv", options=NO_B, **options), stamps)


def raw(pix_fmt: str, width: int = 128, height: int = 96, name: str = "a.nut", **options: object):
    return lambda folder: pictures(folder / name, pix_fmt, width=width, height=height, **options)


def sequence(pattern: str, numbers: range | list[int], **options: object) -> Callable[[Path], Path]:
    return lambda folder: numbered(folder / "frames", pattern, numbers, **options)


def content(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make
