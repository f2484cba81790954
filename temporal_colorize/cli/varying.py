"""What infer.py does for variants=3: other colourings of one file. Heavy imports are inside, as in `programs`."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.inference.report import Report
    from temporal_colorize.inference.session import Session

_NOT_WITH = ("hints", "reference", "confidence")  # which are of one colouring
_ANY_SUFFIX = ".*"


def check_variants(config: "DictConfig") -> None:
    """Refuse what variants cannot be had with."""
    from temporal_colorize.options import require_integer

    if config.variants is None:
        return
    require_integer("variants", config.variants, least=1, most=20)
    for option in _NOT_WITH:
        if config[option] is not None:
            raise ValueError(f"variants={config.variants} and {option}={config[option]}: give one of them alone")
    if config.record not in (None, True, False):
        raise ValueError(
            f"record={config.record} is one file, and variants={config.variants} have one each: record=true"
        )


def infer_variants(
    config: "DictConfig", source: Path, colorize: "Callable[..., Report]", session: "Session"
) -> "list[Report]":
    """Colour one file in its most probable ways, print their reports and return them."""
    from temporal_colorize.inference.first_picture import see_first
    from temporal_colorize.inference.naming import NamingOptions
    from temporal_colorize.inference.variants import VariantOptions, find_variants
    from temporal_colorize.video import Limits

    options = {"deinterlace": config.deinterlace, "rate": config.rate, "start": config.start}
    first = see_first(source, session, limits=Limits(**config.limits), **options)
    variants = find_variants(
        first.seen,
        session,
        count=config.variants,
        naming=NamingOptions(**config.naming),
        options=VariantOptions(**config.variant),
    )
    if len(variants) < config.variants:
        print(f"variants={config.variants}: only {len(variants)} that differ are likely enough")
    reports = []
    with TemporaryDirectory() as folder:
        for variant in variants:
            output = _numbered(source, config.output and Path(config.output), variant.number)
            given = variant.hints(Path(folder), first.shape, turn=first.turn)
            reports.append(colorize(source, output, given=given, variant=str(variant)))
            print(reports[-1])
    return reports


def _numbered(source: Path, output: Path | None, number: int) -> Path:
    """Name a variant: clip.color.2.mp4, or of out.mp4 out.2.mp4."""
    from temporal_colorize.video import is_sequence
    from temporal_colorize.video.source import sequence_name

    if output is not None:
        return output.with_name(f"{output.stem}.{number}{output.suffix}")
    stem = sequence_name(source) if is_sequence(source) else source.with_name(source.stem)
    return stem.with_name(f"{stem.name}.color.{number}{_ANY_SUFFIX}")
