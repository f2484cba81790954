"""How a stream is coloured."""

from dataclasses import dataclass

from temporal_colorize.options import require_number


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """How a stream is coloured.

    Attributes:
        size: Shorter side of what the network sees, in pixels; None for what suits the weights.
        vividness: 0 honest to 1 vivid; None for what suits the weights.
        temperature: Of the annealed mean, above 0; None for what suits the weights.
        cut_threshold: See `cuts.CutDetector`.

    Raises:
        ValueError: If a value is out of its range.
    """

    size: int | None = None
    vividness: float | None = None
    temperature: float | None = None
    cut_threshold: float = 12.0

    def __post_init__(self) -> None:
        if self.size is not None:
            require_number("inference.size", self.size, least=32, most=8192)
        require_number("inference.cut_threshold", self.cut_threshold, least=0)
        if self.vividness is not None:
            require_number("vividness", self.vividness, least=0, most=1)
        if self.temperature is not None:
            require_number("temperature", self.temperature, least=0.01, most=10)
