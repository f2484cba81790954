"""Checks of options, all with the same words."""

import math
from collections.abc import Collection


def is_number(value: object) -> bool:
    """Say whether a value is a number that a float can hold, which a whole one of 400 digits is not."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def require_number(name: str, value: object, *, least: float, most: float = float("inf")) -> None:
    """Raise a ValueError that names the option unless its value is a number from `least` to `most`."""
    if not is_number(value) or not least <= value <= most:
        limits = f"of at least {least}" if most == float("inf") else f"from {least} to {most}"
        raise ValueError(f"{name}={value} must be a number {limits}")


def require_integer(name: str, value: object, *, least: int, most: float = float("inf")) -> None:
    """Raise a ValueError that names the option unless its value is a whole number from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        limits = f"of at least {least}" if most == float("inf") else f"from {least} to {most}"
        raise ValueError(f"{name}={value} must be a whole number {limits}")


def require_one_of(name: str, value: object, choices: Collection[object]) -> None:
    """Raise a ValueError that names the option unless its value is among the choices."""
    if value not in choices:
        raise ValueError(f"{name}={value} is unknown: choose {', '.join(str(choice).lower() for choice in choices)}")
