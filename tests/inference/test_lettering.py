"""Names in any script: written where a font has the letters, and else so that one can be told from another."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from temporal_colorize.inference import lettering
from temporal_colorize.inference.canvas import blank, write
from temporal_colorize.inference.lettering import legible

matplotlib = pytest.importorskip("matplotlib")  # has DejaVu Sans: Cyrillic, Arabic and more, but no Chinese
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
HAD = ["Камера №3.mp4", "Čeština ścieżka.mp4", "Κάμερα.mp4", "تصوير ليلي.mp4"]


@pytest.fixture(autouse=True)
def fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    lettering._best_font.cache_clear()
    monkeypatch.setattr(lettering, "font_folders", lambda: [FONTS])
    yield
    lettering._best_font.cache_clear()


def drawn(text: str) -> np.ndarray:
    canvas, (line, font) = blank(40, 400), legible(text)
    write(canvas, line, 10, 25, font=font)
    return canvas


@pytest.mark.parametrize("name", HAD[:3])
def test_a_font_that_has_the_letters_writes_them(name: str) -> None:
    text, font = legible(name)
    assert text == name and font.getname() == ("DejaVu Sans", "Book")
    other = name[1] + name[0] + name[2:]
    assert (drawn(name) != drawn(other)).any()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Überwachung 監視.mp4", r"Überwachung \u76e3\u8996.mp4"),  # the letters that the font has stay
        ("監視.mp4", r"\u76e3\u8996.mp4"),
        ("\u202egpj.exe", r"\u202egpj.exe"),  # would show it the other way round
        ("a\x1b[2J\udce4\tb", r"a\x1b[2J\udce4 b"),
        ("clip.mp4", "clip.mp4"),
    ],
)
def test_what_no_font_has_is_written_as_its_code(name: str, said: str) -> None:
    text, font = legible(name)
    assert text == said and (font is not None) == ("Ü" in name)
    assert drawn(name).min() < 100


@pytest.mark.parametrize("lacking", ["fonts", "Pillow"])
def test_without_fonts_or_pillow(lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if lacking == "fonts":
        monkeypatch.setattr(lettering, "font_folders", lambda: [FONTS / "none"])
    else:
        monkeypatch.setitem(sys.modules, "PIL", None)
    assert legible("Über дом.mp4") == (r"Uber \u0434\u043e\u043c.mp4", None)
    assert (drawn("дом.mp4") != drawn("сад.mp4")).any()


def test_scripts_that_need_layout_are_not_written_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    features = pytest.importorskip("PIL.features")
    monkeypatch.setattr(features, "check", lambda name: False)
    assert legible("ليلي дом.mp4")[0] == r"\u0644\u064a\u0644\u064a дом.mp4"


def test_a_name_from_right_to_left_ends_with_its_suffix() -> None:
    features = pytest.importorskip("PIL.features")
    if not features.check("raqm"):
        pytest.skip("Pillow without raqm")
    assert legible(HAD[3])[0] == HAD[3]
    differ = np.argwhere((drawn(HAD[3]) != drawn(HAD[3].replace("mp4", "avi"))).any((0, 2)))
    inked = np.argwhere((drawn(HAD[3]) < 200).any((0, 2)))
    assert differ.min() > inked.min() + 0.5 * np.ptp(inked)


def test_damaged_fonts_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a-sans.ttf").write_bytes(b"no font")
    monkeypatch.setattr(lettering, "font_folders", lambda: [tmp_path, FONTS])
    assert legible(HAD[0])[0] == HAD[0]
