"""Colours cameras for as long as they are there, or until somebody says stop."""

import contextlib
import itertools
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
from av.packet import Packet

from temporal_colorize.inference.batching import SharedNetwork
from temporal_colorize.inference.chroma_stream import ChromaStream, Work, coding_of
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.health import Health, HealthOptions, HealthReport, Meter
from temporal_colorize.inference.mark import Mark
from temporal_colorize.inference.memory import give_back, settle
from temporal_colorize.inference.session import Session
from temporal_colorize.inference.statement import label
from temporal_colorize.inference.streaming import LiveStream
from temporal_colorize.inference.threads import ahead
from temporal_colorize.inference.weights import Weights
from temporal_colorize.video.live import LiveOutput, LiveSource, OutputClosed, Picture, SourceOptions, TargetOptions
from temporal_colorize.video.live.addresses import scrubbed

_TICK = 0.1  # seconds after which a thread that waits sees that it should stop
_TICKS_TO_GIVE_BACK = 100  # after which freed memory goes back to the system
_AHEAD = 1  # pictures between the network and the encoder


@dataclass(frozen=True)
class Camera:
    """A camera and where its coloured pictures go.

    Attributes:
        name: in messages and metrics.
        video: its address; see `LiveSource`.
        output: see `LiveOutput`.
    """

    name: str
    video: str
    output: str


@dataclass(frozen=True, kw_only=True)
class LivePlan:
    """How cameras are coloured.

    Attributes:
        make_session: gives a fresh session of weights.
        codec: FFmpeg's name of the video encoder.
        encoding: its options.
        gate: when the network looks again; None for every picture.
        audio: whether sound is passed on.
        source: see `SourceOptions`,
        target: `TargetOptions` and
        health: `HealthOptions`.
        stop_seconds: that closing the outputs may take.
        batch: pictures of several cameras that go through the network together.
        mark: whether it is written into the pictures that their colours are estimated.
    """

    make_session: Callable[[Weights], Session]
    codec: str
    encoding: Mapping[str, object]
    gate: GateOptions | None
    audio: bool
    source: SourceOptions
    target: TargetOptions
    health: HealthOptions
    stop_seconds: float
    batch: int = 1
    mark: bool = False


def colorize_live(cameras: Sequence[Camera], weights: Weights, plan: LivePlan) -> list[Health]:
    """Colour cameras until an interrupt (KeyboardInterrupt), or until every output was closed by whoever read it.

    Every camera has threads and a colour state of its own; all share one network.

    Raises:
        ValueError: If an address, an output or the encoder is refused. With several cameras, those that can go on.
    """
    settle()
    shared = SharedNetwork(weights.net, most=plan.batch, tell=tell) if len(cameras) > 1 else None
    weights = weights if shared is None else replace(weights, net=shared)
    runs = [_CameraRun(camera, weights, plan) for camera in cameras]
    with HealthReport(plan.health, [run.meter for run in runs], tell=tell):
        try:
            for run in runs:
                run.start()
            for tick in itertools.takewhile(lambda _: any(run.thread.is_alive() for run in runs), itertools.count(1)):
                time.sleep(_TICK)
                if tick % _TICKS_TO_GIVE_BACK == 0:
                    give_back()
        except KeyboardInterrupt:
            pass
        finally:
            _stop(runs, plan.stop_seconds)
    failures = [run.failure for run in runs if run.failure is not None]
    if failures:
        raise failures[0]
    return [run.meter.health() for run in runs]


def _stop(runs: "Sequence[_CameraRun]", seconds: float) -> None:
    """Close the outputs; a thread that an output blocks is left behind."""
    for run in runs:
        run.stop()
    until = time.monotonic() + seconds
    for run in runs:
        if run.thread.ident is not None:
            run.thread.join(max(0.0, until - time.monotonic()))
        if run.thread.is_alive():
            tell(f"{run.camera.name}: its output takes no more; it was left as it is")


def tell(line: str) -> None:
    """Say something to whoever started the program, if he still listens; standard output may be the video."""
    with contextlib.suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)


class _CameraRun:
    """One camera: a thread that reads, one in which the network looks, and one that lays chroma and encodes."""

    def __init__(self, camera: Camera, weights: Weights, plan: LivePlan) -> None:
        self.camera, self.stopped, self.failure = camera, threading.Event(), None
        self._weights, self._plan = weights, plan
        said = {"name": camera.name, "tell": tell}
        self._source = LiveSource(camera.video, plan.source, start=time.monotonic(), **said)
        self._output = LiveOutput(
            camera.output,
            plan.target,
            codec=plan.codec,
            encoding=plan.encoding,
            wait=plan.source.wait,
            most_wait=plan.source.most_wait,
            metadata=label().metadata(),
            **said,
        )
        self.meter = Meter(camera.name, self._source, self._output, window=plan.health.window_seconds)
        self.thread = threading.Thread(target=self._run, name=f"encode {camera.name}", daemon=True)
        self._mark_of: tuple[object, ...] | None = None  # what the mark was made for

    def start(self) -> None:
        self._source.start()
        self.thread.start()

    def stop(self) -> None:
        """Let its threads end; they look now and then."""
        self.stopped.set()
        self._output.stopped = True
        self._source.stop(wait=False)  # while the output is closed

    def _run(self) -> None:
        """Colour until somebody says stop; what fails begins anew, with fresh colours, if it has ever worked."""
        wait = self._plan.source.wait
        try:
            while not self.stopped.is_set():
                before = self._output.frames
                try:
                    self._color()
                except OutputClosed:
                    return tell(f"{self.camera.name}: whoever read its pictures has left")
                except Exception as error:
                    if not self._output.frames:
                        self.failure = error
                        return tell(f"{self.camera.name}: stopped ({scrubbed(str(error))})")
                    tell(f"{self.camera.name}: {type(error).__name__}: {scrubbed(str(error))}; beginning anew")
                    wait = wait if self._output.frames == before else self._plan.source.wait
                    self.stopped.wait(wait)
                    wait = min(2 * wait, self._plan.source.most_wait)
        finally:
            self.stopped.set()
            with contextlib.suppress(OutputClosed):
                self._output.close()
            self._source.stop()

    def _color(self) -> None:
        with closing(ahead(self._looked(), most=_AHEAD, name=f"look {self.camera.name}")) as looked:
            for item, stream, work in looked:
                self._write(item, stream, work)

    def _write(self, item: Picture | Packet | None, stream: ChromaStream | None, work: Work | None) -> None:
        if isinstance(item, Picture):
            chroma = stream.lay(work)
            picture = item if self._plan.audio else replace(item, sound=())
            if self._plan.mark:
                picture, *chroma = self._marked(picture, *chroma)
            if self._output.write(picture, *chroma):
                self.meter.done(item.arrived)
        elif item is None:
            self._output.check()
        elif self._plan.audio:
            self._output.copy(item)

    def _marked(self, item: Picture, cb: np.ndarray, cr: np.ndarray) -> tuple[Picture, np.ndarray, np.ndarray]:
        shape = item.info.height, item.info.width, item.info.display_matrix
        if self._mark_of != shape:
            self._mark_of, self._mark = shape, Mark(shape[:2], shape[2])
        frame, cb, cr = self._mark.on(item.frame, cb, cr, coding_of(item.info))
        return replace(item, frame=frame), cb, cr

    def _looked(self) -> Iterator[tuple[Picture | Packet | None, ChromaStream | None, Work | None]]:
        """Let the network look at the newest pictures; None now and then while none come."""
        live = LiveStream(lambda: self._plan.make_session(self._weights), gate=self._plan.gate)
        earlier, session, told = (self.meter.looks, self.meter.cuts), None, 0
        while not self.stopped.is_set():
            item = self._source.take(_TICK)
            if not isinstance(item, Picture):
                yield item, None, None
                continue
            stream, work = live.look(item)
            told = told if live.session is session else 0
            session = live.session
            for note in session.notes[told:]:
                tell(f"{self.camera.name}: {note}")
            told = len(session.notes)
            self.meter.looks, self.meter.cuts = earlier[0] + live.looks, earlier[1] + live.cuts
            yield item, stream, work
