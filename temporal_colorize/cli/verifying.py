"""What verify.py does, given its configuration. Heavy imports are inside."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.options import require_one_of

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.provenance.verify import Check

_DIFFERS = 1  # exit status


def verify_once(config: "DictConfig") -> None:
    """Check an output against its record, a line for each check or all as JSON; leave with status 1 if it differs."""
    if config.output is None:
        raise ValueError("output is missing: python verify.py clip.color.mp4")
    require_one_of("json", config.json, (True, False))
    from temporal_colorize.provenance.verify import verify

    output = Path(str(config.output))
    record, source = (None if value is None else Path(str(value)) for value in (config.record, config.source))
    checks = []
    for check in verify(output, record=record, source=source, weights=config.weights):
        checks.append(check)
        if not config.json:
            print(check, flush=True)
    if config.json:
        print(json.dumps(_as_json(output, checks), indent=1))
    if _differs(checks):
        sys.exit(_DIFFERS)


def _as_json(output: Path, checks: "Sequence[Check]") -> dict[str, object]:
    return {
        "output": str(output.absolute()),
        "differs": _differs(checks),
        "checks": [check._asdict() for check in checks],
    }


def _differs(checks: "Sequence[Check]") -> bool:
    return any(check.passed is False for check in checks)
