"""A video whose segments other processes colour is the same file as one that is coloured by itself."""

import functools
import json
import pickle
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from temporal_colorize.inference.colored import ColoredFrame
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.hints.entries import Hint
from temporal_colorize.inference.hints.guide import HintGuide
from temporal_colorize.inference.report import Report
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.split import Finished, Run, Start, color_segment
from temporal_colorize.inference.video import colorize_video
from temporal_colorize.inference.video_options import VideoOptions
from temporal_colorize.inference.watching import Watch
from temporal_colorize.video import VideoError
from tests.support.moving import moving_scene
from tests.support.networks import tiny_weights
from tests.support.stock import write_lumas
from tests.support.stopping import StoppedError, stopping
from tests.support.videos import variable_pts, write_video

FAST = {"preset": "ultrafast", "crf": 20}
COUNT, SEGMENT = 45, 10
HINTS = [
    Hint(name="hints[0]", frame=2, box=(10, 45, 24, 30), ab=(40.0, 30.0)),  # on the thing that moves
    Hint(name="hints[1]", frame=13, box=(150, 10, 40, 30), ab=(-30.0, 20.0)),
]


def session(*, confidence: bool = False) -> Session:
    return Session(tiny_weights(), SessionOptions(size=64, confidence=confidence))


def colorize(
    source: Path, output: Path, *, run: Run | None = None, stop_after: int | None = None, resume: str = "auto",
    hints: bool = False, **options: object,
) -> Report:  # fmt: skip
    """Colour a file; the network fails after so many frames, as if the process were stopped."""
    made = stopping(session(confidence="confidence" in options), after=stop_after)
    guide = HintGuide(HINTS) if hints else None
    asked = {"codec": "libx264", "options": FAST, "segment": SEGMENT, **options}
    return colorize_video(source, output, made, guide=guide, run=run, resume=resume, **asked)


def elsewhere(
    source: Path, output: Path, *, hints: bool = False, watch: Watch | None = None, **options: object
) -> Callable[[Start], Finished]:
    """Return what colours a segment as another process would, which knows no more than plain values tell."""
    how = VideoOptions(**{"codec": "libx264", "options": FAST, "segment": SEGMENT, **options})

    def color(start: Start) -> Finished:
        sent = Start(**json.loads(json.dumps(vars(pickle.loads(pickle.dumps(start))))))
        made, guide = session(confidence="confidence" in options), HintGuide(HINTS) if hints else None
        found = color_segment(source, output, made, sent, how=how, guide=guide, watch=watch)
        return Finished(**json.loads(json.dumps(vars(found))))

    return color


def write_two_scenes(path: Path) -> None:
    """Write a thing that moves, and from frame 25 on the same in negative, which is a cut."""
    lumas, _ = moving_scene(COUNT)
    write_lumas(path, [*lumas[:25], *(251 - luma for luma in lumas[25:])], rate=25)


SOURCES: dict[str, tuple[Callable[[Path], object], dict[str, object]]] = {
    "gate": (write_two_scenes, {"gate": GateOptions()}),
    "busy gate": (write_two_scenes, {"gate": GateOptions(every=3, settle=2, ease=4)}),
    "every frame": (write_two_scenes, {}),
    "hints before a join": (write_two_scenes, {"gate": GateOptions(), "hints": True}),
    "a part, marked": (write_two_scenes, {"start": 0.3, "end": 1.5, "mark": True}),
    "ends with a segment": (lambda path: write_video(path, count=40), {"batch": 4}),
    "sound, and pictures that come late out of a decoder's threads": (
        lambda path: write_video(path, count=COUNT, audio="aac", options={"crf": "20", "g": "12"}),
        {},
    ),
    "variable rate and sound": (
        lambda path: write_video(
            path, count=COUNT, audio="aac", pts=variable_pts(COUNT), time_base=Fraction(1, 1000),
            options={"crf": "20", "g": "8", "bf": "2"},
        ),
        {"gate": GateOptions()},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SOURCES)
def test_it_is_the_same_file(tmp_path: Path, kind: str) -> None:
    make, options = SOURCES[kind]
    source, whole, split = tmp_path / "a.mp4", tmp_path / "whole.mp4", tmp_path / "split.mp4"
    make(source)
    expected = colorize(source, whole, **options)
    color = elsewhere(source, split, **options)

    def backwards(starts: Iterator[Start]) -> Iterator[Finished]:
        yield from reversed([color(start) for start in starts])

    report = colorize(source, split, run=backwards, **options)
    assert split.read_bytes() == whole.read_bytes()
    told = ("frames", "looks", "cuts", "hints", "infrared", "retimed", "luma_changed", "notes", "ends_at", "frame_map")
    assert {name: getattr(report, name) for name in told} == {name: getattr(expected, name) for name in told}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "split.mp4", "whole.mp4"]


def test_maps_of_confidence_are_split_as_well(tmp_path: Path) -> None:
    write_two_scenes(tmp_path / "a.mp4")
    made = {}
    for name in ("whole", "split"):
        options = {"gate": GateOptions(), "confidence": tmp_path / f"{name}.sure.mp4"}
        color = elsewhere(tmp_path / "a.mp4", tmp_path / f"{name}.mp4", **options)
        run = None if name == "whole" else functools.partial(map, color)
        report = colorize(tmp_path / "a.mp4", tmp_path / f"{name}.mp4", run=run, **options)
        made[name] = report.output.read_bytes(), report.confidence.read_bytes()
    assert made["split"] == made["whole"]


def test_what_others_do_not_finish_is_finished_here(tmp_path: Path) -> None:
    source, whole, split = tmp_path / "a.mp4", tmp_path / "whole.mp4", tmp_path / "split.mp4"
    write_two_scenes(source)
    colorize(source, whole, hints=True)
    color, asked = elsewhere(source, split, hints=True), []

    def some(starts: Iterator[Start]) -> Iterator[Finished]:
        for start in starts:
            asked.append(start.number)
            if start.number not in (1, 3):
                yield color(start)

    colorize(source, split, run=some, hints=True)
    assert asked == [0, 1, 2, 3, 4] and split.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("then", ["alone", "with others"])
def test_killed_with_holes_it_is_gone_on_with(tmp_path: Path, then: str) -> None:
    source, whole, split = tmp_path / "a.mp4", tmp_path / "whole.mp4", tmp_path / "split.mp4"
    write_two_scenes(source)
    options = {"gate": GateOptions(every=3, settle=2), "hints": True}
    colorize(source, whole, **options)
    color, asked = elsewhere(source, split, **options), []

    def stopped(starts: Iterator[Start]) -> Iterator[Finished]:
        for start in starts:
            if start.number in (0, 3):
                yield color(start)
        raise StoppedError

    def rest(starts: Iterator[Start]) -> Iterator[Finished]:
        for start in starts:
            asked.append(start.number)
            yield color(start)

    with pytest.raises(StoppedError) as raised:
        colorize(source, split, run=stopped, **options)
    assert raised.value.__notes__ == ["20 frames are kept: the same command goes on from there"]
    report = colorize(source, split, run=rest if then == "with others" else None, **options)
    assert asked == ([1, 2, 4] if then == "with others" else [])
    assert report.kept == 20 and split.read_bytes() == whole.read_bytes()


def test_others_go_on_with_what_was_killed_alone(tmp_path: Path) -> None:
    source, whole, split = tmp_path / "a.mp4", tmp_path / "whole.mp4", tmp_path / "split.mp4"
    write_two_scenes(source)
    colorize(source, whole)
    with pytest.raises(StoppedError):
        colorize(source, split, stop_after=28)
    report = colorize(source, split, run=functools.partial(map, elsewhere(source, split)))
    assert report.kept == 20 and split.read_bytes() == whole.read_bytes()


def test_a_segment_of_other_settings_or_of_no_job_is_refused(tmp_path: Path) -> None:
    source, output = tmp_path / "a.mp4", tmp_path / "b.mp4"
    write_two_scenes(source)
    with pytest.raises(VideoError, match="has no journal"):
        elsewhere(source, output)(Start(number=0))
    other = elsewhere(source, output, options={"preset": "ultrafast", "crf": 21})
    with pytest.raises(VideoError, match=r"it is made with options=.*'crf': 20.*21"):
        colorize(source, output, run=functools.partial(map, other))
    assert colorize(source, output).kept == 0


def test_pictures_that_are_decoded_otherwise_are_refused(tmp_path: Path) -> None:
    source, output = tmp_path / "a.mp4", tmp_path / "b.mp4"
    write_two_scenes(source)
    color = elsewhere(source, output)

    def otherwise(start: Start) -> Finished:
        found = color(start)
        return Finished(**{**vars(found), "ends": {**found.ends, "luma": found.ends["luma"] ^ 1}})

    with pytest.raises(VideoError, match="segment 0 was decoded otherwise where it was coloured"):
        colorize(source, output, run=functools.partial(map, otherwise))


@pytest.mark.parametrize("why", ["sheet", "watch", "both"])
def test_what_must_see_all_frames_in_order_is_not_split(tmp_path: Path, why: str) -> None:
    source, seen = tmp_path / "a.mp4", []
    write_two_scenes(source)
    guide = HintGuide(HINTS[:1], direction="both") if why == "both" else None
    options = {"sheet": {"sheet": True}, "watch": {"watch": seen.append}, "both": {"guide": guide}}[why]

    def never(starts: Iterator[Start]) -> Iterator[Finished]:
        raise AssertionError("it was split")

    report = colorize_video(
        source, tmp_path / "b.mp4", session(), codec="libx264", options=FAST, segment=SEGMENT, run=never, **options
    )
    assert report.frames == COUNT


def test_who_watches_a_segment_sees_its_frames_and_may_stop_it(tmp_path: Path) -> None:
    source, output, seen = tmp_path / "a.mp4", tmp_path / "b.mp4", []
    write_two_scenes(source)

    def watch(frame: ColoredFrame) -> None:
        seen.append((frame.number, frame.total))
        if frame.number == 23:
            raise StoppedError

    with pytest.raises(StoppedError):
        colorize(source, output, run=functools.partial(map, elsewhere(source, output, watch=watch)))
    assert seen == [(number, COUNT) for number in range(24)]
