"""What verify.py does, given its configuration. Heavy imports are inside."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaconf import DictConfig

_DIFFERS = 1  # exit status


def verify_once(config: "DictConfig") -> None:
    """Check an output against its record, a line for each check; leave with status 1 if something differs."""
    if config.output is None:
        raise ValueError("output is missing: python verify.py clip.color.mp4")
    from temporal_colorize.provenance.verify import verify

    record, source = (None if value is None else Path(str(value)) for value in (config.record, config.source))
    failed = False
    for check in verify(Path(str(config.output)), record=record, source=source, weights=config.weights):
        print(check, flush=True)
        failed |= check.passed is False
    if failed:
        sys.exit(_DIFFERS)
