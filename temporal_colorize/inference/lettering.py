"""What can be written of a text, and with which letters: a font of this machine has what OpenCV's own lacks."""

import functools
import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

_EM = 15  # pixels; its capitals are then as tall as OpenCV's letters are on our canvases
_MOST = 500  # fonts that are looked into
_SUFFIXES = {".ttf", ".ttc", ".otf"}
_STYLED = ("bold", "italic", "oblique", "mono", "serif", "condensed", "light", "thin", "black", "medium")
_NOWHERE = "\uffff"  # no letter, whatever the font


def legible(text: str) -> tuple[str, "FreeTypeFont | None"]:
    r"""Make a line of text that can be written.

    ASCII stays with OpenCV's letters. Other letters are looked for in the fonts of this machine, where Pillow is
    installed, and the one font that has most of them writes the line. What it lacks, and what has no shape or would
    turn others round (U+202E), is written as Python and JSON do, \u76e3. Without any font letters lose their accents
    first.

    Returns:
        The text, and the font; None for OpenCV's.
    """
    text = "".join(" " if letter.isspace() else letter for letter in unicodedata.normalize("NFC", text))
    strange = frozenset(letter for letter in text if not letter.isascii() and letter.isprintable())
    font, known = _best_font(strange, tuple(font_folders())) if strange else (None, frozenset())
    if font is None:
        parts = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in parts if not unicodedata.combining(letter))
    return "".join(letter if letter in known or _is_plain(letter) else ascii(letter)[1:-1] for letter in text), font


def font_folders() -> Iterable[Path]:
    """Name the folders where systems keep their fonts; not all of them exist."""
    home, data = Path.home(), os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    yield from (Path(folder) / "fonts" for folder in (*data.split(":"), home / ".local/share"))
    yield from (home / ".fonts", home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts"))
    yield from (Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts",)


def _is_plain(letter: str) -> bool:
    return letter.isascii() and letter.isprintable()


@functools.lru_cache(maxsize=64)
def _best_font(letters: frozenset[str], folders: tuple[Path, ...]) -> "tuple[FreeTypeFont | None, frozenset[str]]":
    """Choose the font that has most of the letters, and say which; None without Pillow, or where no font has any."""
    try:
        from PIL import ImageFont, features
    except ModuleNotFoundError:
        return None, frozenset()
    if not features.check("raqm"):  # which joins letters, and writes from right to left
        letters = frozenset(letter for letter in letters if not _needs_layout(letter))
    best, most = None, frozenset()
    for path in _font_files(folders):
        try:
            font = ImageFont.truetype(path, _EM)
            known = _known(font, letters)
        except (OSError, ValueError):  # pictures in place of outlines, or damaged
            continue
        if len(known) > len(most):
            best, most = font, known
        if most == letters:
            break
    return best, most


def _needs_layout(letter: str) -> bool:
    return unicodedata.bidirectional(letter) in ("R", "AL", "AN") or unicodedata.category(letter)[0] == "M"


def _known(font: "FreeTypeFont", letters: frozenset[str]) -> frozenset[str]:
    """Say which letters a font has: those that do not look like what it shows for a letter that it lacks."""
    lacking = font.getmask(_NOWHERE)
    looks = {letter: font.getmask(letter) for letter in letters}
    return frozenset(
        letter
        for letter, look in looks.items()
        if look.getbbox() and (look.size != lacking.size or bytes(look) != bytes(lacking))
    )


def _font_files(folders: tuple[Path, ...]) -> list[Path]:
    """List font files, plain ones first."""
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES]
    plain = (path for path in files if "lastresort" not in path.name.lower())  # which draws a box for every letter
    return sorted(plain, key=lambda path: (_styles(path.name), path.name))[:_MOST]


def _styles(name: str) -> int:
    """Count what makes a font less plain."""
    words = name.lower().replace("sansserif", "sans")
    return sum(word in words for word in _STYLED) + ("sans" not in words)
