"""What a visitor can do on the page, without a browser."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import gradio as gr
import numpy as np
import pytest

from temporal_colorize.apps.service import NoSuchJob, Service, ServiceOptions
from temporal_colorize.apps.web.acting import Seen, attempt
from temporal_colorize.apps.web.clip_tab import ClipTab
from temporal_colorize.apps.web.desk import Desk, new_key
from temporal_colorize.apps.web.files import Offers
from temporal_colorize.apps.web.frames import Shown
from temporal_colorize.apps.web.news import news
from temporal_colorize.apps.web.options import PageOptions
from temporal_colorize.apps.web.samples import PICTURE, Samples
from temporal_colorize.apps.web.studio import Choices, Studio
from temporal_colorize.video import rgb_at
from tests.support.service import USUAL, Slow, ended, tiny_colorizer
from tests.support.videos import write_video

PLAIN = Choices()


@pytest.fixture(scope="module")
def colorizer(tmp_path_factory: pytest.TempPathFactory) -> Slow:
    return tiny_colorizer(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def studio(colorizer: Slow, tmp_path: Path) -> Iterator[Studio]:
    colorizer.pause = 0
    (tmp_path / "kept").mkdir()
    service = Service(colorizer, ServiceOptions(preview=100), usual=USUAL, parent=tmp_path / "kept")
    yield Studio(service, colorizer, PageOptions())
    service.close()


@pytest.fixture
def desk(studio: Studio) -> Desk:
    return studio.desks.of(new_key())


def decoded(address: str) -> np.ndarray:
    """Decode a picture that is in an address, (H, W, 3) RGB."""
    import base64

    content = base64.b64decode(address.partition(",")[2])
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def colored(studio: Studio, desk: Desk, source: Path, choices: Choices = PLAIN) -> None:
    if desk.source is None:
        studio.take(desk, source)
    studio.color(desk, choices)
    job = ended(studio.job(desk))
    assert job.state == "done", job.error
    studio.follow(desk)


def test_the_first_picture_comes_before_the_job(studio: Studio, desk: Desk, tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mkv", count=10)
    studio.take(desk, tmp_path / "clip.mkv")
    studio.first(desk, PLAIN)
    assert desk.job is None and desk.shown.time == 0
    color, grey = decoded(desk.shown.color), decoded(desk.shown.grey)
    assert color.shape == grey.shape == (75, 100, 3)
    assert np.ptp(grey.astype(int), axis=-1).max() == 0 < np.ptp(color.astype(int), axis=-1).max()


def test_other_times_are_shown_when_it_is_done(studio: Studio, desk: Desk, tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mkv", count=20)
    colored(studio, desk, tmp_path / "clip.mkv")
    studio.show(desk, 0.44)
    assert desk.shown.time == pytest.approx(0.44, abs=1e-3)
    assert desk.shown.sure is not None and decoded(desk.shown.sure).shape == decoded(desk.shown.color).shape
    expected, _ = rgb_at(studio.job(desk).output, 0.44)
    shown = decoded(desk.shown.color).astype(float)
    assert np.abs(shown - cv2.resize(expected, (100, 75), interpolation=cv2.INTER_AREA)).mean() < 6  # of JPEG


def test_a_turned_video_is_shown_and_asked_about_as_it_is_seen(studio: Studio, desk: Desk, tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", count=8, rotation=90)
    studio.take(desk, tmp_path / "clip.mp4")
    studio.first(desk, PLAIN)
    first = decoded(desk.shown.grey)
    assert desk.seen_shape == (128, 96) and first.shape[:2] == (100, 75)
    colored(studio, desk, tmp_path / "clip.mp4")
    again = decoded(desk.shown.grey)
    assert again.shape == first.shape and np.abs(again.astype(float) - first).mean() < 12
    studio.mark(desk, [0.25, 0.5])
    studio.mark(desk, [0.75, 0.25])
    assert desk.box == (24, 32, 48, 32)
    answer = studio.ask(desk)
    assert answer.box == desk.box and answer.grey.shape[:2] == (32, 48) and answer.source == "clip.mp4"


def test_a_given_colour_comes_back(studio: Studio, desk: Desk, tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mkv", count=6)
    studio.take(desk, tmp_path / "clip.mkv")
    studio.first(desk, PLAIN)
    studio.give(desk, [[0.25, 0.75]], color="#a02030", radius=6)
    studio.give(desk, [[0.6, 0.6], [0.8, 0.8]], color="rgb(32, 160, 48)", radius=4)
    colored(studio, desk, tmp_path / "clip.mkv")
    job = studio.job(desk)
    assert len(job.report.hints) == 2 and not Path(job.asked["hints"]).parent.exists()
    rgb = rgb_at(job.output, 0)[0].astype(float)
    red, green = rgb[68:76, 28:36].mean((0, 1)), rgb[64:70, 86:92].mean((0, 1))
    assert red[0] > red[1] + 20 and green[1] > green[0] + 20


def test_a_reference_is_used_and_may_be_gone(studio: Studio, desk: Desk, tmp_path: Path) -> None:
    luma = write_video(tmp_path / "clip.mkv", count=4)[0].astype(float)
    cv2.imwrite(str(tmp_path / "day.png"), np.stack([0.6 * luma, 0.8 * luma, luma], -1))
    colored(studio, desk, tmp_path / "clip.mkv", Choices(reference=str(tmp_path / "day.png")))
    (reference,) = studio.job(desk).asked["reference"]
    assert Path(reference).is_relative_to(studio.service.folder(desk.visitor))
    with pytest.raises(ValueError, match="choose it again"):
        studio.color(desk, Choices(reference=str(tmp_path / "never.png")))


def test_a_picture_is_coloured(studio: Studio, desk: Desk, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "still.png"), np.linspace(40, 200, 60 * 80).reshape(60, 80).astype(np.uint8))
    studio.take(desk, tmp_path / "still.png")
    studio.first(desk, PLAIN)
    assert desk.shown is not None
    studio.give(desk, [[0.5, 0.5]], color="#a02030", radius=6)
    colored(studio, desk, tmp_path / "still.png", Choices(lossless=True))
    assert studio.job(desk).output.suffix == ".png" and len(studio.job(desk).report.hints) == 1
    assert decoded(desk.shown.color)[26:34, 36:44].mean((0, 1))[0] > 110
    assert desk.shown.sure is not None and decoded(desk.shown.sure).shape == (60, 80, 3)
    studio.mark(desk, [0.1, 0.1])
    studio.mark(desk, [0.9, 0.9])
    assert studio.ask(desk).at is None


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_a_result_stays_until_there_is_another(studio: Studio, desk: Desk, tmp_path: Path, how: str) -> None:
    write_video(tmp_path / "clip.mkv", count=40)
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((60, 80), 90, np.uint8))
    colored(studio, desk, tmp_path / "clip.mkv")
    first, offers = studio.job(desk), Offers(tmp_path / "kept" / "gradio")
    studio.colorizer.pause = 0.02
    for _ in range(6):  # more than are kept
        studio.color(desk, Choices(reference=str(tmp_path / "grey.png")) if how == "failed" else PLAIN)
        if how == "cancelled":
            studio.cancel(desk)
        ended(studio.job(desk))
    studio.follow(desk)
    shown = news(studio, desk, offers, overlay=False, radius=8)
    assert studio.job(desk).state == how and studio.result(desk) is first
    assert Path(shown["result"]["value"]).samefile(first.output) and shown["record"]["visible"]
    assert "sureness" in shown["timeline"] and desk.shown.sure is not None
    studio.colorizer.pause = 0
    colored(studio, desk, tmp_path / "clip.mkv")
    assert studio.result(desk) is studio.job(desk) is not first and not first.folder.exists()


def test_what_is_shown_of_a_job_is_all_of_one_moment(studio: Studio, desk: Desk, tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mkv", count=20)
    studio.take(desk, tmp_path / "clip.mkv")
    studio.color(desk, PLAIN)
    ended(studio.job(desk))
    offers = Offers(tmp_path / "kept" / "gradio")
    before = news(studio, desk, offers, overlay=False, radius=8)
    assert "is done" not in before["status"] and before["timer"]["active"] and not before["result"]["visible"]
    studio.follow(desk)
    after = news(studio, desk, offers, overlay=False, radius=8)
    assert "is done" in after["status"] and not after["timer"]["active"] and after["result"]["visible"]


def test_a_new_file_ends_the_job_of_the_one_before(studio: Studio, desk: Desk, tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mkv", count=60)
    studio.colorizer.pause = 0.05
    studio.take(desk, tmp_path / "clip.mkv", keep=True)
    studio.color(desk, PLAIN)
    job = studio.job(desk)
    studio.take(desk, tmp_path / "clip.mkv")
    assert ended(job).state == "cancelled" and desk.job is None and desk.shown is None
    left = [file for file in studio.service.folder(desk.visitor).rglob("*") if file.is_file()]
    assert left == [desk.source]


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda studio, desk: studio.color(desk, PLAIN), "nothing to colour"),
        (lambda studio, desk: studio.show(desk, 1), "when it is done"),
        (lambda studio, desk: studio.give(desk, [[0, 0]], color="#000000", radius=1), "no picture yet"),
        (lambda studio, desk: studio.ask(desk), "nothing to ask about"),
    ],
)
def test_an_empty_desk_says_what_is_missing(studio: Studio, desk: Desk, act: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        act(studio, desk)


def test_what_cannot_be_read_is_refused_without_the_servers_paths(studio: Studio, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"\0" * 5000)
    studio.take(desk, tmp_path / "broken.mp4")
    with pytest.raises(ValueError, match=r"broken\.mp4") as caught:
        studio.first(desk, PLAIN)
    assert str(tmp_path) not in str(caught.value) and "\n" not in str(caught.value) and desk.shown is None


def test_a_job_that_was_removed_is_missed(studio: Studio, desk: Desk, tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mkv", count=4)
    colored(studio, desk, tmp_path / "clip.mkv")
    studio.service.forget(desk.visitor)
    with pytest.raises(NoSuchJob):
        studio.follow(desk)


def test_the_examples_are_rendered_once(studio: Studio) -> None:
    samples = Samples(studio.service)
    picture = samples.get(PICTURE)
    assert cv2.imread(str(picture)).shape == (540, 960, 3)
    written = picture.stat().st_mtime_ns
    assert samples.get(PICTURE) == picture and picture.stat().st_mtime_ns == written
    picture.unlink()
    assert samples.get(PICTURE).is_file()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"vividness": "${oc.env:HOME}"}, "vividness"),
        ({"vividness": 1.5}, "vividness=1.5"),
        ({"abstain": None}, "abstain"),
        ({"abstain": float("nan")}, "abstain"),
    ],
)
def test_numbers_are_numbers(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Choices(**wrong)


def test_no_more_is_given_than_can_be_used(studio: Studio, desk: Desk) -> None:
    desk.shown = Shown(0.0, "data:,", "data:,")
    for radius in ("8", 0, float("nan")):
        with pytest.raises(ValueError, match="size"):
            studio.give(desk, [[0.5, 0.5]], color="#a02030", radius=radius)
    for _ in range(200):
        studio.give(desk, [[0.5, 0.5]], color="#a02030", radius=8)
    with pytest.raises(ValueError, match="take some back"):
        studio.give(desk, [[0.5, 0.5]], color="#a02030", radius=8)


def test_one_visitor_does_not_have_all_threads_wait_for_him(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(studio.service.root / "gradio"))
    with gr.Blocks():
        tab = ClipTab(studio, gr.BrowserState(None))
    desk, other = (studio.desks.of(new_key(), keep=True) for _ in range(2))
    assert len(tab.load(desk.visitor, Seen(), False, 8)) == len(tab.outputs) + 1
    taken = [desk.few.acquire(blocking=False) for _ in range(20)]
    assert 4 <= sum(taken) <= 10  # as many as are answered or wait
    with pytest.raises(gr.Error, match="one thing after the other"):
        tab.load(desk.visitor, Seen(), False, 8)
    tab.load(other.visitor, Seen(), False, 8)
    desk.few.release()
    tab.load(desk.visitor, Seen(), False, 8)


def test_what_is_refused_leaves_the_desk(studio: Studio, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    studio.take(desk, tmp_path / "bad.mp4")
    attempt(studio, desk, lambda desk: studio.first(desk, PLAIN))
    said = news(studio, desk, Offers(tmp_path / "kept" / "gradio"), overlay=False, radius=1)
    assert "bad.mp4" in desk.problem and "bad.mp4" in str(said["problem"])
    assert desk.source is None and said["again"] == {"interactive": False}
