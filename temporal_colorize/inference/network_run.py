"""One stream's way through a network: the state that it carries on, and how it makes do with less memory."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from temporal_colorize.inference.estimate import Estimate
from temporal_colorize.inference.hearing import Heard, mixed_outputs, mixed_states, stacked
from temporal_colorize.inference.memory import ran_out
from temporal_colorize.inference.snapshot import Snapshot, give_back, take
from temporal_colorize.inference.weights import Weights
from temporal_colorize.models.contract import ColorOutput, State

_CARRIED = ("_state", "_told", "frames")


class NetworkRun:
    """Runs a network on the frames of one stream, in order.

    Where the device runs out of memory, fewer frames go through together from then on, and at last the network moves to
    the CPU, for other streams of the same weights, too, as they run on. No frame is lost and no colour changes, but for
    rounding.

    Args:
        weights: The network is moved to the device, and otherwise not changed.
        device: Where it runs.
        notes: What is done otherwise than asked is added there, in a line each.

    Attributes:
        net: The network,
        log_weights: and (313,) its rebalancing weights' logarithms, on
        device: the device, as long as it lasts.
        frames: How many have gone through.
    """

    def __init__(self, weights: Weights, device: torch.device, notes: list[str]) -> None:
        self.net, self.log_weights, self.device = weights.net, weights.log_weights, device
        self.frames = 0
        self._notes = notes
        self._state: State | None = None
        self._told: State | None = None  # of the run that hears confined hints, from the first to the last of them
        self._most: int | None = None  # frames together, once memory has run out
        self._load()

    def reset(self) -> None:
        """Forget what came before, as at a cut."""
        self._state = self._told = None

    def snapshot(self) -> Snapshot:
        """Copy what is carried from frame to frame."""
        return take(self, _CARRIED)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a `snapshot` of a run like this one."""
        give_back(self, _CARRIED, snapshot)
        self._state, self._told = _on(self.device, self._state), _on(self.device, self._told)

    def __call__(self, clip: Tensor, heard: Sequence[Heard]) -> Iterator[ColorOutput]:
        """Run on frames of one scene together, (T, 1, H, W), and what is heard in each: T outputs with B = T = 1.

        Raises:
            ValueError: If memory runs out on the CPU for a single frame.
        """
        start, end = 0, len(clip)
        while start < end:
            upto = next((number for number in range(start, end) if heard[number].confined is not None), end)
            upto = min(max(upto, start + 1), start + (self._most or end))
            output = self._run(clip[None, start:upto], heard[start:upto])
            if output is not None:
                yield from (output.frame(number) for number in range(upto - start))
                start = upto

    def decoded(self, output: ColorOutput, decode: Callable[[ColorOutput], Estimate]) -> Estimate:
        """Decode an output where it is, or on the CPU where there is no memory for that."""
        try:
            return decode(output)
        except Exception as error:
            if not ran_out(error) or output.ab.device.type == "cpu":
                raise
            self._say(f"colours of frame {self.frames} decoded on the CPU")
            return decode(ColorOutput(*(part if part is None else part.cpu() for part in output)))

    def _run(self, clip: Tensor, heard: Sequence[Heard]) -> ColorOutput | None:
        """Run the network on (1, T, ...); None if memory ran out, and less of it is asked for from now on."""
        self._follow()
        try:
            output, state, told = self._step(clip.to(self.device), [one.to(self.device) for one in heard])
        except Exception as error:  # every runtime has its own
            if not ran_out(error):
                raise
            self._ask_for_less(clip)
            return None
        self._state, self._told = state, told
        self.frames += clip.shape[1]
        return output

    def _step(self, clip: Tensor, heard: Sequence[Heard]) -> tuple[ColorOutput, State | None, State | None]:
        """Run it, and once more where it hears confined hints: the output, and the states of both runs."""
        hints, state = stacked(heard), _on(self.device, self._state)
        output, after = self.net(clip, None if hints is None else hints[None], state)
        if (first := heard[0]).confined is None:
            return output, after, None
        told, told_after = self.net(clip, first.all_hints[None, None], _on(self.device, self._told) or state)
        told_after = told_after and mixed_states(told_after, after, first.place)
        return mixed_outputs(told, output, first.place), after, told_after

    def _ask_for_less(self, clip: Tensor) -> None:
        frames, (height, width) = clip.shape[1], clip.shape[-2:]
        if frames > 1:
            self._most = frames // 2
            self._say(f"{self._most} frame{'s' * (self._most > 1)} at once, was {frames}")
        elif self.device.type != "cpu":
            self._leave_device(f"coloured on the CPU from frame {self.frames} on")
        else:
            size = min(height, width)
            raise ValueError(
                f"out of memory on the CPU for one frame of {width}x{height}: choose inference.size below {size}"
            )

    def _load(self) -> None:
        try:
            self.net, self.log_weights = self.net.to(self.device), self.log_weights.to(self.device)
        except Exception as error:
            if not ran_out(error) or self.device.type == "cpu":
                raise
            self._leave_device("coloured on the CPU from the start")

    def _leave_device(self, what: str) -> None:
        self._say(what)
        self._move(torch.device("cpu"))
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # for whoever else is on that device

    def _follow(self) -> None:
        """Go where another stream of the same weights has moved the network."""
        parameter = next(self.net.parameters(), None)  # a graph has none, and stays on the CPU
        if parameter is not None and parameter.device.type == "cpu" != self.device.type:
            self._leave_device(f"the CPU colours from frame {self.frames} on, as another stream had to")

    def _move(self, device: torch.device) -> None:
        self.device = device
        self.net, self.log_weights = self.net.to(device), self.log_weights.to(device)
        self._state, self._told = _on(device, self._state), _on(device, self._told)

    def _say(self, what: str) -> None:
        self._notes.append(f"out of memory on {self.device.type}: {what}")


def _on(device: torch.device, state: State | None) -> State | None:
    return None if state is None else tuple(plane.to(device) for plane in state)
