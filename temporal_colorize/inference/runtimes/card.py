"""What a graph's file says of itself: enough to colour with it and no other file, without the network in PyTorch."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

import torch

from temporal_colorize.color.bins import BIN_COUNT
from temporal_colorize.inference.certainty import UNCALIBRATED, Certainty
from temporal_colorize.inference.runtimes.step import example, state_names
from temporal_colorize.inference.weights import BINS, Decoding, Weights
from temporal_colorize.models.contract import StatePlane, VideoColorizer

PREFIX = "temporal_colorize."  # of every key, where a file's metadata has no levels


@dataclass(frozen=True, kw_only=True)
class Card:
    """All that `Weights` and the contract say of a network, in plain values.

    Attributes:
        output_stride: The output's height is H / output_stride.
        outputs: The names of what the step gives, in order.
        precision: In which its numbers are stored: fp32, fp16 or int8.
        log_weights: 313 numbers; this and the rest: see `Weights` and `VideoColorizer`.
    """

    architecture: str
    config: dict[str, object]
    stride: int
    output_stride: int
    outputs: tuple[str, ...]
    fixed_size: tuple[int, int] | None
    has_bins: bool
    state_planes: tuple[StatePlane, ...]
    log_weights: tuple[float, ...]
    decoding: Decoding
    size: int
    certainty: Certainty = UNCALIBRATED
    precision: str = "fp32"
    bins: str = BINS

    @classmethod
    @torch.no_grad()
    def of(cls, weights: Weights) -> "Card":
        """Describe a network and its decoding."""
        net = weights.net
        frame, *_ = example(net)
        output, _ = net(frame[:, None])
        parts = [name for name, part in zip(output._fields, output, strict=True) if part is not None]
        return cls(
            architecture=net.architecture,
            config=net.config,
            stride=net.stride,
            output_stride=frame.shape[-1] // output.ab.shape[-1],
            outputs=(*parts, *(f"next_{name}" for name in state_names(net))),
            fixed_size=net.fixed_size,
            has_bins=net.has_bins,
            state_planes=net.state_planes,
            log_weights=tuple(weights.log_weights.tolist()),
            decoding=weights.decoding,
            size=weights.size,
            certainty=weights.certainty,
        )

    @classmethod
    def read(cls, metadata: Mapping[str, str]) -> "Card":
        """Read what `metadata` wrote.

        Raises:
            ValueError: If something is missing or is no such value.
        """
        try:
            metadata = {"certainty": "{}", **metadata}  # graphs from before it was kept do without
            values = {field.name: json.loads(metadata[field.name]) for field in fields(cls)}
            values["decoding"] = Decoding(**values["decoding"])
            values["certainty"] = Certainty.of(values["certainty"])
            values["state_planes"] = tuple(StatePlane(*plane) for plane in values["state_planes"])
            values["fixed_size"] = values["fixed_size"] and tuple(values["fixed_size"])
            values |= {name: tuple(values[name]) for name in ("log_weights", "outputs")}
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"no graph that export.py wrote: it does not say its {error}") from error
        if values["bins"] != BINS or len(values["log_weights"]) != BIN_COUNT:
            raise ValueError(f"its bins are {values['bins']}; known here are {BINS}")
        return cls(**values)

    def metadata(self) -> dict[str, str]:
        """Write it as strings by name, for a file's metadata."""
        return {name: json.dumps(value) for name, value in asdict(self).items()}

    def weights(self, net: VideoColorizer, name: str) -> Weights:
        """Give the weights of which this is the card, run by `net`."""
        return Weights(net, torch.tensor(self.log_weights), self.decoding, name, self.size, self.certainty)

    def stored_as(self, precision: str) -> "Card":
        """Give the card of the same graph, stored otherwise."""
        return replace(self, precision=precision)
