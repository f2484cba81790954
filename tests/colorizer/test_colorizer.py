"""The programming interface does what the programs do, with weights that stay open."""

import itertools
import re
import threading
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from temporal_colorize import Colorizer, cli
from temporal_colorize.inference.colored import ColoredFrame
from tests.support.program import here

LOOK = {"inference.size": 64}
FAST = {**LOOK, "encoder": "lossless"}
COUNT = 12  # frames of the clip


def shown(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_file_writes_what_infer_writes(folder: Path, colorizer: Colorizer) -> None:
    report = colorizer.file(folder / "clip.mkv", folder / "api.mkv", **FAST)
    options = [f"weights={folder / 'tiny.safetensors'}", "runtime=torch", "device=cpu", "progress=false"]
    options += [f"{name}={value}" for name, value in FAST.items()]
    status, _, error = here(cli.infer, f"video={folder / 'clip.mkv'}", f"output={folder / 'program.mkv'}", *options)
    assert (status, error) == (0, "")
    assert report.frames == COUNT and (folder / "api.mkv.json").is_file()
    assert np.array_equal(shown(folder / "api.mkv"), shown(folder / "program.mkv"))


def test_stream_yields_what_file_writes(folder: Path, colorizer: Colorizer) -> None:
    colorizer.file(folder / "clip.mkv", folder / "streamed.mkv", **FAST)
    frames = list(colorizer.stream(folder / "clip.mkv", **LOOK))
    assert [frame.number for frame in frames] == list(range(COUNT))
    assert [frame.time for frame in frames] == sorted(frame.time for frame in frames)
    for frame, written in zip(frames, shown(folder / "streamed.mkv"), strict=True):
        assert frame.rgb.shape == written.shape and frame.rgb.dtype == np.uint8
        assert np.abs(frame.rgb.astype(int) - written).mean() < 2  # FFmpeg enlarges chroma otherwise
        assert (
            frame.confidence.shape == written.shape[:2] and 0 <= frame.confidence.min() <= frame.confidence.max() <= 1
        )


def test_watch_sees_every_frame_and_may_end_the_job(folder: Path, colorizer: Colorizer) -> None:
    class Enough(Exception):
        pass

    seen: list[ColoredFrame] = []

    def watch(frame: ColoredFrame) -> None:
        seen.append(frame)
        if len(seen) == 7:
            raise Enough

    target = folder / "watched.mkv"
    with pytest.raises(Enough):
        colorizer.file(folder / "clip.mkv", target, watch=watch, segment=4, **FAST)
    assert not target.exists()
    report = colorizer.file(folder / "clip.mkv", target, watch=seen.append, segment=4, **FAST)
    assert report.kept == 4
    assert [frame.number for frame in seen] == [*range(7), *range(4, COUNT)]
    colorizer.file(folder / "clip.mkv", folder / "whole.mkv", segment=4, **FAST)
    assert np.array_equal(shown(target), shown(folder / "whole.mkv"))


def test_every_thread_of_a_job_asks_for_its_pace(folder: Path, colorizer: Colorizer) -> None:
    asked: list[str] = []
    colorizer.file(
        folder / "clip.mkv", folder / "paced.mkv", pace=lambda: asked.append(threading.current_thread().name), **FAST
    )
    here = threading.current_thread().name
    assert {"decode", "look", here} == set(asked) and min(map(asked.count, set(asked))) >= COUNT


def test_smaller_frames_are_the_same_picture(folder: Path, colorizer: Colorizer) -> None:
    frame = next(colorizer.stream(folder / "clip.mkv", **LOOK))
    small = frame.smaller(64)
    assert max(small.rgb.shape) == 64 and max(small.confidence.shape) == 64
    expected = cv2.resize(frame.rgb, small.rgb.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(expected.astype(int) - small.rgb).mean() < 3
    assert np.ptp(frame.grey, axis=-1).max() == 0 and np.ptp(frame.rgb, axis=-1).max() > 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_image_keeps_luma(colorizer: Colorizer, dtype: type) -> None:
    most = np.iinfo(dtype).max
    grey = np.linspace(0.2 * most, 0.8 * most, 70 * 90).reshape(70, 90).astype(dtype)
    rgb, confidence = colorizer.image(grey, **{"inference.size": 64})
    luma = rgb @ np.array([0.299, 0.587, 0.114])
    assert rgb.dtype == dtype and confidence.shape == grey.shape
    assert np.abs(luma - grey).max() <= most / 255
    assert np.ptp(rgb.astype(float), axis=-1).max() > most / 100


def test_ask_answers_as_the_program(folder: Path, colorizer: Colorizer) -> None:
    answer = colorizer.ask(folder / "clip.mkv", box=(10, 10, 40, 40), at=0.1, **{"inference.size": 64})
    status, said, _ = here(
        cli.ask, f"video={folder / 'clip.mkv'}", "box=10,10,40,40", "at=0.1", "inference.size=64", "runtime=torch",
        f"weights={folder / 'tiny.safetensors'}", "device=cpu",
    )  # fmt: skip
    assert status == 0 and said.strip() == str(answer).strip()


def test_threads_share_a_colorizer(folder: Path, colorizer: Colorizer) -> None:
    alone = [frame.rgb for frame in colorizer.stream(folder / "clip.mkv", **LOOK)]
    found: dict[int, list[np.ndarray]] = {}

    def run(number: int) -> None:
        found[number] = [frame.rgb for frame in colorizer.stream(folder / "clip.mkv", **LOOK)]

    threads = [threading.Thread(target=run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    for frames in found.values():
        assert np.array_equal(frames, alone)


def test_a_file_has_libraries_use_one_thread_and_a_stream_leaves_them(folder: Path, colorizer: Colorizer) -> None:
    before, during = cv2.getNumThreads(), []
    cv2.setNumThreads(3)  # so that one is another number on a machine of one core, too
    try:
        with colorizer.stream(folder / "clip.mkv", **LOOK) as frames:
            next(frames)
            assert cv2.getNumThreads() == 3
        target = folder / "threads.mkv"
        colorizer.file(folder / "clip.mkv", target, watch=lambda _: during.append(cv2.getNumThreads()), **FAST)
        assert set(during) == {1} and cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)


def test_a_file_is_streamed_from_a_part(folder: Path, colorizer: Colorizer) -> None:
    whole = [frame.time for frame in colorizer.stream(folder / "clip.mkv", **LOOK)]
    part = [frame.time for frame in colorizer.stream(folder / "clip.mkv", start=0.2, **LOOK)]
    assert 0 < len(part) < len(whole)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"vividnes": 1}, "vividnes is no option; did you mean vividness"),
        ({"live.minutes": 3}, r"live\.minutes=3 is for cameras"),
        ({"reference": np.zeros((4, 4, 3))}, "reference is given a ndarray: a path is needed"),
        ({"vividness": 3}, "vividness=3"),
        ({"device": "cuda"}, "device is chosen when weights are opened"),
        ({"variants": 3}, "variants"),
        ({"report": "done.json"}, "report=done.json is what file"),
        ({"video": "other.mkv"}, "video=other.mkv is the source"),
        ({"audio": "loud"}, "audio=loud"),
    ],
)
def test_wrong_options_are_refused_in_one_line(
    folder: Path, colorizer: Colorizer, options: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        colorizer.file(folder / "clip.mkv", folder / "never.mkv", **options)
    assert "\n" not in str(caught.value) and not (folder / "never.mkv").exists()


def test_wrong_sources_are_refused(folder: Path, colorizer: Colorizer) -> None:
    with pytest.raises(ValueError, match=r"missing\.mkv"):
        colorizer.file(folder / "missing.mkv")
    with pytest.raises(ValueError, match=r"missing\.mkv"):
        list(itertools.islice(colorizer.stream(folder / "missing.mkv"), 1))
    for source, said in (
        ("rtsp://127.0.0.1:9/x", "is a camera: use stream"),
        ("s3://bucket/clip.mp4", "is not one file"),
        (folder / "*.mkv", "is not one file"),
    ):
        with pytest.raises(ValueError, match=said):
            colorizer.file(source)
    with pytest.raises(ValueError, match="of int64"):
        colorizer.image([[1, 2]])
    with pytest.raises(ValueError, match="uint8 or uint16"):
        colorizer.image(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ValueError, match=r"hints=.* is for files"):
        colorizer.stream("rtsp://127.0.0.1:9/x", hints=folder / "hints.json")
    with pytest.raises(ValueError, match="vividness is not of the weights"):
        Colorizer.load(folder / "tiny.safetensors", vividness=1)
    with pytest.raises(ValueError, match="no such file"):
        Colorizer.load("nobody-has-these")


OF_OUTPUTS = [
    ("output", "a.mp4", "output=a.mp4"),
    ("encoder", "lossless", "encoder"),
    ("encoder.crf", 20, "encoder.crf=20"),
    ("audio", "drop", "audio=drop"),
    ("batch", 4, "batch=4"),
    ("decoder", "cpu", "decoder=cpu"),
    ("segment", 7, "segment=7"),
    ("resume", "off", "resume=off"),
    ("report", "a.json", "report=a.json"),
    ("profile", True, "profile=True"),
    ("confidence", "sure.mp4", "confidence=sure.mp4"),
    ("confidence_style", "luma", "confidence_style=luma"),
    ("sheet", True, "sheet=True"),
    ("variants", 2, "variants=2"),
    ("variant.names", 2, "variant.names=2"),
    ("record", "a.json", "record=a.json"),
    ("mark", True, "mark=True"),
    ("sign.key", "a.pem", "sign.key=a.pem"),
]


@pytest.mark.parametrize(("name", "value", "said"), OF_OUTPUTS)
def test_options_of_what_is_written_are_refused_where_nothing_is(
    colorizer: Colorizer, name: str, value: object, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    line = f"^{re.escape(said)} is for what is written"
    with pytest.raises(ValueError, match=line):
        colorizer.stream("clip.mkv", **{name: value})
    with pytest.raises(ValueError, match=line):
        colorizer.image(np.zeros((8, 8), np.uint8), **{name: value})


def test_so_are_those_of_other_sources(colorizer: Colorizer) -> None:
    for options in ({"start": 1}, {"rate": 5}, {"direction": "both"}, {"live.minutes": 3}, {"deinterlace": "on"}):
        with pytest.raises(ValueError, match="is for videos"):
            colorizer.image(np.zeros((8, 8), np.uint8), **options)
    with pytest.raises(ValueError, match=r"live\.source\.queue=3 is for cameras"):
        colorizer.stream("clip.mkv", **{"live.source.queue": 3})
    with pytest.raises(ValueError, match="mark=True is for what is written"):
        colorizer.stream("rtsp://127.0.0.1:9/x", mark=True)
    with pytest.raises(ValueError, match=r"live\.minutes=3 is for what is written"):
        colorizer.stream("rtsp://127.0.0.1:9/x", **{"live.minutes": 3})
    colorizer.stream("rtsp://127.0.0.1:9/x", record=False, **{"live.source.queue": 3}).close()
