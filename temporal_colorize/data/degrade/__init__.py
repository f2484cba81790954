"""CCTV as it is: turns clean colour clips into the luma that a poor camera would have delivered."""

from temporal_colorize.data.degrade.chain import Degradation

__all__ = ["Degradation"]
