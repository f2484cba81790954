"""Encodings without loss."""

from collections.abc import Mapping

_LOSSLESS: dict[str, dict[str, object]] = {
    "libx264": {"qp": 0},
    "libx265": {"x265-params": "lossless=1"},
    "ffv1": {},
}


def lossless_options(codec: str, options: Mapping[str, object]) -> dict[str, object]:
    """Give an encoder's options for a lossless encoding, its preset kept.

    Raises:
        ValueError: If this codec is not known to have one, or the options ask for a loss.
    """
    if codec not in _LOSSLESS:
        raise ValueError(f"encoder=lossless does not know encoder.codec={codec}: choose {', '.join(_LOSSLESS)}")
    lossy = {name: value for name, value in options.items() if value is not None and name != "preset"}
    if lossy:
        name, value = next(iter(lossy.items()))
        raise ValueError(f"encoder=lossless and encoder.{name}={value} contradict each other: leave one out")
    preset = {"preset": options.get("preset")} if codec != "ffv1" else {}
    return {**preset, **_LOSSLESS[codec]}
