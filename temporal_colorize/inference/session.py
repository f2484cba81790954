"""Colours one stream of frames: carries the network's state on, and drops it at a cut."""

import itertools
from collections.abc import Sequence
from dataclasses import asdict, replace

import torch
from torch import Tensor

from temporal_colorize.inference.cuts import CutDetector
from temporal_colorize.inference.estimate import Estimate, be_cautious, estimate, fade
from temporal_colorize.inference.hearing import NOTHING, Heard
from temporal_colorize.inference.infrared import ABSTAINED, NOTE, InfraredDetector
from temporal_colorize.inference.network_run import NetworkRun
from temporal_colorize.inference.session_options import SessionOptions
from temporal_colorize.inference.snapshot import Snapshot, give_back, nest, take, unnest
from temporal_colorize.inference.weights import Decoding, Weights
from temporal_colorize.models.contract import ColorOutput, VideoColorizer

LONGEST = 8  # times the shorter side; beyond that the network would see a strip of pixels enlarged without end

_CARRIED = ("cuts",)


class Session:
    """One stream of frames, in order. Streams do not share anything that changes: give each a session of its own.

    Where the device runs out of memory it makes do with less, see `NetworkRun`.

    Args:
        weights: The network and its decoding; the network is moved to the device, and otherwise not changed.
        options: See `SessionOptions`.
        device: Where the network runs; the CPU if None.

    Attributes:
        decoding: The vividness and the temperature in force, and
        size: the shorter side of what the network sees.
        certainty: How confidence is found; None if nobody asks for it.
        cuts: How many cuts have been found,
        cut_at: which frames of the last `steps` were the first after one, from 0, and
        cut_threshold: from which difference on they are; see `CutDetector`.
        notes: What was done otherwise than asked, for lack of memory or as the footage is infrared, in a line each.

    Raises:
        ValueError: If a vividness, a temperature or confidence is asked of weights that have no bins.
    """

    def __init__(self, weights: Weights, options: SessionOptions, *, device: torch.device | None = None) -> None:
        self.size = options.size or weights.size
        self._made_of = weights, options, device
        self.notes: list[str] = []
        self._run = NetworkRun(weights, device or torch.device("cpu"), self.notes)
        if (asked := options.needs_bins) and not weights.net.has_bins:
            raise ValueError(f"{asked[0]} needs a network with bins, and weights={weights.name} only regresses")
        self.decoding = replace(weights.decoding, **options.decoding)
        self.certainty = weights.certainty if options.confidence or options.abstain is not None else None
        if options.confidence and not self.certainty.is_calibrated:
            self.notes.append(f"confidence of weights={weights.name} is not calibrated: it is what the network says")
        self._abstain = options.abstain
        self.cuts = 0
        self.cut_at: list[int] = []
        self.cut_threshold = options.cut_threshold
        self._detect = CutDetector(options.cut_threshold)
        self._watch = None if options.infrared == "off" else InfraredDetector()
        self._keep = options.infrared_keep if options.infrared == "auto" else 0.0

    @property
    def infrared(self) -> float | None:
        """Share of the frames so far that looked near-infrared; None if nobody asked."""
        return None if self._watch is None else self._watch.share

    @property
    def net(self) -> VideoColorizer:
        """The network, where it runs now."""
        return self._run.net

    @property
    def log_weights(self) -> Tensor:
        """(313,), see `Weights`, where the network runs now."""
        return self._run.log_weights

    @property
    def device(self) -> torch.device:
        """Where the network runs now."""
        return self._run.device

    def fresh(self) -> "Session":
        """Return a session like this one that has seen nothing yet."""
        weights, options, device = self._made_of
        return Session(weights, options, device=device)

    def reset(self) -> None:
        """Forget what came before, as at a cut."""
        self._run.reset()

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
        detect = nest("detect", take(self._detect, CutDetector.CARRIED))
        return {**take(self, _CARRIED), **nest("run", self._run.snapshot()), **detect, **infrared}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a `snapshot` of a session like this one."""
        give_back(self, _CARRIED, snapshot)
        self._run.restore(unnest("run", snapshot))
        give_back(self._detect, CutDetector.CARRIED, unnest("detect", snapshot))
        if self._watch is not None:
            self._watch.restore(unnest("infrared", snapshot))

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
        (output,) = self.steps(lightness[None], [Heard(hints)])
        return output

    @torch.inference_mode()
    def steps(self, clip: Tensor, heard: Sequence[Heard] | None = None) -> list[ColorOutput]:
        """Run the network on the next frames together: what is done frame by frame as a batch, the memory in order.

        Args:
            clip: (T, 1, H, W), see `step`.
            heard: What the network hears in each of them; None for nothing.

        Returns:
            What `step` returns for each of them, but for rounding.
        """
        heard = [NOTHING] * len(clip) if heard is None else heard
        self.cut_at = cuts = [number for number, lightness in enumerate(clip) if self._detect(lightness)]
        self.cuts += len(cuts)
        outputs = []
        for start, end in itertools.pairwise(sorted({0, *cuts, len(clip)})):
            if start in cuts:
                self._run.reset()
            outputs += self._run(clip[start:end], heard[start:end])
        return outputs if self._watch is None else self._be_cautious(outputs, clip, cuts)

    def _be_cautious(self, outputs: list[ColorOutput], clip: Tensor, cuts: list[int]) -> list[ColorOutput]:
        """Mark the frames that look near-infrared."""
        found = [self._watch(lightness[0].numpy(), cut=number in cuts) for number, lightness in enumerate(clip)]
        if any(found) and (note := NOTE if self._keep else ABSTAINED) not in self.notes:
            self.notes.append(note)
        marks = [torch.tensor([[float(infrared)]]) for infrared in found]
        return [output._replace(caution=mark) for output, mark in zip(outputs, marks, strict=True)]

    def trusts(self, output: ColorOutput) -> float:
        """Say what share of what is believed of a frame's colours is to be claimed: 1, but for infrared's."""
        return self._keep if output.caution is not None and float(output.caution) else 1.0

    @torch.inference_mode()
    def decode(self, output: ColorOutput, decoding: Decoding | None = None) -> Estimate:
        """Decode what `step` returned, by the session's decoding or another."""
        how = decoding or self.decoding

        def decode(output: ColorOutput) -> Estimate:
            return estimate(output, self.log_weights.to(output.ab.device), how, self.certainty)

        found = be_cautious(self._run.decoded(output, decode), output, keep=self._keep)
        return found if self._abstain is None else fade(found, self._abstain)


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
