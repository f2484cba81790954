"""How sure weights are of a colour: the probability that the truth is near it, as held-out pictures bear it out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.bins import calibrated_posterior
from temporal_colorize.color.posterior import probability_within


@dataclass(frozen=True, kw_only=True)
class Certainty:
    """What "right" means for these weights, and a monotone curve from what they say to how often it was so.

    Attributes:
        within: A colour is right if the true one is at most so many ab units away.
        said: Rising probabilities, the knots of the curve; none for weights that nobody has calibrated, which are
            taken at their word.
        right: How often colours were right on held-out pictures, at each knot.
    """

    within: float = 20.0
    said: tuple[float, ...] = ()
    right: tuple[float, ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Certainty":
        """Read it as JSON holds it.

        Raises:
            ValueError: If the knots do not make a rising curve.
            TypeError: If there are other values.
        """
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})

    def __post_init__(self) -> None:
        rising = all(list(row) == sorted(row) for row in (self.said, self.right))
        if len(self.said) != len(self.right) or not rising:
            raise ValueError(f"certainty: {self.said} and {self.right} do not make a curve that rises")

    @property
    def statement(self) -> str:
        """What a map of it shows, in a line."""
        doubt = "" if self.is_calibrated else " These weights are not calibrated: it is only what the network says."
        return f"Probability that an estimated colour is within {self.within:g} ab units of the true one.{doubt}"

    @property
    def words(self) -> str:
        """What the scale below a map says of it."""
        said = f"within {self.within:g} ab"
        return f"right {said}" if self.is_calibrated else f"{said}, not calibrated"

    @property
    def is_calibrated(self) -> bool:
        """Whether there is a curve."""
        return bool(self.said)

    def __call__(self, logits: Tensor, log_weights: Tensor, ab: Tensor, *, temperature: float) -> Tensor:
        """Give the probability that each colour is right, (H, W) float32 in 0..1, on the CPU.

        Args:
            logits: (313, H, W).
            log_weights: (313,), see `color.bins.posterior`.
            ab: (2, H, W), the colours in question.
            temperature: Of the calibrated posterior.
        """
        return self.corrected(self.raw(logits, log_weights, ab, temperature=temperature))

    def raw(self, logits: Tensor, log_weights: Tensor, ab: Tensor, *, temperature: float) -> Tensor:
        """Give the same as the posterior says it, before the curve."""
        probabilities = calibrated_posterior(logits, log_weights, temperature=temperature)
        return probability_within(probabilities, ab.to(logits.device), self.within).cpu()

    def corrected(self, said: Tensor) -> Tensor:
        """Put probabilities through the curve."""
        if not self.is_calibrated:
            return said
        return torch.from_numpy(np.interp(said.numpy(), self.said, self.right).astype(np.float32))


UNCALIBRATED = Certainty()
