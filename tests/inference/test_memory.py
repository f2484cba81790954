"""When memory runs out the session makes do with less, says so, and colours as if nothing had happened.

There is no GPU here: the device is one in name only, and the network says when it has no more memory.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from temporal_colorize.inference.memory import ran_out
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.video import colorize_video
from temporal_colorize.models.contract import ColorOutput, State
from tests.support.networks import tiny_weights
from tests.support.streams import stream
from tests.support.videos import write_video

CUDA = torch.device("cuda")
OPTIONS = SessionOptions(size=64, cut_threshold=1000)


class _Nowhere(TorchFunctionMode):
    """Moves of tensors to CUDA leave them where they are."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, arguments: tuple[Any, ...] = (), options: Any = None
    ) -> Any:
        if function is Tensor.to and CUDA in arguments:
            return arguments[0]
        return function(*arguments, **(options or {}))


@pytest.fixture
def cuda() -> Iterator[torch.device]:
    with _Nowhere():
        yield CUDA


class Scarce:
    """A network that runs out of memory above a number of frames at once, 0 for always, off the CPU."""

    def __init__(self, most: int, error: Exception | None = None) -> None:
        self._net = tiny_weights().net
        self.most, self.error, self.asked = most, error or torch.OutOfMemoryError("CUDA out of memory."), []
        self.device = CUDA

    def __getattr__(self, name: str) -> Any:
        return getattr(self._net, name)

    def parameters(self) -> Iterator[Tensor]:
        yield torch.empty(0) if self.device.type == "cpu" else torch.empty(0, device="meta")

    def to(self, device: torch.device) -> "Scarce":
        self.device = device
        return self

    def __call__(
        self, lightness: Tensor, hints: Tensor | None = None, state: State | None = None
    ) -> tuple[ColorOutput, State | None]:
        self.asked.append((self.device.type, lightness.shape[1]))
        if lightness.shape[1] > self.most and self.device.type != "cpu":
            raise self.error
        return self._net(lightness, hints, state)


def session_of(net: Scarce, device: torch.device) -> Session:
    weights = tiny_weights()
    object.__setattr__(weights, "net", net)
    return Session(weights, OPTIONS, device=device)


def colors(session: Session, parts: list[Tensor]) -> Tensor:
    return torch.stack([session.decode(output).ab for part in parts for output in session.steps(part)])


@pytest.mark.parametrize("most", [8, 4, 3, 1, 0])
def test_fewer_frames_and_then_the_cpu_give_the_same_colours(most: int, cuda: torch.device) -> None:
    parts = list(stream(20).split(8))
    net = Scarce(most)
    session = session_of(net, cuda)
    torch.testing.assert_close(colors(session, parts), colors(Session(tiny_weights(), OPTIONS), parts))
    steps = {8: "4 frames", 4: "2 frames", 2: "1 frame"}
    halves = [f"out of memory on cuda: {less} at once, was {was}" for was, less in steps.items() if was > most]
    cpu = ["out of memory on cuda: coloured on the CPU from frame 0 on"] * (most == 0)
    assert session.notes == halves + cpu
    assert session.device.type == ("cpu" if most == 0 else "cuda")


def test_memory_that_runs_out_in_the_middle_loses_no_state(cuda: torch.device) -> None:
    parts = list(stream(20).split(4))
    net = Scarce(4)
    session = session_of(net, cuda)
    before = colors(session, parts[:2])
    net.most = 0
    after = colors(session, parts[2:])
    torch.testing.assert_close(torch.cat([before, after]), colors(Session(tiny_weights(), OPTIONS), parts))
    assert session.notes[-1] == "out of memory on cuda: coloured on the CPU from frame 8 on"
    assert net.asked[:5] == [("cuda", 4)] * 3 + [("cuda", 2), ("cuda", 1)]
    assert set(net.asked[5:]) == {("cpu", 1)}


def test_other_sessions_of_the_same_network_follow_it(cuda: torch.device) -> None:
    net = Scarce(4)
    one, other = session_of(net, cuda), session_of(net, cuda)
    frames = list(stream(8).split(4))
    first = colors(other, frames[:1])
    net.most = 0
    colors(one, frames)
    torch.testing.assert_close(
        torch.cat([first, colors(other, frames[1:])]), colors(Session(tiny_weights(), OPTIONS), frames)
    )
    assert other.device.type == "cpu"
    assert other.notes == ["out of memory on cuda: the CPU colours from frame 4 on, as another stream had to"]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:116] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("MPS backend out of memory"),
    ],
)
def test_other_runtimes_say_it_otherwise(error: Exception, cuda: torch.device) -> None:
    assert ran_out(error)
    session = session_of(Scarce(1, error), cuda)
    assert len(session.steps(stream(2))) == 2
    assert session.notes == ["out of memory on cuda: 1 frame at once, was 2"]


def test_any_other_failure_is_one(cuda: torch.device) -> None:
    session = session_of(Scarce(0, RuntimeError("expected scalar type Half")), cuda)
    with pytest.raises(RuntimeError, match="scalar type"):
        session.steps(stream(2))
    assert not session.notes


def test_one_frame_too_many_for_the_cpu_is_said_in_one_line() -> None:
    class Empty(Scarce):
        def __call__(self, *arguments: object) -> tuple[ColorOutput, State | None]:
            raise MemoryError

    session = session_of(Empty(0), torch.device("cpu"))
    with pytest.raises(ValueError, match=r"on the CPU for one frame of 96x64: choose inference\.size below"):
        session.steps(stream(2))


def test_a_network_that_does_not_fit_is_loaded_on_the_cpu(cuda: torch.device) -> None:
    class Heavy(Scarce):
        def to(self, device: torch.device) -> Scarce:
            if device.type == "cuda":
                raise self.error
            return super().to(device)

    session = session_of(Heavy(8), cuda)
    assert session.device.type == "cpu"
    assert session.notes == ["out of memory on cuda: coloured on the CPU from the start"]
    assert len(session.steps(stream(2))) == 2


def test_a_video_is_coloured_to_its_end_and_the_report_says_how(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=20)
    session = session_of(Scarce(3), torch.device("cpu"))
    session.net.device = CUDA  # in name only: tensors stay on the CPU, and the network is short of memory
    session._follow = lambda: None
    report = colorize_video(tmp_path / "a.mp4", None, session, codec="libx264", options={"qp": 0}, batch=8)
    assert report.frames == 20
    assert report.notes == [f"out of memory on cpu: {n} frames at once, was {2 * n}" for n in (4, 2)]
    usual = Session(tiny_weights(), OPTIONS)
    other = colorize_video(tmp_path / "a.mp4", tmp_path / "b.mp4", usual, codec="libx264", options={"qp": 0}, batch=8)
    one, two = pictures_of(report.output), pictures_of(other.output)
    assert one.shape == two.shape and one[:, 96:].std() > 1
    assert abs(one - two).max() <= 1  # rounding; luma, the first 96 lines, has none
    assert (one[:, :96] == two[:, :96]).all()


def pictures_of(path: Path) -> np.ndarray:
    """Return luma and below it both chroma planes, (T, 144, 128)."""
    with av.open(str(path)) as container:
        return np.stack([picture.to_ndarray() for picture in container.decode(video=0)]).astype(int)
