"""What infer.py does for variants=3: other colourings of one file. Heavy imports are inside."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from temporal_colorize.config.preparing import Prepared

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.inference.report import Report

_ANY_SUFFIX = ".*"


def infer_variants(config: "DictConfig", source: Path, prepared: Prepared) -> "list[Report]":
    """Colour one file in its most probable ways, print their reports and return them."""
    from temporal_colorize.inference.first_picture import see_first
    from temporal_colorize.inference.naming import NamingOptions
    from temporal_colorize.inference.variants import VariantOptions, find_variants
    from temporal_colorize.video import Limits

    options = {"deinterlace": config.deinterlace, "rate": config.rate, "start": config.start}
    session = prepared.session()
    first = see_first(source, session, limits=Limits(**config.limits), **options)
    variants = find_variants(
        first.seen,
        session,
        count=config.variants,
        naming=NamingOptions(**config.naming),
        options=VariantOptions(**config.variant),
        turn=first.turn,
    )
    if len(variants) < config.variants:
        print(f"variants={config.variants}: only {len(variants)} that differ are likely enough")
    reports = []
    with TemporaryDirectory() as folder:
        for variant in variants:
            output = _numbered(source, config.output and Path(config.output), variant.number)
            given = variant.hints(Path(folder), first.shape)
            reports.append(prepared.colorize(source, output, given=given, variant=str(variant)))
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
