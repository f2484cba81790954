"""What every output says of itself."""

from importlib.metadata import version

from temporal_colorize.video.labels import Label

STATEMENT = "Colours estimated from luma by temporal-colorize: they are not evidence of the true colours."
# The IPTC's term for media some elements of which a trained model has made; docs/provenance.md says why this one.
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


def label(variant: str | None = None) -> Label:
    """Return what a file says; first which variant it is, where there are several."""
    return Label(
        STATEMENT if variant is None else f"{variant}. {STATEMENT}",
        SOURCE_TYPE,
        f"temporal-colorize {version('temporal-colorize')}",
    )
