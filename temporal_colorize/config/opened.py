"""Weights that are open: what colours any number of files, pictures and cameras."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from temporal_colorize.config.building import asked_of_weights, runtime_of

if TYPE_CHECKING:
    import torch
    from omegaconf import DictConfig

    from temporal_colorize.inference.runtimes import RuntimeOptions
    from temporal_colorize.inference.weights import Weights


@dataclass(frozen=True)
class Opened:
    """Weights in the runtime and on the device that compute them."""

    weights: "Weights"
    runtime: "RuntimeOptions"
    device: "torch.device"

    @property
    def computes(self) -> str:
        """Which runtime does."""
        return self.runtime.chosen(self.device)


def open_for(config: "DictConfig", *, threads: int | None = None) -> Opened:
    """Open the weights that a configuration names, to be computed by so many threads if it leaves that open.

    Raises:
        ValueError: If they cannot be had.
    """
    from temporal_colorize.inference.runtimes import open_weights

    runtime = runtime_of(config)
    runtime = replace(runtime, threads=runtime.threads or threads)
    device = runtime.pick_device(config.device)
    weights = open_weights(config.weights, runtime, device=device, **asked_of_weights(config.get("model")))
    return Opened(weights, runtime, device)
