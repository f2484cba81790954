"""Hints as a user writes them: a JSON list of points, boxes and brush masks, or a picture whose colours they are."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from temporal_colorize.color.chroma import AB_LIMIT

_PICTURES = frozenset({".png", ".bmp", ".tif", ".tiff", ".webp"})  # JPEG would smear colours over grey pixels
_SHAPES, _TIMES = ("point", "box", "mask"), ("at", "frame")
_OF_POINTS = ("radius", "grow")
_KEYS = {*_SHAPES, *_TIMES, *_OF_POINTS, "color"}
_RADIUS = 8.0  # luma pixels, of a point that does not say
_MOST = 1000  # entries
_GREY = 4.0  # ab units: what is nearer to grey in a picture of hints is no hint


@dataclass(frozen=True, kw_only=True)
class Hint:
    """A place in a picture and its colour.

    Attributes:
        name: For messages: "hints[3]".
        at: Seconds after the first picture that is coloured, or None for
        frame: its number, from 0.
        ab: Its colour; None where the picture at `mask` has the colours.
        point: x and y in luma pixels, and
        radius: in those.
        grow: Whether it stands for the thing that it is on: see `growing`.
        box: x, y, width and height in luma pixels.
        mask: A picture of the video's size.
    """

    name: str
    at: float | None = None
    frame: int | None = None
    ab: tuple[float, float] | None = None
    point: tuple[float, float] | None = None
    radius: float = _RADIUS
    grow: bool = False
    box: tuple[float, float, float, float] | None = None
    mask: Path | None = None

    def __str__(self) -> str:
        when = f"frame {self.frame}" if self.at is None else f"{self.at:g} s"
        return f"{self.name} at {when}"

    def described(self) -> str:
        """Say all of it in a line, for a record: of a picture the SHA-256, and the box that holds what it hints.

        Raises:
            ValueError: If the picture is none.
        """
        colour = "in its own colours" if self.ab is None else "a {:.1f}, b {:.1f}".format(*self.ab)
        return f"{self}: {self._shape()}, {colour}"

    def _shape(self) -> str:
        if self.mask is not None:
            where = read_colors(self.mask)[1] if self.ab is None else read_mask(self.mask)
            digest = hashlib.sha256(self.mask.read_bytes()).hexdigest()
            return f"picture {self.mask.name} with SHA-256 {digest}, {int(where.sum())} pixels in {_box_of(where)}"
        if self.box is not None:
            return "box {:g},{:g},{:g},{:g}".format(*self.box)
        grown = ", grown" if self.grow else ""
        return "point {:g},{:g}".format(*self.point) + f" of radius {self.radius:g}{grown}"


def _box_of(where: np.ndarray) -> str:
    """Write the box around what is set, left, top, width and height; "nothing" where nothing is."""
    spans = [np.flatnonzero(where.any(axis)) for axis in (0, 1)]
    if not len(spans[0]):
        return "nothing"
    (left, right), (top, bottom) = ((span[0], span[-1] + 1) for span in spans)
    return f"box {left},{top},{right - left},{bottom - top}"


def read_hints(path: str | Path, *, at: float | None = None) -> list[Hint]:
    """Read hints.

    Args:
        path: A `.json` file, or a picture of the video's size whose coloured pixels are the hints.
        at: When such a picture is, in seconds; None for the first picture.

    Raises:
        ValueError: If the file cannot be read, or an entry is wrong; the message names the entry and the fault.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"hints={path}: there is no such file; name a .json file or a picture")
    if path.suffix.lower() in _PICTURES:
        if at is not None:
            _number("hints_at", at, least=0)
        return [Hint(name=f"hints={path}", mask=path, at=float(at or 0))]
    if path.suffix.lower() != ".json":
        raise ValueError(f"hints={path} must end in .json, or in {', '.join(sorted(_PICTURES))} for a picture")
    if at is not None:
        raise ValueError(f"hints_at={at} is for a picture of hints; the entries of {path} have an `at` each")
    try:
        entries = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"hints={path} is not a JSON file that can be read ({error})") from None
    if not isinstance(entries, list) or not 1 <= len(entries) <= _MOST:
        raise ValueError(f"hints={path} must be a list of 1 to {_MOST} entries in brackets")
    return [_parse(f"{path}[{number}]", entry, path.parent) for number, entry in enumerate(entries)]


def digest(hints: list[Hint]) -> str:
    """Return the SHA-256 of all that hints say, the pictures they name included."""
    found = hashlib.sha256()
    for hint in hints:
        found.update(repr((hint.at, hint.frame, hint.ab, hint.point, hint.radius, hint.grow, hint.box)).encode())
        found.update(hint.mask.read_bytes() if hint.mask else b"")
    return found.hexdigest()


def _parse(name: str, entry: object, folder: Path) -> Hint:
    if not isinstance(entry, dict):
        raise ValueError(f"{name} must be an entry in braces, with `at`, `color`, and one of {', '.join(_SHAPES)}")
    if unknown := sorted(map(str, set(entry) - _KEYS)):
        raise ValueError(f"{name}: {unknown[0]} is unknown; known are {', '.join(sorted(_KEYS))}")
    shape, time = (_one_of(name, entry, keys) for keys in (_SHAPES, _TIMES))
    if (foreign := [key for key in _OF_POINTS if key in entry]) and shape != "point":
        raise ValueError(f"{name}: {foreign[0]} belongs to a point, and this is a {shape}; leave it out")
    if "color" not in entry:
        raise ValueError(f'{name}: color is missing; give "#rrggbb" or [a, b]')
    made: dict[str, object] = {"name": name, "ab": parse_color(f"{name}: color", entry["color"])}
    if time == "at":
        made["at"] = _number(f"{name}: at", entry["at"], least=0)
    else:
        made["frame"] = int(_number(f"{name}: frame", entry["frame"], least=0, whole=True))
    if shape == "mask":
        made["mask"] = folder / str(entry["mask"])
        if not made["mask"].is_file():
            raise ValueError(f"{name}: mask={entry['mask']}: there is no such file beside {folder}")
        return Hint(**made)
    made[shape] = _numbers(f"{name}: {shape}", entry[shape], count=2 if shape == "point" else 4)
    if shape == "box" and min(made["box"][2:]) <= 0:
        raise ValueError(f"{name}: box={entry['box']} must be [x, y, width, height] with width and height above 0")
    if "radius" in entry:
        made["radius"] = _number(f"{name}: radius", entry["radius"], least=0.5)
    if "grow" in entry:
        if not isinstance(entry["grow"], bool):
            raise ValueError(f"{name}: grow={entry['grow']} must be true or false")
        made["grow"] = entry["grow"]
    return Hint(**made)


def parse_color(name: str, value: object) -> tuple[float, float]:
    """Read "#rrggbb" or [a, b] as a and b.

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(value, str) and re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        rgb = np.frombuffer(bytes.fromhex(value[1:]), np.uint8)
        a, b = ab_of_rgb(rgb[None, None])[0, 0]
        return float(a), float(b)
    if isinstance(value, list) and len(value) == 2:
        return tuple(_number(name, part, least=-AB_LIMIT, most=AB_LIMIT) for part in value)
    raise ValueError(f'{name}={value} must be "#rrggbb" or [a, b]')


def ab_of_rgb(rgb: np.ndarray) -> np.ndarray:
    """Return a and b, (H, W, 2) float32, of sRGB, (H, W, 3) uint8."""
    import cv2

    return cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 1:]


def read_colors(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a picture of hints: a and b, (2, H, W) float32, and where it is coloured and not transparent, (H, W) bool.

    Raises:
        ValueError: If it is no picture.
    """
    rgb, opaque = _read(path)
    ab = ab_of_rgb(rgb)
    return ab.transpose(2, 0, 1), opaque & (np.hypot(ab[..., 0], ab[..., 1]) > _GREY)


def read_mask(path: Path) -> np.ndarray:
    """Read a brush mask, (H, W) bool: what is neither black nor transparent.

    Raises:
        ValueError: If it is no picture.
    """
    rgb, opaque = _read(path)
    return opaque & (rgb > 0).any(-1)


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read RGB, (H, W, 3) uint8, and where it is not transparent."""
    import cv2

    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"hints: {path} is not a picture that can be read; give a PNG")
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    if picture.ndim == 2:
        picture = picture[..., None].repeat(3, -1)
    opaque = picture[..., 3] > 0 if picture.shape[-1] == 4 else np.ones(picture.shape[:2], bool)
    return picture[..., 2::-1], opaque


def _one_of(name: str, entry: Mapping[str, object], keys: tuple[str, ...]) -> str:
    found = [key for key in keys if key in entry]
    if len(found) != 1:
        what = f"both {found[0]} and {found[1]}" if found else f"no {' and no '.join(keys)}"
        raise ValueError(f"{name} has {what}: give one of {', '.join(keys)}")
    return found[0]


def _number(name: str, value: object, *, least: float, most: float = float("inf"), whole: bool = False) -> float:
    from temporal_colorize.options import require_integer, require_number

    (require_integer if whole else require_number)(name, value, least=least, most=most)
    return float(value)


def _numbers(name: str, value: object, *, count: int) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) != count:
        raise ValueError(f"{name}={value} must be {count} numbers in brackets")
    return tuple(_number(name, part, least=0) for part in value)
