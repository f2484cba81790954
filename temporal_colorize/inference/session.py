"""Colours one stream of frames: carries the network's state on, drops it at a cut, and makes do with less memory."""

import itertools
from dataclasses import asdict, replace

import torch
from torch import Tensor

from temporal_colorize.inference.cuts import CutDetector
from temporal_colorize.inference.estimate import Estimate, be_cautious, estimate, fade
from temporal_colorize.inference.infrared import ABSTAINED, NOTE, InfraredDetector
from temporal_colorize.inference.memory import ran_out
from temporal_colorize.inference.session_options import SessionOptions
from temporal_colorize.inference.snapshot import Snapshot, give_back, nest, take, unnest
from temporal_colorize.inference.weights import Decoding, Weights
from temporal_colorize.models.contract import ColorOutput, State

LONGEST = 8  # times the shorter side; beyond that the network would see a strip of pixels enlarged without end

_CARRIED = ("cuts", "_state", "_frames")


class Session:
    """One stream of frames, in order. Streams do not share anything that changes: give each a session of its own.

    Where the device runs out of memory, fewer frames go through the network together from then on, and at last it moves
    to the CPU, for other sessions of the same weights, too, as they run on. No frame is lost and no colour changes, but
    for rounding.

    Args:
        weights: The network and its decoding; the network is moved to the device, and otherwise not changed.
        options: See `SessionOptions`.
        device: Where the network runs; the CPU if None.

    Attributes:
        decoding: The vividness and the temperature in force, and
        size: the shorter side of what the network sees.
        certainty: How confidence is found; None if nobody asks for it.
        cuts: How many cuts have been found, and
        cut_threshold: from which difference on they are; see `CutDetector`.
        notes: What was done otherwise than asked, for lack of memory or as the footage is infrared, in a line each.

    Raises:
        ValueError: If a vividness, a temperature or confidence is asked of weights that have no bins.
    """

    def __init__(self, weights: Weights, options: SessionOptions, *, device: torch.device | None = None) -> None:
        self.size = options.size or weights.size
        self.device = device or torch.device("cpu")
        self.notes: list[str] = []
        self.net, self.log_weights = weights.net, weights.log_weights
        self._state: State | None = None
        self._most: int | None = None  # frames together, once memory has run out
        self._frames = 0
        self._load()
        if (asked := options.needs_bins) and not weights.net.has_bins:
            raise ValueError(f"{asked[0]} needs a network with bins, and weights={weights.name} only regresses")
        self.decoding = replace(weights.decoding, **options.decoding)
        self.certainty = weights.certainty if options.confidence or options.abstain is not None else None
        self._abstain = options.abstain
        self.cuts = 0
        self.cut_threshold = options.cut_threshold
        self._detect = CutDetector(options.cut_threshold)
        self._watch = None if options.infrared == "off" else InfraredDetector()
        self._keep = options.infrared_keep if options.infrared == "auto" else 0.0

    @property
    def infrared(self) -> float | None:
        """Share of the frames so far that looked near-infrared; None if nobody asked."""
        return None if self._watch is None else self._watch.share

    def reset(self) -> None:
        """Forget what came before, as at a cut."""
        self._state = None

    def settings(self) -> dict[str, object]:
        """Name what decides how this session colours, beside the weights' values."""
        return {
            "network": self.net.architecture,
            "size": self.size,
            "device": str(self.device),
            "cut_threshold": self.cut_threshold,
            "confidence": self.certainty and asdict(self.certainty),
            "abstain": self._abstain,
            **({} if self._watch is None else {"infrared": self._keep}),
            **asdict(self.decoding),
        }

    def computed(self) -> dict[str, str]:
        """Say what the network runs on, as it is now: device, runtime and precision."""
        card = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else None
        device = f"{self.device} ({card})" if card else str(self.device)
        usual = {"runtime": "torch", "precision": "fp32"}  # of a network as it is
        return {"device": device, **{name: getattr(self.net, name, value) for name, value in usual.items()}}

    def snapshot(self) -> Snapshot:
        """Copy what is carried from frame to frame."""
        infrared = {} if self._watch is None else nest("infrared", self._watch.snapshot())
        return {**take(self, _CARRIED), **nest("detect", take(self._detect, CutDetector.CARRIED)), **infrared}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a `snapshot` of a session like this one."""
        give_back(self, _CARRIED, snapshot)
        give_back(self._detect, CutDetector.CARRIED, unnest("detect", snapshot))
        if self._watch is not None:
            self._watch.restore(unnest("infrared", snapshot))
        self._state = None if self._state is None else tuple(part.to(self.device) for part in self._state)

    def network_size(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width that the network sees of a picture.

        `size` on the shorter side, but at most `LONGEST` times that on the longer one, in multiples of the stride; or
        the one size that the network takes.
        """
        if self.net.fixed_size is not None:
            return self.net.fixed_size
        stride = self.net.stride
        scale = self.size * min(1 / min(height, width), LONGEST / max(height, width))
        return tuple(max(stride, round(length * scale / stride) * stride) for length in (height, width))

    def prepare(self, height: int, width: int) -> tuple[int, int]:
        """Make the runtime as fast as it can be for pictures of this size, and return the `network_size`."""
        size = self.network_size(height, width)
        if hasattr(self.net, "prepare"):
            self.net.prepare(*size)
        return size

    def color(self, lightness: Tensor, hints: Tensor | None = None) -> Tensor:
        """Colour the next frame: the ab of `step` and `decode` in one."""
        return self.decode(self.step(lightness, hints)).ab

    def step(self, lightness: Tensor, hints: Tensor | None = None) -> ColorOutput:
        """Run the network on the next frame.

        Args:
            lightness: (1, H, W), L* in 0..100, H and W as `network_size` says.
            hints: (3, H, W): a, b and a 0/1 mask, or None.

        Returns:
            The network's output with B = T = 1, on its device.
        """
        (output,) = self.steps(lightness[None], None if hints is None else hints[None])
        return output

    @torch.inference_mode()
    def steps(self, clip: Tensor, hints: Tensor | None = None) -> list[ColorOutput]:
        """Run the network on the next frames together: what is done frame by frame as a batch, the memory in order.

        Args:
            clip: (T, 1, H, W), see `step`.
            hints: (T, 3, H, W), or None.

        Returns:
            What `step` returns for each of them, but for rounding.
        """
        cuts = [number for number, lightness in enumerate(clip) if self._detect(lightness)]
        self.cuts += len(cuts)
        outputs = []
        for start, end in itertools.pairwise(sorted({0, *cuts, len(clip)})):
            if start in cuts:
                self._state = None
            while start < end:
                upto = min(end, start + (self._most or end))
                given = None if hints is None else hints[None, start:upto]
                if (output := self._run(clip[None, start:upto], given)) is not None:
                    outputs += (output.frame(number) for number in range(upto - start))
                    start = upto
        return outputs if self._watch is None else self._be_cautious(outputs, clip, cuts)

    def _be_cautious(self, outputs: list[ColorOutput], clip: Tensor, cuts: list[int]) -> list[ColorOutput]:
        """Mark the frames that look near-infrared."""
        found = [self._watch(lightness[0].numpy(), cut=number in cuts) for number, lightness in enumerate(clip)]
        if any(found) and (note := NOTE if self._keep else ABSTAINED) not in self.notes:
            self.notes.append(note)
        marks = [torch.tensor([[float(infrared)]]) for infrared in found]
        return [output._replace(caution=mark) for output, mark in zip(outputs, marks, strict=True)]

    def _run(self, clip: Tensor, hints: Tensor | None) -> ColorOutput | None:
        """Run the network on (1, T, ...); None if memory ran out, and less of it is asked for from now on."""
        self._follow()
        try:
            given = None if hints is None else hints.to(self.device)
            state = None if self._state is None else tuple(plane.to(self.device) for plane in self._state)
            output, state = self.net(clip.to(self.device), given, state)
        except Exception as error:  # every runtime has its own
            if not ran_out(error):
                raise
            self._ask_for_less(clip)
            return None
        self._state = state
        self._frames += clip.shape[1]
        return output

    def _ask_for_less(self, clip: Tensor) -> None:
        frames, (height, width) = clip.shape[1], clip.shape[-2:]
        if frames > 1:
            self._most = frames // 2
            self._say(f"{self._most} frame{'s' * (self._most > 1)} at once, was {frames}")
        elif self.device.type != "cpu":
            self._leave_device(f"coloured on the CPU from frame {self._frames} on")
        else:
            raise ValueError(
                f"out of memory on the CPU for one frame of {width}x{height}: choose inference.size below {self.size}"
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
        """Go where another session of the same weights has moved the network."""
        parameter = next(self.net.parameters(), None)  # a graph has none, and stays on the CPU
        if parameter is not None and parameter.device.type == "cpu" != self.device.type:
            self._leave_device(f"the CPU colours from frame {self._frames} on, as another stream had to")

    def _move(self, device: torch.device) -> None:
        self.device = device
        self.net, self.log_weights = self.net.to(device), self.log_weights.to(device)
        self._state = None if self._state is None else tuple(plane.to(device) for plane in self._state)

    def _say(self, what: str) -> None:
        self.notes.append(f"out of memory on {self.device.type}: {what}")

    @torch.inference_mode()
    def decode(self, output: ColorOutput, decoding: Decoding | None = None) -> Estimate:
        """Decode what `step` returned, by the session's decoding or another."""
        how = decoding or self.decoding
        try:
            found = self._decode(output, how)
        except Exception as error:
            if not ran_out(error) or output.ab.device.type == "cpu":
                raise
            self._say(f"colours of frame {self._frames} decoded on the CPU")
            found = self._decode(ColorOutput(*(part if part is None else part.cpu() for part in output)), how)
        found = be_cautious(found, output, keep=self._keep)
        return found if self._abstain is None else fade(found, self._abstain)

    def _decode(self, output: ColorOutput, how: Decoding) -> Estimate:
        return estimate(output, self.log_weights.to(output.ab.device), how, self.certainty)


def pick_device(name: str) -> torch.device:
    """Turn "auto", "cpu", "cuda", "cuda:1" or "mps" into a device.

    Raises:
        ValueError: If this machine has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device={name} is not on this machine: choose auto, cpu, cuda or mps") from error
    return device
