import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from temporal_colorize.inference.batching import SharedNetwork
from temporal_colorize.inference.runtimes import RuntimeOptions, open_weights
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.weights import Weights
from temporal_colorize.models.contract import ColorOutput, State, VideoColorizer
from tests.support.networks import tiny_network, tiny_weights, tiny_weights_file
from tests.support.rtsp import wait_until
from tests.support.streams import stream

OPTIONS = SessionOptions(size=64, cut_threshold=1000)
FIRST = torch.zeros(1, 1, 1, 96, 96)


class Held(nn.Module):
    """A network that waits, before it computes `FIRST`, until it is let go; it has memory for so many at once."""

    def __init__(self, net: VideoColorizer, *, memory: int = 100) -> None:
        super().__init__()
        self.__dict__.update({name: getattr(net, name) for name in VideoColorizer.__annotations__})
        self.net, self.busy, self.go, self.batches = net, threading.Event(), threading.Event(), []
        self.memory = memory

    def forward(self, lightness: Tensor, *given: object) -> tuple[ColorOutput, State | None]:
        if lightness.shape == FIRST.shape:
            self.busy.set()
            self.go.wait(10)
        else:
            self.batches.append(len(lightness))
        if len(lightness) > self.memory:
            raise torch.OutOfMemoryError("out of memory")
        return self.net(lightness, *given)


def at_once(shared: SharedNetwork, tasks: Sequence[Callable[[], Tensor]]) -> list[Tensor]:
    """Run tasks in threads whose calls all wait until another one is done."""
    shared.net.busy.clear()
    shared.net.go.clear()
    results: dict[int, Tensor] = {}
    threads = [threading.Thread(target=shared, args=[FIRST])]
    threads += [threading.Thread(target=lambda n=n: results.update({n: tasks[n]()})) for n in range(len(tasks))]
    threads[0].start()
    shared.net.busy.wait(10)
    for thread in threads[1:]:
        thread.start()
    wait_until(lambda: shared.waiting == len(tasks), seconds=10, what="every call is in line")
    shared.net.go.set()
    for thread in threads:
        thread.join()
    return [results[n] for n in range(len(tasks))]


@pytest.fixture(params=["torch", "openvino"])
def weights(request: pytest.FixtureRequest, tmp_path) -> Weights:
    if request.param == "torch":
        return tiny_weights()
    options = RuntimeOptions(runtime="openvino", threads=1, cache="off")
    return open_weights(str(tiny_weights_file(tmp_path)), options, device=torch.device("cpu"))


def test_cameras_together_are_coloured_as_each_alone(weights: Weights) -> None:
    """One of them starts later, and one sees another size."""
    shared = SharedNetwork(Held(weights.net), most=8)
    together = [Session(replace(weights, net=shared), OPTIONS) for _ in range(3)]
    alone = [Session(weights, OPTIONS) for _ in range(3)]
    clips = [stream(4), stream(4).flip(-1), stream(4, 64, 128)]
    for number in range(4):
        running = [0, 2] if number == 0 else [0, 1, 2]
        colors = at_once(shared, [partial(together[n].color, clips[n][number]) for n in running])
        for n, color in zip(running, colors, strict=True):
            torch.testing.assert_close(color, alone[n].color(clips[n][number]), atol=1e-2, rtol=1e-3)
    shared.close()
    assert sorted(shared.net.batches) == [1] * (2 + 3) + [2] * 3


def test_no_more_than_so_many_go_together() -> None:
    shared = SharedNetwork(Held(tiny_network()), most=2)
    at_once(shared, [partial(shared, torch.zeros(1, 1, 1, 32, 32))] * 5)
    shared.close()
    assert shared.net.batches == [2, 2, 1]


def test_calls_with_hints_and_without_are_not_mixed() -> None:
    net = tiny_network()
    shared = SharedNetwork(Held(net), most=4)
    clip, hints = torch.rand(1, 1, 1, 32, 32) * 100, torch.zeros(1, 1, 3, 32, 32)
    hints[..., 4:8, 4:8] = torch.tensor([40.0, 30.0, 1.0]).view(3, 1, 1)
    outputs = at_once(shared, [partial(shared, clip), partial(shared, clip, hints)])
    shared.close()
    with torch.no_grad():
        for (output, _), given in zip(outputs, (None, hints), strict=True):
            torch.testing.assert_close(output.ab, net(clip, given)[0].ab)
    assert shared.net.batches == [1, 1]


def test_an_error_reaches_whoever_called_and_the_thread_goes_on() -> None:
    shared = SharedNetwork(tiny_network(), most=2)
    for _ in range(2):
        with pytest.raises(ValueError, match="multiples"):
            shared(torch.zeros(1, 1, 1, 9, 9))
    assert shared(torch.zeros(1, 1, 1, 32, 32))[0].ab.shape == (1, 1, 2, 8, 8)
    shared.close()


def test_where_memory_runs_out_fewer_go_together() -> None:
    held = Held(tiny_network(), memory=1)
    said: list[str] = []
    shared = SharedNetwork(held, most=4, tell=said.append)
    clips = [stream(number + 1)[None, -1:] for number in range(3)]
    results = at_once(shared, [lambda clip=clip: shared(clip)[0].ab for clip in clips])
    assert held.batches == [3, 1, 2, 1, 1] and said[0].endswith("1 of several cameras' pictures at once, was 3")
    for ab, clip in zip(results, clips, strict=True):
        torch.testing.assert_close(ab, held.net(clip)[0].ab)


def test_the_network_is_not_moved_while_it_computes() -> None:
    shared = SharedNetwork(Held(tiny_network()), most=1)
    computing = threading.Thread(target=shared, args=[FIRST])
    computing.start()
    shared.net.busy.wait(10)
    moving = threading.Thread(target=shared.to, args=[torch.device("cpu")])
    moving.start()
    moving.join(0.1)
    assert moving.is_alive()
    shared.net.go.set()
    for thread in (moving, computing):
        thread.join(10)
        assert not thread.is_alive()
    shared.close()
