"""How a stream is coloured."""

from dataclasses import dataclass
from typing import Literal, get_args

from temporal_colorize.options import require_number, require_one_of

Infrared = Literal["off", "auto", "abstain"]


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """How a stream is coloured.

    Attributes:
        size: Shorter side of what the network sees, in pixels; None for what suits the weights.
        vividness: 0 honest to 1 vivid; None for what suits the weights.
        temperature: Of the annealed mean, above 0; None for what suits the weights.
        cut_threshold: See `cuts.CutDetector`.
        confidence: Whether estimates say how sure they are.
        abstain: Colours that are less sure than this, 0..1, are faded; None for all as they are. See `estimate.fade`.

        infrared: "auto": footage that looks near-infrared is coloured faintly, and less confidence is claimed of it;
            "abstain": of such footage only what hints give is coloured; "off": nobody looks for it.
        infrared_keep: What share of colours and confidence "auto" leaves of such footage.

    Raises:
        ValueError: If a value is out of its range.
    """

    size: int | None = None
    vividness: float | None = None
    temperature: float | None = None
    cut_threshold: float = 12.0
    confidence: bool = False
    abstain: float | None = None
    infrared: Infrared = "off"
    infrared_keep: float = 0.5

    def __post_init__(self) -> None:
        if self.size is not None:
            require_number("inference.size", self.size, least=32, most=8192)
        require_number("inference.cut_threshold", self.cut_threshold, least=0)
        if self.vividness is not None:
            require_number("vividness", self.vividness, least=0, most=1)
        if self.temperature is not None:
            require_number("temperature", self.temperature, least=0.01, most=10)
        if self.abstain is not None:
            require_number("abstain", self.abstain, least=0, most=1)
        require_one_of("infrared", self.infrared, get_args(Infrared))
        require_number("inference.infrared_keep", self.infrared_keep, least=0, most=1)

    @property
    def decoding(self) -> dict[str, float]:
        """What is asked of the decoding, by name."""
        asked = {name: getattr(self, name) for name in ("vividness", "temperature")}
        return {name: value for name, value in asked.items() if value is not None}

    @property
    def needs_bins(self) -> list[str]:
        """The names of what is asked that only a posterior over bins can give."""
        certainty = {"confidence": self.confidence, "abstain": self.abstain is not None}
        return [*self.decoding, *(name for name, asked in certainty.items() if asked)]
