"""What verify finds: nothing where nothing was changed, and each thing that was."""

import json
import shutil
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from temporal_colorize.provenance.record import RecordError, usual_path
from tests.provenance.conftest import Colorize, checks, verdicts
from tests.support.videos import variable_pts, write_video

ALL_WELL = {"output": True, "source": True, "weights": True, "signature": None, "frames": True, "luma": True}
SOURCES = {
    "plain": ("a.mp4", {}),
    "variable rate": ("a.mkv", {"pts": variable_pts(25), "time_base": Fraction(1, 1000)}),
    "motion JPEG": ("a.avi", {"codec": "mjpeg", "pix_fmt": "yuvj420p"}),
    "ten bits": ("a.mkv", {"pix_fmt": "yuv420p10le"}),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_an_output_as_it_was_written_is_all_right(tmp_path: Path, colorize: Colorize, kind: str) -> None:
    name, options = SOURCES[kind]
    write_video(tmp_path / name, count=25, **options)
    colorize(tmp_path / name, tmp_path / "b.mkv", mark=kind == "plain")
    assert verdicts(tmp_path / "b.mkv") == ALL_WELL


def test_a_part_of_an_interlaced_file(tmp_path: Path, colorize: Colorize) -> None:
    options = {"qp": "10", "g": "8", "x264-params": "tff=1"}
    write_video(tmp_path / "a.mp4", count=40, options=options)
    report = colorize(tmp_path / "a.mp4", tmp_path / "b.mp4", start=0.4, end=1.2)
    assert report.luma_changed and verdicts(tmp_path / "b.mp4") == ALL_WELL
    base = Fraction(report.frame_map["time_base"])
    assert report.frame_map["first"] == 0
    assert report.frame_map["runs"] == [
        {"frame": 0, "count": 20, "picture": 0, "moved": -int(Fraction(2, 5) / base), "damaged": False}
    ]


def test_what_differs_is_named(tmp_path: Path, colorize: Colorize) -> None:
    write_video(tmp_path / "a.mp4", count=12)
    write_video(tmp_path / "other.mp4", count=12, pts=[2 * n for n in range(12)])
    output, record = tmp_path / "b.mp4", usual_path(tmp_path / "b.mp4")
    colorize(tmp_path / "a.mp4", output)
    wrong_times = verdicts(output, source=tmp_path / "other.mp4")
    assert wrong_times == {**ALL_WELL, "source": False, "frames": False, "luma": None}
    known = json.loads(record.read_text())
    known["frames"]["runs"][0]["picture"] = 1
    known["weights"]["sha256"] = "0" * 64
    record.write_text(json.dumps(known))
    assert verdicts(output) == {**ALL_WELL, "weights": False, "frames": False, "luma": None}


def test_a_luma_sample_that_was_changed_is_found_outside_the_mark_alone(tmp_path: Path, colorize: Colorize) -> None:
    lumas = write_video(tmp_path / "a.mkv", count=3)
    colorize(tmp_path / "a.mkv", tmp_path / "b.mkv", mark=True)
    x, y, wide, tall = json.loads(usual_path(tmp_path / "b.mkv").read_text())["done"]["mark"]["box"]
    for place, differs in (((y, x), False), ((y + tall - 1, x + wide - 1), False), ((y - 1, x), True)):
        luma = lumas[2].copy()
        luma[place] ^= 1
        rewrite(tmp_path / "a.mkv", tmp_path / "c.mkv", [*lumas[:2], luma])
        found = checks(tmp_path / "b.mkv", source=tmp_path / "c.mkv")
        assert found["frames"].passed and found["luma"].passed is not differs
        assert not differs or found["luma"].text.startswith(
            "1 of 3 frames differ outside the mark, the first is frame 2"
        )


def rewrite(like: Path, path: Path, lumas: list[np.ndarray]) -> None:
    with av.open(str(like)) as given, av.open(str(path), "w") as made:
        video = made.add_stream("libx264", rate=25, options={"qp": "0"})
        video.width, video.height, video.pix_fmt = lumas[0].shape[1], lumas[0].shape[0], "yuv420p"
        video.codec_context.time_base = Fraction(1, 25)
        for frame, luma in zip(given.decode(video=0), lumas, strict=True):
            planes = frame.to_ndarray()
            planes[: luma.shape[0]] = luma
            picture = av.VideoFrame.from_ndarray(planes, "yuv420p")
            picture.pts, picture.time_base = frame.pts, frame.time_base
            made.mux(video.encode(picture))
        made.mux(video.encode(None))


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".bmp", ".jpg"])
def test_pictures(tmp_path: Path, colorize: Colorize, suffix: str) -> None:
    source, output = tmp_path / "a.png", tmp_path / f"b{suffix}"
    cv2.imwrite(str(source), np.random.default_rng(0).integers(0, 256, (96, 128), np.uint8))
    colorize(source, output, mark=True)
    expected = {name: ALL_WELL[name] for name in ("output", "source", "weights", "signature", "luma")}
    assert verdicts(output) == {**expected, "luma": None if suffix == ".jpg" else True}
    picture = cv2.imread(str(source), cv2.IMREAD_GRAYSCALE)
    picture[0, 0] ^= 8
    cv2.imwrite(str(source), picture)
    assert verdicts(output)["luma"] is (None if suffix == ".jpg" else False)


def test_what_is_not_there_is_bad_input(tmp_path: Path, colorize: Colorize) -> None:
    write_video(tmp_path / "a.mp4", count=3)
    output, record = tmp_path / "b.mp4", usual_path(tmp_path / "b.mp4")
    colorize(tmp_path / "a.mp4", output)
    shutil.move(tmp_path / "a.mp4", tmp_path / "moved.mp4")
    assert verdicts(output) == {**ALL_WELL, "source": None, "frames": None, "luma": None}
    assert verdicts(output, source=tmp_path / "moved.mp4") == ALL_WELL
    for content, said in (("{", "no JSON"), ("[]", "not a record"), ('{"record": 1}', "not a record")):
        record.write_text(content)
        with pytest.raises(ValueError, match=said):
            verdicts(output)
    record.unlink()
    with pytest.raises(ValueError, match="or run infer"):
        verdicts(output)
    with pytest.raises(ValueError, match="no such file"):
        verdicts(tmp_path / "gone.mp4")


EDITS = {
    "lacks encoder": lambda known: known.pop("encoder"),
    "lacks output.sha256": lambda known: known["output"].pop("sha256"),
    r"has '0/0' as frames\.time_base": lambda known: known["frames"].update(time_base="0/0"),
    "lacks config.deinterlace": lambda known: known["config"].pop("deinterlace"),
    r"lacks frames\.runs\[0\]\.picture": lambda known: known["frames"]["runs"][0].pop("picture"),
    r"has \[1\] as frames\.steps\[0\]": lambda known: known["frames"].update(steps=[[1]]),
    "has 'mine' as source": lambda known: known.update(source="mine"),
    r"has 'here' as done\.mark\.box": lambda known: known["done"].update(mark={"box": "here"}),
    r"lacks given\.hints\.paths": lambda known: known.update(given={"hints": {"files": 1, "bytes": 1, "sha256": ""}}),
    "config.limits that there are not": lambda known: known["config"].update(limits={"speed": 1}),
}


def test_a_record_that_was_edited_is_refused_in_one_line(tmp_path: Path, colorize: Colorize) -> None:
    write_video(tmp_path / "a.mp4", count=3)
    output, record = tmp_path / "b.mp4", usual_path(tmp_path / "b.mp4")
    colorize(tmp_path / "a.mp4", output)
    whole = record.read_text()
    for said, edit in EDITS.items():
        known = json.loads(whole)
        edit(known)
        record.write_text(json.dumps(known))
        with pytest.raises(RecordError, match=said) as error:
            verdicts(output)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".bmp"])
def test_sixteen_bits_that_became_eight_are_no_longer_the_source_s(
    tmp_path: Path, colorize: Colorize, suffix: str
) -> None:
    source, output = tmp_path / "a.png", tmp_path / f"b{suffix}"
    cv2.imwrite(str(source), np.random.default_rng(0).integers(0, 65536, (96, 128), np.uint16))
    report, keeps = colorize(source, output), suffix == ".png"
    known = json.loads(usual_path(output).read_text())
    assert known["encoder"]["lossless"] is keeps and known["done"]["luma_changed"] is not keeps
    assert ("16 bits became 8" in str(report)) is not keeps
    assert checks(output)["luma"].passed is (True if keeps else None)
    known["encoder"]["lossless"] = True  # as records said before
    usual_path(output).write_text(json.dumps(known))
    assert keeps or "has 16 bits a sample, and the output 8" in checks(output)["luma"].text
