"""One network for several cameras: what their threads ask for at the same time goes through it together."""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from temporal_colorize.inference.memory import ran_out
from temporal_colorize.models.contract import ColorOutput, State, VideoColorizer, fresh_state


@dataclass(eq=False)
class _Call:
    lightness: Tensor
    hints: Tensor | None
    state: State | None
    done: threading.Event = field(default_factory=threading.Event)
    result: tuple[ColorOutput, State | None] | None = None
    error: BaseException | None = None

    def move(self, device: torch.device) -> None:
        self.lightness = self.lightness.to(device)
        self.hints = None if self.hints is None else self.hints.to(device)
        self.state = None if self.state is None else tuple(plane.to(device) for plane in self.state)

    @property
    def kind(self) -> object:
        """What calls must have in common to be stacked."""
        return self.lightness.shape[1:], self.hints is None


class SharedNetwork:
    """A network under the contract of `VideoColorizer` that many threads may call; results are those of its own.

    A thread takes whatever calls are waiting, stacks those of one shape, computes them at once, and takes them apart.

    Args:
        net: The network.
        most: Calls that are computed together.
        tell: Takes a line when memory runs out and fewer are from then on.
    """

    def __init__(self, net: VideoColorizer, *, most: int, tell: Callable[[str], object] = lambda line: None) -> None:
        self.net, self._tell = net, tell
        self.architecture, self.config = net.architecture, net.config
        self.stride, self.fixed_size, self.has_bins = net.stride, net.fixed_size, net.has_bins
        self.state_planes = net.state_planes
        self._most = most
        self._still = threading.Lock()  # the network is moved only while it computes nothing
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many calls nobody has taken yet."""
        return self._calls.qsize()

    def to(self, device: torch.device) -> "SharedNetwork":
        """Move the network; every session has the same device."""
        with self._still:
            self.net = self.net.to(device)
        return self

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield the network's parameters; a graph has none."""
        return self.net.parameters()

    def prepare(self, height: int, width: int) -> None:
        """Make frames of this size as fast as they can be."""
        if hasattr(self.net, "prepare"):
            self.net.prepare(height, width)

    def close(self) -> None:
        """End the thread once what waits is computed."""
        self._calls.put(None)
        self._thread.join()

    def __call__(
        self, lightness: Tensor, hints: Tensor | None = None, state: State | None = None
    ) -> tuple[ColorOutput, State | None]:
        """Colour a clip; see `VideoColorizer`. Waits for its turn."""
        call = _Call(lightness, hints, state)
        self._calls.put(call)
        call.done.wait()
        if call.error is not None:
            raise call.error
        return call.result

    def _run(self) -> None:
        waiting: list[_Call | None] = []
        while True:
            waiting += [self._calls.get()] if not waiting else []
            while not self._calls.empty():
                waiting.append(self._calls.get())
            if waiting[0] is None:
                return
            together = [call for call in waiting if call and call.kind == waiting[0].kind][: self._most]
            waiting = [call for call in waiting if call not in together]
            self._compute(together)

    @torch.inference_mode()
    def _compute(self, calls: list[_Call]) -> None:
        try:
            with self._still:
                self._answer(calls)
        except BaseException as error:
            if len(calls) > 1 and isinstance(error, Exception) and ran_out(error):
                self._most = len(calls) // 2
                self._tell(f"out of memory: {self._most} of several cameras' pictures at once, was {len(calls)}")
                self._compute(calls[: self._most])
                return self._compute(calls[self._most :])
            for call in calls:
                call.error = error
        for call in calls:
            call.done.set()

    def _answer(self, calls: list[_Call]) -> None:
        device = next((parameter.device for parameter in self.parameters()), calls[0].lightness.device)
        for call in calls:  # another session may have had to move the network since they were made
            call.move(device)
        if len(calls) == 1:
            call = calls[0]
            call.result = self.net(call.lightness, call.hints, call.state)
            return
        lightness = torch.cat([call.lightness for call in calls])
        hints = None if calls[0].hints is None else torch.cat([call.hints for call in calls])
        output, state = self.net(lightness, hints, self._stacked(calls))
        start = 0
        for call in calls:
            part = slice(start, start + len(call.lightness))
            start = part.stop
            own = ColorOutput(*(None if plane is None else plane[part] for plane in output))
            call.result = own, tuple(plane[part] for plane in state) if self.state_planes else call.state

    def _stacked(self, calls: list[_Call]) -> State | None:
        """Stack the states, None as the zeros that it stands for."""
        if not self.state_planes or all(call.state is None for call in calls):
            return None
        like = next(plane for call in calls if call.state for plane in call.state)
        states = [call.state or self._fresh(call.lightness, like) for call in calls]
        return tuple(torch.cat(planes) for planes in zip(*states, strict=True))

    def _fresh(self, lightness: Tensor, like: Tensor) -> State:
        batch, _, _, height, width = lightness.shape
        return fresh_state(self, batch, height, width, like=like)
