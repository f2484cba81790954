"""Hints come back in the file as they were given, whatever its coding."""

from pathlib import Path

import av
import numpy as np
import pytest
import torch

from temporal_colorize.color.chroma import ChromaCoding, ab_to_chroma_exact, chroma_to_rgb, luma_from_code
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.hints.entries import Hint
from temporal_colorize.inference.hints.guide import HintGuide
from temporal_colorize.inference.picture import colorize_picture
from temporal_colorize.inference.planes import shrink
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.video import colorize_video
from tests.support.networks import tiny_weights
from tests.support.videos import write_video

BOX, COLOR = (40, 30, 60, 40), (35.0, -28.0)
SAID = "box 40,30,60,40, a 35.0, b -28.0"
CODINGS = {
    "4:2:0": {"pix_fmt": "yuv420p"},
    "4:4:4": {"pix_fmt": "yuv444p"},
    "ten bits": {"pix_fmt": "yuv420p10le"},
    "odd": {"pix_fmt": "yuv420p", "width": 161, "height": 121, "codec": "ffv1"},
}


def session() -> Session:
    return Session(tiny_weights(), SessionOptions(size=64))


def chroma_of(path: Path) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Read luma, (H, W), and Cb and Cr, (2, h, w), of every picture, in codes."""
    lumas, chromas = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            kind = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
            rows = [np.frombuffer(p, kind).reshape(p.height, -1)[:, : p.width].copy() for p in frame.planes]
            lumas.append(rows[0])
            chromas.append(np.stack(rows[1:]))
    return lumas, chromas


def distance(luma: np.ndarray, chroma: np.ndarray, ab: tuple[float, float], coding: ChromaCoding) -> np.ndarray:
    """Distance in ab of a picture's colours to the nearest that ab has at its luma, (h, w), by the exact conversion."""
    y = luma_from_code(torch.from_numpy(shrink(luma, *chroma.shape[1:]).astype(np.int32))[None], coding)
    asked = torch.tensor(ab)[:, None, None].expand(2, *y.shape[1:])
    lowest, highest = coding.chroma_bounds
    found = torch.from_numpy((chroma.astype(np.float32) - coding.chroma_centre) / (highest - lowest))
    nearest = ab_to_chroma_exact(y, asked, coding.matrix)
    labs = [rgb_to_lab(chroma_to_rgb(y, part.float(), coding.matrix))[1:] for part in (found, nearest)]
    return (labs[0] - labs[1]).norm(dim=0).numpy()


@pytest.mark.parametrize("gate", [None, GateOptions(settle=2)], ids=["every frame", "gate"])
@pytest.mark.parametrize("kind", CODINGS)
def test_a_hinted_pixel_comes_back_at_its_frame(tmp_path: Path, kind: str, gate: GateOptions | None) -> None:
    options = dict(CODINGS[kind])
    codec = options.pop("codec", "libx264")
    write_video(tmp_path / "a.mkv", count=8, codec=codec, **options)
    guide = HintGuide([Hint(name="hints[0]", frame=5, box=BOX, ab=COLOR)])
    lossless = {"qp": 0} if codec == "libx264" else {}
    report = colorize_video(
        tmp_path / "a.mkv", tmp_path / "b.mkv", session(), codec=codec, options=lossless, gate=gate, guide=guide
    )
    assert report.hints == [f"hints[0] at frame 5: {SAID}"] and not report.notes
    lumas, chromas = chroma_of(tmp_path / "b.mkv")
    coding = ChromaCoding("bt601", bit_depth=10 if kind == "ten bits" else 8)
    scale = [large / small for large, small in zip(lumas[5].shape, chromas[5].shape[1:], strict=True)]
    x, y, width, height = BOX
    rows, columns = (
        slice(round(y / scale[0]), round((y + height) / scale[0])),
        slice(round(x / scale[1]), round((x + width) / scale[1])),
    )
    within = distance(lumas[5], chromas[5], COLOR, coding)[rows, columns]
    assert within.max() < 2
    assert distance(lumas[4], chromas[4], COLOR, coding)[rows, columns].mean() > 10


def test_a_hint_of_a_time_that_does_not_come_is_named(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mkv", count=4)
    guide = HintGuide([Hint(name="hints[0]", at=9.5, box=BOX, ab=COLOR)])
    report = colorize_video(
        tmp_path / "a.mkv", tmp_path / "b.mkv", session(), codec="libx264", options={"qp": 0}, guide=guide
    )
    assert report.notes == ["hints[0] at 9.5 s: not used, there is no such picture"] and report.hints == []


def test_a_hint_lands_where_a_turned_video_shows_it(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mkv", count=2)
    write_video(tmp_path / "turned.mp4", count=2, rotation=90)
    with av.open(str(tmp_path / "turned.mp4")) as container:
        picture = next(container.decode(video=0))
        assert picture.rotation == 90  # counter-clockwise, as np.rot90 turns
    x, y, width, height = BOX
    shown = y, picture.width - x - width, height, width  # where np.rot90 takes the box
    for name, box in (("a.mkv", BOX), ("turned.mp4", shown)):
        guide = HintGuide([Hint(name="hints[0]", frame=0, box=box, ab=COLOR)])
        colorize_video(tmp_path / name, tmp_path / f"{name}.mkv", session(), codec="ffv1", options={}, guide=guide)
    both = [chroma_of(tmp_path / f"{name}.mkv") for name in ("a.mkv", "turned.mp4")]
    near = [distance(luma[0], chroma[0], COLOR, ChromaCoding("bt601")) < 2 for luma, chroma in both]
    rows, columns = slice(y // 2, (y + height) // 2), slice(x // 2, (x + width) // 2)
    assert near[0][rows, columns].all() and near[1][rows, columns].all() and near[1].mean() < 0.5


def test_a_time_is_that_of_the_nearest_picture(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mkv", count=10)
    guide = HintGuide([Hint(name="hints[0]", at=0.21, box=BOX, ab=COLOR)])  # between 0.20 and 0.24
    colorize_video(tmp_path / "a.mkv", tmp_path / "b.mkv", session(), codec="libx264", options={"qp": 0}, guide=guide)
    lumas, chromas = chroma_of(tmp_path / "b.mkv")
    middle = [
        distance(*both, COLOR, ChromaCoding("bt601"))[20:30, 25:45].max() for both in zip(lumas, chromas, strict=True)
    ]
    assert [value < 2 for value in middle][:6] == [False] * 5 + [True]


def test_a_hinted_picture(tmp_path: Path) -> None:
    import cv2

    grey = np.random.default_rng(0).integers(60, 180, (97, 131), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), grey)
    guide = HintGuide([Hint(name="hints[0]", at=0.0, box=BOX, ab=COLOR)])
    report = colorize_picture(tmp_path / "a.png", tmp_path / "b.png", session(), guide=guide)
    assert report.hints == [f"hints[0] at 0 s: {SAID}"]
    rgb = cv2.imread(str(tmp_path / "b.png"))[..., ::-1].astype(np.float32) / 255
    ab = rgb_to_lab(torch.from_numpy(rgb.copy()).permute(2, 0, 1))[1:]
    luma = luma_from_code(torch.from_numpy(grey)[None], ChromaCoding("bt601", full_range=True))
    asked = torch.tensor(COLOR)[:, None, None].expand(2, *grey.shape)
    nearest = rgb_to_lab(chroma_to_rgb(luma, ab_to_chroma_exact(luma, asked, "bt601").float(), "bt601"))[1:]
    x, y, width, height = BOX
    assert (ab - nearest).norm(dim=0)[y : y + height, x : x + width].max() < 2


def test_hints_outside_the_picture_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mkv", count=4)
    guide = HintGuide([Hint(name="hints[0]", frame=0, box=(500, 500, 10, 10), ab=COLOR)])
    with pytest.raises(ValueError, match=r"hints\[0\]: nothing of it is inside the picture of \d+x\d+"):
        colorize_video(tmp_path / "a.mkv", tmp_path / "b.mkv", session(), codec="libx264", options={}, guide=guide)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]
