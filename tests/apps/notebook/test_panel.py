"""The panel, driven by its widgets as people do, but without a browser."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from temporal_colorize import Colorizer
from temporal_colorize.apps import panel
from temporal_colorize.apps.notebook import panel as module
from temporal_colorize.apps.notebook.controls import COLOURISE, GREYSCALE
from temporal_colorize.apps.notebook.options import PanelOptions
from temporal_colorize.apps.notebook.panel import Panel
from temporal_colorize.inference.colored import ColoredFrame
from temporal_colorize.inference.statement import STATEMENT
from temporal_colorize.sample.clip import render_sample
from tests.support.networks import tiny_weights_file
from tests.support.videos import packets_of, write_video

COUNT = 30
QUICK = PanelOptions(upload_mib=1, inline_mib=1, longest=64, per_second=30, patience=0.6)


class Paced:
    """A colorizer that looks at small pictures, and whose frames take so long as those of a large video do."""

    def __init__(self, colorizer: Colorizer, seconds: float = 0.0) -> None:
        self.colorizer, self.seconds = colorizer, seconds

    def file(self, source: Path, *, watch: Callable[[ColoredFrame], object], **options: object) -> object:
        def after_a_while(frame: ColoredFrame) -> None:
            time.sleep(self.seconds)
            watch(frame)

        return self.colorizer.file(source, watch=after_a_while, **{"inference.size": 64}, **options)


@pytest.fixture(scope="module")
def colorizer(tmp_path_factory: pytest.TempPathFactory) -> Paced:
    return Paced(Colorizer.load(tiny_weights_file(tmp_path_factory.mktemp("panel")), runtime="torch", device="cpu"))


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rendered") / "clip.mp4"
    render_sample(path, width=128, height=96, seconds=COUNT / 25)
    return path


@pytest.fixture
def clip(rendered: Path, tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(rendered.read_bytes())
    return path


def until(condition: Callable[[], object], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def end(made: Panel) -> None:
    until(lambda: not made.controls.start.disabled)


def begun(colorizer: object, clip: Path, **chosen: object) -> Panel:
    made = Panel(colorizer, clip.parent, QUICK)
    made.controls.file.value = clip.name
    for name, value in chosen.items():
        getattr(made.controls, name).value = value
    made.controls.start.click()
    return made


def test_a_clip_is_coloured_and_played(colorizer: Paced, clip: Path) -> None:
    made = Panel(Paced(colorizer.colorizer, 0.01), clip.parent, QUICK)
    lines, pictures, bars = [], [], []
    made.view.line.observe(lambda change: lines.append(change["new"]), "value")
    made.view.picture.observe(lambda change: pictures.append(change["new"]), "value")
    made.view.bar.observe(lambda change: bars.append((made.view.bar.value, made.view.bar.max)), "value")
    made.controls.file.value = "clip.mp4"
    made.controls.vividness.value = 1.0
    made.controls.start.click()
    assert made.controls.start.disabled and not made.controls.cancel.disabled
    end(made)
    assert made.view.wrong.value == ""
    assert len(pictures) >= 4 and all(p[:2] == b"\xff\xd8" for p in pictures if p)
    assert max(cv2.imdecode(np.frombuffer(pictures[-1], np.uint8), -1).shape[:2]) == 64
    told = [line for line in lines if f"of {COUNT}" in line]
    assert any("elapsed" in line and "left" in line for line in told)
    assert bars == sorted(bars, key=lambda bar: bar[0]) and bars[-1] == (COUNT, COUNT)
    (video,) = made.view.result.children
    output = clip.with_name("clip.color.mp4")
    assert video.value == output.read_bytes() and (video.format, video.autoplay) == ("mp4", False)
    assert packets_of(output, "audio") == packets_of(clip, "audio") != []
    assert str(output) in made.view.line.value and made.controls.file.options == ("clip.mp4",)
    assert STATEMENT in made.children[-1].value
    with av.open(str(output)) as container:
        assert np.ptp(next(container.decode(video=0)).to_ndarray(format="yuv420p")[96:]) > 5


def test_what_was_made_of_a_file_is_no_source(tmp_path: Path) -> None:
    ours = ("clip.color.mp4", "clip.color.2.mp4", "clip.confidence.mp4", "clip.color.mp4.sheet.png", ".clip.mp4")
    for name in ("clip.mp4", "clip.grey.mp4", "lone.color.mp4", "notes.txt", *ours):
        (tmp_path / name).touch()
    made = Panel(None, tmp_path, QUICK)
    assert made.controls.file.options == ("clip.grey.mp4", "clip.mp4", "lone.color.mp4")


def test_options_are_those_of_infer(colorizer: Paced, clip: Path) -> None:
    class Seen(Exception):
        pass

    asked: dict[str, object] = {}

    class Asked:
        def file(self, source: Path, *, watch: object, **options: object) -> None:
            asked.update(options, source=source)
            raise Seen("seen")

    usual = Panel(Asked(), clip.parent, QUICK).controls
    assert (usual.vividness.label, usual.abstain.label) == ("as suits the weights", "off")
    made = begun(Asked(), clip, vividness=0.2, abstain=0.5, confidence=True, afresh=True)
    end(made)
    assert asked == {
        "source": clip, "vividness": 0.2, "abstain": 0.5, "resume": "off",
        "confidence": clip.with_name("clip.confidence.mp4"),
    }  # fmt: skip
    assert "Seen: seen" in made.view.wrong.value


def test_how_sure_it_is_is_played_too(colorizer: Paced, clip: Path) -> None:
    made = begun(colorizer, clip, confidence=True)
    end(made)
    assert made.view.wrong.value == ""
    assert [video.value for video in made.view.result.children] == [
        clip.with_name(name).read_bytes() for name in ("clip.color.mp4", "clip.confidence.mp4")
    ]


def test_a_clip_becomes_grey(clip: Path) -> None:
    made = begun(None, clip, what=GREYSCALE)
    assert made.controls.vividness.disabled and made.controls.confidence.disabled
    end(made)
    output = clip.with_name("clip.grey.mp4")
    with av.open(str(output)) as container:
        planes = [frame.to_ndarray(format="yuv420p")[96:] for frame in container.decode(video=0)]
    assert len(planes) == COUNT and set(np.unique(planes)) == {128}
    assert packets_of(output, "audio") == packets_of(clip, "audio")
    assert made.view.result.children[0].value == output.read_bytes()
    made.controls.what.value = COLOURISE
    assert not made.controls.vividness.disabled


@pytest.mark.parametrize(("what", "name"), [(COLOURISE, "photo.color.png"), (GREYSCALE, "photo.grey.png")])
def test_a_picture(colorizer: Paced, tmp_path: Path, what: str, name: str) -> None:
    cv2.imwrite(str(tmp_path / "photo.png"), np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8))
    made = begun(colorizer, tmp_path / "photo.png", what=what)
    end(made)
    (shown,) = made.view.result.children
    assert (tmp_path / name).is_file() and made.view.wrong.value == ""
    assert cv2.imdecode(np.frombuffer(shown.value, np.uint8), 1).shape == (48, 64, 3)


def test_cancel_comes_at_once_and_leaves_nothing(colorizer: Paced, clip: Path) -> None:
    made = begun(Paced(colorizer.colorizer, 0.05), clip)
    until(lambda: made.task.seen > 2)
    before = time.monotonic()
    made.controls.cancel.click()
    end(made)
    assert time.monotonic() - before < 1
    assert "cancelled after" in made.view.line.value and made.view.wrong.value == ""
    assert made.task.done.is_set() and made.task.seen < COUNT
    assert [path.name for path in clip.parent.iterdir()] == ["clip.mp4"]


def test_a_job_that_does_not_stop_is_left_behind_and_waited_for(colorizer: Paced, clip: Path) -> None:
    made = begun(Paced(colorizer.colorizer, 1.5), clip)
    until(lambda: made.view.line.value.startswith("opening,"))
    first, before = made.task, time.monotonic()
    made.controls.cancel.click()
    end(made)
    assert time.monotonic() - before < 1 and not first.done.is_set()
    made._colorizer = colorizer
    made.controls.start.click()
    end(made)
    assert first.done.is_set() and made.view.wrong.value == "" and clip.with_name("clip.color.mp4").is_file()


def test_two_panels_at_once(colorizer: Paced, clip: Path) -> None:
    other = clip.with_name("other.mp4")
    other.write_bytes(clip.read_bytes())
    slow = Paced(colorizer.colorizer, 0.01)
    one, two = begun(slow, clip), begun(slow, other)
    until(lambda: one.task.seen and two.task.seen)
    assert not one.task.done.is_set() and not two.task.done.is_set()
    end(one), end(two)
    written = [made.view.result.children[0].value for made in (one, two)]
    assert written == [clip.with_name(f"{name}.color.mp4").read_bytes() for name in ("clip", "other")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("", None, "no file: choose one"),
        ("missing.mp4", None, "there is no such file"),
        ("<b>.mp4", b"no video" * 99, "&lt;b&gt;.mp4"),
        (".", None, "folder"),
    ],
)
def test_what_is_wrong_is_said_in_words(
    colorizer: Paced, tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    made = Panel(colorizer, tmp_path, QUICK)
    made.controls.file.value = name
    made.controls.start.click()
    end(made)
    assert said in made.view.wrong.value and "Traceback" not in made.view.wrong.value
    assert made.view.line.value == "" and not made.view.result.children


def test_the_panel_goes_on_after_an_error(colorizer: Paced, clip: Path) -> None:
    made = begun(colorizer, clip.with_name("missing.mp4"))
    end(made)
    assert made.view.wrong.value
    made.controls.file.value = "clip.mp4"
    made.controls.start.click()
    end(made)
    assert made.view.wrong.value == "" and len(made.view.result.children) == 1


def upload(made: Panel, name: str, content: bytes) -> None:
    given = {
        "name": name,
        "type": "",
        "size": len(content),
        "content": memoryview(content),
        "last_modified": datetime.now(),
    }
    made.controls.upload.value = (given,)


def test_uploads_are_kept_over_no_other_file(colorizer: Paced, clip: Path) -> None:
    made = Panel(colorizer, clip.parent, QUICK)
    for name in (r"C:\fakepath\clip.mp4", "../../clip.mp4"):
        upload(made, name, b"uploaded")
    assert made.controls.file.value == "clip (2).mp4" and made.controls.upload.value == ()
    assert sorted(path.name for path in clip.parent.iterdir()) == ["clip (1).mp4", "clip (2).mp4", "clip.mp4"]
    assert clip.with_name("clip (2).mp4").read_bytes() == b"uploaded" != clip.read_bytes()
    assert set(made.controls.file.options) == {"clip.mp4", "clip (1).mp4", "clip (2).mp4"}


@pytest.mark.parametrize(("name", "size", "said"), [("big.mp4", 2**20 + 1, "upload_mib=1"), ("a.exe", 3, "neither")])
def test_uploads_are_refused_in_words(tmp_path: Path, name: str, size: int, said: str) -> None:
    made = Panel(None, tmp_path, QUICK)
    upload(made, name, bytes(size))
    assert said in made.view.wrong.value and list(tmp_path.iterdir()) == []


def test_what_browsers_cannot_play_is_named(colorizer: Paced, tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mkv", count=3)
    write_video(tmp_path / "deep.mp4", count=3, pix_fmt="yuv420p10le")
    for name, said in (("clip.mkv", "do not play .mkv"), ("deep.mp4", "do not play yuv420p10le")):
        made = begun(colorizer, tmp_path / name)
        end(made)
        assert said in made.view.line.value and not made.view.result.children and not made.view.wrong.value


def test_weights_are_opened_by_the_first_job_and_shared(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def load() -> None:
        opened.append("convlstm")
        raise ValueError("weights=convlstm: no such file")

    monkeypatch.setattr(Colorizer, "load", load)
    monkeypatch.setattr(module, "_usual", [])
    made = panel(folder=clip.parent)
    assert opened == []
    made.controls.file.value = "clip.mp4"
    made.controls.start.click()
    end(made)
    assert opened == ["convlstm"] and "no such file" in made.view.wrong.value
