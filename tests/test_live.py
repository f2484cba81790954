"""Cameras coloured by infer.py as a user runs it, and what the colour state does."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest

from temporal_colorize import cli
from temporal_colorize.cli.living import cameras_of, live_once, with_live_encoder
from temporal_colorize.inference.health import HealthOptions
from temporal_colorize.video.live import SourceOptions, TargetOptions
from tests.support.networks import tiny_weights_file
from tests.support.program import ENVIRONMENT, ROOT, run
from tests.support.rtsp import RtspServer, free_port, needs_rtsp, wait_until

SECRET = "hunter2"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights_file(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def camera() -> Iterator[RtspServer]:
    options = ("--size", "320x240", "--pattern", "smpte", "--keyframes", "10", "--user", f"bob:{SECRET}")
    with RtspServer(*options) as server:
        server.url = server.url.replace("rtsp://", f"rtsp://bob:{SECRET}@")
        yield server


class Live:
    """infer.py on cameras; a context manager that ends it as a service manager does, and reads what it said."""

    def __init__(self, weights: Path, *arguments: str, stdout: int = subprocess.DEVNULL) -> None:
        fast = ("inference.size=64", "runtime=torch", "live.source.read_timeout=0.5")
        command = [sys.executable, str(ROOT / "infer.py"), f"weights={weights}", *fast, *arguments]
        pipes = {"stdout": stdout, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(command, env=ENVIRONMENT, cwd=ROOT, **pipes)
        self.said, self.status, self.seconds = "", None, 0.0

    def __enter__(self) -> "Live":
        return self

    def __exit__(self, *_: object) -> None:
        asked = time.monotonic()
        self.process.terminate()
        self.said = self.process.communicate(timeout=20)[1].decode()
        self.seconds, self.status = time.monotonic() - asked, self.process.returncode


def health_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@needs_rtsp
def test_a_camera_into_a_pipe_over_the_death_of_its_server(weights: Path, tmp_path: Path) -> None:
    arguments = ("output=pipe:1", f"live.health={tmp_path / 'h.jsonl'}", "live.health_seconds=0.2")
    times, spread = [], 0.0
    with RtspServer("--size", "320x240", "--pattern", "smpte", "--keyframes", "10") as server:
        live = Live(weights, f"video={server.url}", *arguments, stdout=subprocess.PIPE)
        try:
            with av.open(live.process.stdout, format="mpegts") as container:
                pictures = container.decode(video=0)
                for _, picture in zip(range(10), pictures, strict=False):
                    times.append(picture.time)
                spread = float(picture.to_ndarray(format="yuv420p")[240:].std())
                server.kill()
                time.sleep(0.5)
                with RtspServer("--size", "320x240", "--pattern", "smpte", "--keyframes", "10", port=server.port):
                    back, stamp = time.monotonic(), 0.0
                    for picture in pictures:  # those on their way come first
                        times.append(picture.time)
                        stamp = picture.time - times[-2]
                        if stamp > 0.4:
                            break
                    recovery = time.monotonic() - back
                    times += [picture.time for _, picture in zip(range(5), pictures, strict=False)]
                live.process.stdout.close()  # the reader leaves
        finally:
            status = live.process.wait(20)
            said = live.process.stderr.read().decode()
    assert spread > 1, "the output is grey"
    assert recovery < 5 and times == sorted(set(times))
    assert status == 0 and "Connection refused" in said and "whoever read its pictures has left" in said
    last = health_of(tmp_path / "h.jsonl")[-1]
    assert last["reconnects"] == 1 and last["colored"] >= len(times) and 0 < last["latency_ms"]["p50"] < 5000


@needs_rtsp
def test_two_cameras_one_process_and_nothing_secret_anywhere(weights: Path, camera: RtspServer, tmp_path: Path) -> None:
    port = free_port()
    arguments = (
        f"video=[{camera.url},{camera.url}?token={SECRET}]",
        f"output={tmp_path}/{{name}}-%Y.mp4",
        "live.names=[door,yard]",
        "live.batch=2",
        f"live.health={tmp_path / 'h.jsonl'}",
        "live.health_seconds=0.2",
        f"live.metrics_port={port}",
        f"report={tmp_path / 'r.json'}",
    )
    with Live(weights, *arguments) as live:
        wait_until(
            lambda: any(h["camera"] == "yard" and h["colored"] > 15 for h in health_of(tmp_path / "h.jsonl")),
            seconds=30,
            what="coloured pictures",
        )
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
        camera.tell("close")  # an error, whose text must not give anything away either
        time.sleep(0.3)
    assert live.status == 0 and live.seconds < 2.5, live.said
    assert 'temporal_colorize_colored_total{camera="door"}' in metrics
    assert 'temporal_colorize_latency_seconds{camera="yard",quantile="0.95"}' in metrics
    assert "door: " in live.said and "frames in" in live.said
    done = json.loads((tmp_path / "r.json").read_text())["cameras"]
    assert [one["camera"] for one in done] == ["door", "yard"] and done[1]["colored"] > 15
    for name in ("door", "yard"):
        (file,) = tmp_path.glob(f"{name}-*.mp4")
        with av.open(str(file)) as container:
            stamps = [frame.pts for frame in container.decode(video=0)]
        assert len(stamps) > 10 and stamps == sorted(set(stamps))
    everything = [live.said, metrics, *(path.read_bytes().decode("latin1") for path in tmp_path.iterdir())]
    assert not any(SECRET in text for text in everything)


@needs_rtsp
def test_a_size_that_changes_begins_another_file(weights: Path, tmp_path: Path) -> None:
    health = tmp_path / "h.jsonl"
    with RtspServer("--size", "320x240", "--keyframes", "10") as server:
        arguments = (f"output={tmp_path}/a.mkv", f"live.health={health}", "live.health_seconds=0.2")
        with Live(weights, f"video={server.url}", *arguments) as live:
            wait_until(lambda: any(h["colored"] > 5 for h in health_of(health)), seconds=30, what="pictures")
            server.tell("size 256x192")
            wait_until(lambda: (tmp_path / "a.mkv").exists(), seconds=20, what="the first file")
            time.sleep(0.5)
    assert live.status == 0
    for name, size in (("a.mkv", (320, 240)), ("a-2.mkv", (256, 192))):
        with av.open(str(tmp_path / name)) as container:
            sizes = {(frame.width, frame.height) for frame in container.decode(video=0)}
        assert sizes == {size}


def live_config(*arguments: str):
    return cli.compose("infer", with_live_encoder(arguments))


def test_pictures_of_the_live_encoder_leave_it_at_once() -> None:
    config = live_config("video=rtsp://host/cam")
    options = {name: str(value) for name, value in config.encoder.items() if name not in ("lossless", "codec")}
    encoder = av.CodecContext.create(config.encoder.codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 320, 240, "yuv420p", Fraction(1, 25)
    encoder.thread_type, encoder.options = "AUTO", options
    for number in range(5):
        picture = av.VideoFrame(320, 240, "yuv420p")
        picture.pts = number
        assert len(encoder.encode(picture)) == 1


def test_an_encoder_that_is_named_stays() -> None:
    assert live_config("video=rtsp://host/cam").encoder.tune == "zerolatency"
    assert live_config("video=0", "encoder.crf=30").encoder.crf == 30
    assert live_config("video=rtsp://host/cam", "encoder=x264").encoder.preset == "medium"
    assert live_config("video=clip.mp4").encoder.preset == "medium"


def test_the_numbers_of_the_configuration_are_the_defaults() -> None:
    live = live_config("video=0").live
    assert SourceOptions(**live.source) == SourceOptions()
    for options in (TargetOptions, HealthOptions):
        assert options(**{name: live[name] for name in options.__dataclass_fields__}) == options()


def test_sources_outputs_and_names_are_paired() -> None:
    config = live_config("video=[rtsp://a/x, 0]", "output=rec/{n}-{name}.mp4", "live.names=[door,yard]")
    cameras = cameras_of(config)
    assert [(c.name, c.video, c.output) for c in cameras] == [
        ("door", "rtsp://a/x", "rec/1-door.mp4"),
        ("yard", "0", "rec/2-yard.mp4"),
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["video=gopher://bob:hunter2@a", "output=a.mp4"], "unknown kind"),
        (["video=rtsp://a"], "output is missing"),
        (["video=[rtsp://a,rtsp://b]", "output=a.mp4"], "{n}"),
        (["video=[rtsp://a,rtsp://b]", "output=[a.mp4,b.mp4,c.mp4]"], "3 outputs for 2 videos"),
        (["video=[rtsp://a,clip.mp4]", "output={n}.mp4"], "unknown kind"),
        (["video=[rtsp://a,rtsp://b]", "output={n}.mp4", "live.names=[a,a]"], "live.names"),
        (["video=rtsp://a", "output=a.avi"], "cannot write .avi"),
        (["video=[rtsp://a,rtsp://b]", "output=[a.mkv,./a.mkv]"], "{n}"),
        (["video=rtsp://a", "output={name}.mp4", "live.names=[../a]"], "'../a' is no name"),
        (["video=srt://bob:hunter2@a", "output=a.mp4"], "unknown kind"),
        (["video=rtsp://a", "output=srt://a"], "unknown kind"),
        (["video=rtsp://a", "output=a.mp4", "live=null"], "live=None must hold options"),
        (["video=rtsp://a", "output=a.mp4", "live.source=null"], "live.source=None must hold options"),
        (["video=rtsp://a", "output=a.mp4", "+live.source.foo=1"], "live.source.foo is unknown: choose behind"),
        (["video=rtsp://a", "output=a.mp4", "+live.foo=1"], "live.foo is unknown: choose batch"),
        (["video=rtsp://a", "output=a.mp4", "start=3"], "start=3 is for files"),
        (["video=rtsp://a", "output=a.mp4", "report=./a.mp4"], "report=a.mp4 would be written over output=a.mp4"),
        (["video=rtsp://a", "output=a.mp4", "confidence=b.mp4"], "confidence=b.mp4 is for files"),
        (["video=rtsp://a", "output=a.mp4", "variants=3"], "variants=3 is for files"),
        (["video=rtsp://a", "output=a.mp4", "variant.names=2"], "is for files"),
        (["video=rtsp://a", "output=a.mp4", "hints_at=3"], "hints_at=3 is for files"),
        (["video=rtsp://a", "output=a.mp4", "confidence_style=luma"], "confidence_style=luma is for files"),
        (["video=rtsp://a", "output=a.mp4", "live.source.queue=0"], "live.source.queue=0"),
        (["video=rtsp://a", "output=a.mp4", "live.source.queue=2.5"], "live.source.queue=2.5 must be a whole number"),
        (["video=rtsp://a", "output=a.mp4", "live.batch=1.5"], "live.batch=1.5 must be a whole number"),
        (["video=rtsp://a", "output=a.mp4", "live.metrics_port=9123.5"], "live.metrics_port=9123.5 must be a whole"),
        (["video=rtsp://a", "output=%H.mp4", "live.files=0"], "live.files=0 must be a whole number"),
        (["video=rtsp://a", "output=a.mp4", "live.files=9"], "put the time into output=a.mp4, such as a_%Y-%m-%d"),
        (["video=rtsp://a", "output=a.mp4", "decoder=vaapi"], "decoder=vaapi is for files"),
        (["video=rtsp://a", "output=a.m3u8", "live.segments=2.5"], "live.segments=2.5 must be a whole number"),
        (["video=rtsp://a", "output=a.mp4", "live.health=/no/where"], "live.health=/no/where"),
    ],
)
def test_what_does_not_fit_is_one_line(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=re.escape(words)) as error:
        live_once(live_config(f"weights={weights}", "runtime=torch", *arguments))
    assert "\n" not in str(error.value) and SECRET not in str(error.value) and not list(tmp_path.iterdir())


def refused(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """Return the one line with which infer.py refuses."""
    monkeypatch.setattr("sys.argv", ["infer.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.infer()
    said = capsys.readouterr().err
    assert ended.value.code == 2 and said.count("\n") == 1 and SECRET not in said
    return said


def test_the_program_ends_with_2_and_one_line() -> None:
    result = run("infer.py", "video=rtsp://bob:hunter2@a", "output=rtsp://bob:hunter2@b", "live.minutes=x")
    assert result.returncode == 2 and result.stderr.count("\n") == 1 and "live.minutes=x" in result.stderr
    assert SECRET not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([f"rtsp://bob:{SECRET}@cam/x"], "rtsp://***@cam/x"),
        (["video=0", f"outptu=rtsp://bob:{SECRET}@cam/x"], "did you mean output?"),
    ],
)
def test_what_is_misspelt_gives_nothing_away(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    said = refused(capsys, monkeypatch, *arguments)
    assert words in said and SECRET not in said
