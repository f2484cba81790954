"""infer.py as a user runs it."""

import json
import os
import pty
import re
import subprocess
import sys
import termios
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

from temporal_colorize import cli
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.runtimes import RuntimeOptions, open_weights
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.video import colorize_video
from tests.support.caffe import write_caffe
from tests.support.networks import tiny_weights_file
from tests.support.places import at_night, place, view
from tests.support.program import ENVIRONMENT, ROOT, here, run
from tests.support.videos import frame_times, lumas_of, write_video

FAST = ("inference.size=64", "encoder.preset=ultrafast", "progress=false")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights_file(tmp_path_factory.mktemp("weights"))


def infer(weights: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run("infer.py", f"weights={weights}", *FAST, *arguments)


def test_a_clip_with_a_difficult_name(weights: Path, tmp_path: Path) -> None:
    source = tmp_path / "Cam 3 (north), 2024=05 'x'.mp4"
    write_video(source, count=8)
    result = infer(weights, f"video={source}")
    assert result.returncode == 0, result.stderr
    output = tmp_path / "Cam 3 (north), 2024=05 'x'.color.mp4"
    assert result.stdout.startswith(f"{output}: 8 frames in ")
    assert result.stdout.count("\n") == 1
    assert frame_times(output) == frame_times(source)


def test_where_the_time_goes_is_told_and_written(weights: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=6)
    result = infer(weights, f"video={tmp_path / 'a.mp4'}", "profile=true", "gate=off", f"report={tmp_path / 'a.json'}")
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["frames"] == report["looks"] == 6 and report["output"] == str(tmp_path / "a.color.mp4")
    stages = {"decode", "shrink", "network", "decode bins", "fit lines", "lay chroma", "encode"}
    assert set(report["profile"]) == stages and all(f" ms a frame: {stage}\n" in result.stdout for stage in stages)
    nowhere = infer(weights, f"video={tmp_path / 'a.mp4'}", f"output={tmp_path / 'b.mp4'}", "report=/no/where.json")
    assert nowhere.returncode == 2 and "report=/no/where.json" in nowhere.stderr
    folder = infer(weights, f"video={tmp_path / 'a.mp4'}", f"output={tmp_path / 'b.mp4'}", f"report={tmp_path}")
    assert folder.returncode == 2 and "is not a file" in folder.stderr
    assert not (tmp_path / "b.mp4").exists()
    assert not (tmp_path / "b.mp4").exists()


def test_variants_are_files_with_their_probability(weights: Path, tmp_path: Path) -> None:
    """Of a still that a random network is in doubt about: a whole is hinted unless it is the estimate."""
    blocks = np.random.default_rng(0).integers(60, 220, (3, 4), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), cv2.resize(blocks, (96, 72), interpolation=cv2.INTER_NEAREST))
    easy = ("variant.least=0.0", "variant.differ=5", f"report={tmp_path / 'r.json'}")
    result = infer(weights, f"video={tmp_path / 'a.png'}", "variants=2", "runtime=torch", *easy)
    assert result.returncode == 0, result.stderr
    reports = json.loads((tmp_path / "r.json").read_text())["variants"]
    assert [report["output"] for report in reports] == [str(tmp_path / f"a.color.{number}.png") for number in (1, 2)]
    for number, report in enumerate(reports, start=1):
        assert report["variant"].startswith(f"variant {number} of 2, probability")
        assert report["variant"] in result.stdout
        assert bool(report["hints"]) == ("as estimated" not in report["variant"])
    first, second = (cv2.imread(str(tmp_path / f"a.color.{number}.png")).astype(int) for number in (1, 2))
    assert np.abs(first - second).max() > 5
    refused = infer(weights, f"video={tmp_path / 'a.png'}", "variants=2", f"hints={tmp_path / 'a.png'}")
    assert refused.returncode == 2 and "give one of them alone" in refused.stderr


def test_lossless_and_output(weights: Path, tmp_path: Path) -> None:
    given = write_video(tmp_path / "a.mp4", count=4)
    result = infer(weights, f"video={tmp_path / 'a.mp4'}", f"output={tmp_path / 'b.mkv'}", "encoder=lossless")
    assert result.returncode == 0, result.stderr
    np.testing.assert_array_equal(lumas_of(tmp_path / "b.mkv"), given)


def test_codecs_that_are_not_here_are_replaced_and_named(weights: Path, tmp_path: Path) -> None:
    """No machine has a VA-API encoder and Apple's: the report's one line says what stood in."""
    write_video(tmp_path / "a.mp4", count=4)
    output = tmp_path / "b.mp4"
    arguments = ("decoder=vaapi", "encoder=videotoolbox", "encoder.threads=1")
    result = infer(weights, f"video={tmp_path / 'a.mp4'}", f"output={output}", *arguments)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("\n") == 1 and result.stdout.startswith(f"{output}: 4 frames in ")
    assert "encoder h264_videotoolbox is not in this build of PyAV: encoded by libx264 with" in result.stdout
    assert b" threads=1 " in output.read_bytes()  # x264's settings


def test_the_progress_bar_tells_speed_and_time_left_on_a_terminal_alone(weights: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=8)
    arguments = (f"video={tmp_path / 'a.mp4'}", "progress=true")
    result = infer(weights, *arguments)
    assert result.returncode == 0 and not result.stderr
    reading, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    command = [sys.executable, str(ROOT / "infer.py"), f"weights={weights}", *FAST, *arguments]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=terminal, env=ENVIRONMENT, check=True)
    said = os.read(reading, 4096).decode()
    for end in (reading, terminal):
        os.close(end)
    assert "8/8 [" in said and "frames/s]" in said and "<00:00" in said


def test_elsewhere_a_line_tells_how_far_a_run_of_some_seconds_is(weights: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=240)
    arguments = (f"video={tmp_path / 'a.mp4'}", "gate=off", "progress_seconds=0.1")
    result = infer(weights, *arguments, "progress=true")
    told = result.stderr.splitlines()
    found = [re.fullmatch(r"a\.mp4: (\d+) of 240 frames \((\d+) %\), [\d.]+ fps, 0:\d\d left", line) for line in told]
    assert result.returncode == 0 and all(found) and found, result.stderr
    counts = [int(match[1]) for match in found]
    assert counts == sorted(set(counts)) and all(int(match[2]) == round(100 * (int(match[1]) / 240)) for match in found)
    assert result.stdout.startswith(f"{tmp_path / 'a.color.mp4'}: 240 frames in ") and result.stdout.count("\n") == 1
    part = infer(weights, *arguments, "progress=true", "start=1")
    assert re.match(r"a\.mp4: \d+ frames, [\d.]+ fps\n", part.stderr)
    assert not infer(weights, *arguments, "progress=false", "resume=off").stderr
    refused = infer(weights, *arguments, "progress_seconds=0")
    assert refused.returncode == 2 and "progress_seconds=0 must be" in refused.stderr


def test_a_picture(weights: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "photo.jpg"), np.random.default_rng(0).integers(0, 255, (48, 64), np.uint8))
    result = infer(weights, f"video={tmp_path / 'photo.jpg'}")
    assert result.returncode == 0, result.stderr
    assert cv2.imread(str(tmp_path / "photo.color.jpg")).shape == (48, 64, 3)


def test_how_sure_it_is_beside_a_clip(weights: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=8)
    given = (f"video={tmp_path / 'a.mp4'}", f"confidence={tmp_path / 'sure.mp4'}", "confidence_style=luma")
    result = infer(weights, *given, "abstain=1", f"report={tmp_path / 'a.json'}")
    assert result.returncode == 0, result.stderr
    assert frame_times(tmp_path / "sure.mp4") == frame_times(tmp_path / "a.mp4")
    assert json.loads((tmp_path / "a.json").read_text())["confidence"] == str(tmp_path / "sure.mp4")
    # Random weights are sure of nothing, so all colour is faded.
    assert (planes(tmp_path / "a.color.mp4")[:, 96:] == 128).all()


def test_a_folder_with_a_broken_file(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "in" / "north").mkdir(parents=True)
    write_video(tmp_path / "in" / "a.mp4", count=4)
    write_video(tmp_path / "in" / "north" / "b.avi", count=3, codec="mjpeg", pix_fmt="yuvj420p")
    cv2.imwrite(str(tmp_path / "in" / "c.png"), np.zeros((48, 64), np.uint8))
    (tmp_path / "in" / "broken.mp4").write_text("no video")
    arguments = (f"video={tmp_path / 'in'}", f"output={tmp_path / 'out'}", f"report={tmp_path / 'r.json'}")
    result = infer(weights, *arguments)
    assert result.returncode == 1
    assert "4 files: 3 coloured, 1 failed:\n" in result.stdout and "broken.mp4: " in result.stdout.splitlines()[-1]
    outputs = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("[!.]*") if path.is_file()}
    names = {"a.color.mp4", "north/b.color.mp4", "c.color.png"}
    assert outputs == names | {f"{name}.json" for name in names}
    report = json.loads((tmp_path / "r.json").read_text())
    assert len(report["reports"]) == 3 and len(report["failures"]) == 1
    (tmp_path / "in" / "broken.mp4").unlink()
    again = infer(weights, *arguments)
    assert again.returncode == 0 and "3 files: 0 coloured, 3 by an earlier run" in again.stdout


def test_a_sheet_for_each_of_many_and_none_of_them_is_coloured(weights: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=6)
    cv2.imwrite(str(tmp_path / "b.png"), np.random.default_rng(0).integers(0, 256, (64, 96), np.uint8))
    for _ in range(2):  # the second time, sheets lie there
        status, said, errors = here(cli.infer, f"weights={weights}", *FAST, f"video={tmp_path}", "sheet=true")
        assert status == 0, errors
        assert said.splitlines()[-1] == "2 files: 2 coloured"
    sheets = [tmp_path / "a.color.mp4.sheet.png", tmp_path / "b.color.png.sheet.png"]
    heights = [cv2.imread(str(sheet)).shape[0] for sheet in sheets]
    assert heights[0] > 6 * 213 > heights[1]  # a row a frame, and one
    record = json.loads((tmp_path / "a.color.mp4.json").read_text())
    assert record["sheet"]["path"] == str(sheets[0]) and record["confidence"] is None


def test_a_part_and_the_usual_suffix(weights: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi", count=50, codec="mjpeg", pix_fmt="yuvj420p")
    result = infer(weights, f"video={tmp_path / 'a.avi'}", f"output={tmp_path / 'b.*'}", "start=0.4", "end=1.2")
    assert result.returncode == 0, result.stderr
    assert len(frame_times(tmp_path / "b.mp4")) == 20
    nothing = infer(weights, f"video={tmp_path}/*.mp5")
    assert nothing.returncode == 2 and "no videos or pictures" in nothing.stderr


def test_two_clips_in_one_process_equal_two_processes(weights: Path, tmp_path: Path) -> None:
    for name, start in (("a", 0), ("b", 40)):
        write_video(tmp_path / f"{name}.mp4", count=12, metadata={"title": str(start)})
        assert infer(weights, f"video={tmp_path / name}.mp4", f"output={tmp_path / name}.alone.mp4",
                     "encoder=lossless").returncode == 0  # fmt: skip
    loaded = open_weights(str(weights), RuntimeOptions(threads=1), device=torch.device("cpu"))
    for name in ("a", "b"):
        session = Session(loaded, SessionOptions(size=64))
        colorize_video(tmp_path / f"{name}.mp4", tmp_path / f"{name}.together.mp4", session, codec="libx264",
                       options={"preset": "ultrafast", "qp": 0}, gate=GateOptions())  # fmt: skip
        alone, together = (planes(tmp_path / f"{name}.{kind}.mp4") for kind in ("alone", "together"))
        np.testing.assert_array_equal(alone, together)


def planes(path: Path) -> np.ndarray:
    import av

    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)])


def test_a_folder_is_done_anew_with_another_picture_of_the_day(weights: Path, tmp_path: Path) -> None:
    canvas, day = place(), tmp_path / "day.png"
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "in" / "night.png"), at_night(view(canvas)))
    (tmp_path / "in" / "broken.mp4").write_text("no video")  # or the journal would end with the run
    arguments = [f"weights={weights}", *FAST, f"video={tmp_path / 'in'}", f"reference={day}"]
    said = []
    for right in (0, 0, 3):
        cv2.imwrite(str(day), view(canvas, right=right))
        status, out, _ = here(cli.infer, *arguments)
        said.append((status, out.splitlines()[-2]))
    assert said[0] == said[2] == (1, "2 files: 1 coloured, 1 failed:")
    assert said[1] == (1, "2 files: 0 coloured, 1 by an earlier run, 1 failed:")


def test_help_is_there_and_quick() -> None:
    start = time.perf_counter()
    result = run("infer.py", "--help")
    assert result.returncode == 0 and "video=clip.mp4" in result.stdout
    assert time.perf_counter() - start < 5  # a hang or an import of torch, not a benchmark


def test_it_works_from_any_folder(weights: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=3)
    command = [sys.executable, str(ROOT / "infer.py"), "video=a.mp4", f"weights={weights}", *FAST]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.color.mp4", "a.color.mp4.json", "a.mp4"]


def test_a_public_caffemodel_colours_a_clip_with_its_sound(tmp_path: Path) -> None:
    prototxt, caffemodel = write_caffe(tmp_path, width=8)
    write_video(tmp_path / "a.mp4", count=4, audio="aac")
    arguments = (f"video={tmp_path / 'a.mp4'}", "model=caffe", f"model.prototxt={prototxt}")
    result = infer(caffemodel, *arguments)
    assert result.returncode == 0, result.stderr
    with av.open(str(tmp_path / "a.color.mp4")) as output:
        assert [stream.type for stream in output.streams] == ["video", "audio"]
    assert frame_times(tmp_path / "a.color.mp4") == frame_times(tmp_path / "a.mp4")


def test_weights_of_another_model_are_refused_by_the_model_s_name(weights: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=2)
    refused = infer(weights, f"video={tmp_path / 'a.mp4'}", "model=unet5")
    assert refused.returncode == 2 and "is of the network convlstm, not of unet" in refused.stderr
    assert infer(weights, f"video={tmp_path / 'a.mp4'}", "model=tiny").returncode == 0
