"""What infer.py knows of colours beforehand: hints and references."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from temporal_colorize.cli.composing import several

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.inference.hints.guidance import Guide
    from temporal_colorize.video import Limits


def guides_of(config: "DictConfig", limits: "Limits") -> "Callable[[], Guide | None]":
    """Read hints and references; return what makes a fresh guide of them for each file, None without any."""
    from temporal_colorize.inference.hints.entries import read_hints
    from temporal_colorize.inference.hints.guide import HintGuide
    from temporal_colorize.inference.hints.joined import join_guides
    from temporal_colorize.inference.reference.guide import ReferenceGuide
    from temporal_colorize.inference.reference.picture import read_references

    makers: list[Callable[[], Guide]] = []
    if config.reference is not None:
        makers.append(partial(ReferenceGuide, read_references(several(config.reference), limits=limits)))
    if config.hints is not None:
        makers.append(partial(HintGuide, read_hints(config.hints, at=config.hints_at), direction=config.direction))
    return lambda: join_guides([make() for make in makers])
