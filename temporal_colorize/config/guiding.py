"""What infer.py knows of colours beforehand: hints and references."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.config.composing import several

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.inference.hints.entries import Hint
    from temporal_colorize.inference.hints.guidance import Guide
    from temporal_colorize.video import Limits


def guiding_files(config: "DictConfig") -> dict[str, list[Path]]:
    """Name the files that colours come from, by option; the pictures that a file of hints names are with it.

    Raises:
        ValueError: If the hints cannot be read.
    """
    from temporal_colorize.inference.hints.entries import read_hints

    named = {"hints": several(config.hints), "reference": several(config.reference)}
    if config.hints is not None:
        named["hints"] = [config.hints, *(hint.mask for hint in read_hints(config.hints, at=config.hints_at))]
    found = {
        option: [path.absolute() for path in dict.fromkeys(map(Path, filter(None, names))) if path.is_file()]
        for option, names in named.items()
    }
    return {option: files for option, files in found.items() if files}


def guides_of(config: "DictConfig", limits: "Limits") -> "Callable[[Sequence[Hint] | None], Guide | None]":
    """Read hints and references; return what makes a fresh guide of them for each file, None without any.

    It takes hints instead of those of the configuration, or None.
    """
    from temporal_colorize.inference.hints.entries import read_hints
    from temporal_colorize.inference.hints.guide import HintGuide
    from temporal_colorize.inference.hints.joined import join_guides
    from temporal_colorize.inference.reference.guide import ReferenceGuide
    from temporal_colorize.inference.reference.picture import read_references

    references = None if config.reference is None else read_references(several(config.reference), limits=limits)
    hints = None if config.hints is None else read_hints(config.hints, at=config.hints_at)

    def fresh(given: "Sequence[Hint] | None") -> "Guide | None":
        guides: list[Guide] = [] if references is None else [ReferenceGuide(references)]
        if known := given or hints:
            guides.append(HintGuide(known, direction=config.direction))
        return join_guides(guides)

    return fresh
