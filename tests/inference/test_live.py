"""What the colour state does when a live picture changes, and a run whose parts fail."""

import io
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from temporal_colorize import cli
from temporal_colorize.color.chroma import ChromaCoding, luma_of_rgb
from temporal_colorize.inference.chroma_stream import ChromaStream
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.health import HealthOptions
from temporal_colorize.inference.live import Camera, LivePlan, _CameraRun, tell
from temporal_colorize.inference.mark import Mark
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.sample.clip import render_frames
from temporal_colorize.video.live import Picture, SourceOptions, TargetOptions
from temporal_colorize.video.live.sound import Sound
from tests.support.live import ENCODING, live_info, live_pictures
from tests.support.networks import tiny_weights
from tests.support.rtsp import wait_until
from tests.support.videos import index_luma, index_of, lumas_of, write_video


def test_a_switch_to_infrared_restarts_the_colours_and_a_gap_in_the_same_scene_does_not() -> None:
    """By day, after a gap of a second with what moves elsewhere, and by night; the gate on, as by default."""
    degrade = cli.build(cli.compose("train", ["degrade=infrared"]).degrade)
    clip = np.stack(list(render_frames(width=320, height=192, seconds=1.8)))
    rgb = torch.from_numpy(clip).permute(0, 3, 1, 2)[None].float() / 255
    day = luma_of_rgb(rgb[0], "bt601")
    for seed in range(2):
        night = degrade(rgb[:, 30:33], matrix="bt601", generator=torch.Generator().manual_seed(seed))[0]
        session = Session(tiny_weights(), SessionOptions(size=64))
        coding = ChromaCoding("bt601", full_range=True)
        stream = ChromaStream(session, coding, shape=(192, 320), chroma_shape=(96, 160), gate=GateOptions())
        for luma in (*day[:8], *day[35:45]):
            stream((255 * luma[0]).clamp(0, 255).byte().numpy())
        assert session.cuts == 0
        for luma in night:
            stream((255 * luma[0]).clamp(0, 255).byte().numpy())
        assert session.cuts == 1


class Fed:
    """A source that gives pictures of its own, again and again."""

    def __init__(self, folder: Path) -> None:
        self._pictures: Iterator[Picture] = (picture for picture, *_ in live_pictures(live_info(folder), 10_000))

    def take(self, timeout: float) -> Picture:
        time.sleep(0.005)
        return next(self._pictures)

    def start(self, *, wait: bool = True) -> None:
        pass

    stop = start


def run_of(folder: Path, make_session: object, *, audio: bool = False) -> _CameraRun:
    plan = LivePlan(
        make_session=make_session,
        codec="libx264",
        encoding=ENCODING,
        gate=None,
        audio=audio,
        source=SourceOptions(wait=0.02, most_wait=0.05),
        target=TargetOptions(),
        health=HealthOptions(),
        stop_seconds=1,
    )
    run = _CameraRun(Camera("door", "rtsp://host/cam", str(folder / "a.mkv")), tiny_weights(), plan)
    run._source = Fed(folder)
    return run


def test_the_mark_is_in_live_pictures_and_nowhere_else(tmp_path: Path) -> None:
    run = run_of(tmp_path, lambda weights: Session(weights, SessionOptions(size=64)))
    run._plan = replace(run._plan, mark=True)
    run.start()
    wait_until(lambda: run._output.frames > 5, seconds=8, what="pictures")
    run.stop()
    run.thread.join(5)
    mark = Mark((96, 128))
    for luma in lumas_of(tmp_path / "a.mkv")[:3]:
        np.testing.assert_array_equal(luma, mark.put(index_luma(index_of(luma)), low=16, high=235))


@pytest.mark.parametrize("audio", [True, False])
def test_sound_is_announced_only_where_it_goes_along(tmp_path: Path, audio: bool) -> None:
    write_video(tmp_path / "heard.mkv", count=2, audio="aac")
    with av.open(str(tmp_path / "heard.mkv")) as heard:
        sound = (Sound.of(heard.streams.audio[0]),)
    run = run_of(tmp_path, lambda weights: Session(weights, SessionOptions(size=64)), audio=audio)
    run._source._pictures = (replace(picture, sound=sound) for picture, *_ in live_pictures(live_info(tmp_path), 999))
    run.start()
    wait_until(lambda: run.meter.health().colored > 3, seconds=20, what="pictures")
    run.stop()
    run.thread.join(5)
    with av.open(str(tmp_path / "a.mkv")) as container:
        assert len(container.streams.audio) == audio


def test_a_run_that_fails_begins_anew_unless_it_never_worked(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    sessions: list[Session] = []

    def make_session(weights: object) -> Session:
        sessions.append(session := Session(weights, SessionOptions(size=64)))
        steps, left = session.steps, iter(range((4, 0, 10_000)[len(sessions) - 1]))  # the second fails at once

        def limited(*given: object) -> object:
            if next(left, None) is None:
                raise RuntimeError("no answer from rtsp://bob:hunter2@host/cam")
            return steps(*given)

        session.steps = limited
        session.notes += ["out of memory on cuda: coloured on the CPU"] * (len(sessions) == 1)
        return session

    run = run_of(tmp_path, make_session)
    run.start()
    wait_until(lambda: len(sessions) == 3 and run._output.frames > 12, seconds=8, what="pictures of the third run")
    run.stop()
    run.thread.join(5)
    said = capsys.readouterr().err
    assert run.failure is None and said.count("door: RuntimeError: no answer from rtsp://***@host/cam; beg") == 2
    assert said.count("door: out of memory on cuda: coloured on the CPU") == 1

    def refuse(weights: object) -> Session:
        raise ValueError("vividness needs a network with bins")

    never = run_of(tmp_path, refuse)
    never.start()
    never.thread.join(5)
    assert isinstance(never.failure, ValueError) and not never.thread.is_alive()


def test_a_reader_of_what_is_said_who_left_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Left(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    closed = io.StringIO()
    closed.close()
    for stream in (Left(), closed):
        monkeypatch.setattr("sys.stderr", stream)
        tell("anything")
