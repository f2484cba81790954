"""Colours monochrome CCTV video with recurrent networks, and says what it does not know."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temporal_colorize.colorizer import Colorizer
    from temporal_colorize.greyscaling import greyscale

__all__ = ["Colorizer", "greyscale"]
_FOUND_IN = {"Colorizer": "colorizer", "greyscale": "greyscaling"}  # which come with much that --help has no need of


def __getattr__(name: str) -> object:
    if name in _FOUND_IN:
        return getattr(importlib.import_module(f"temporal_colorize.{_FOUND_IN[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
