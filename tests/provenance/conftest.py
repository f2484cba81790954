"""Outputs with records, made with tiny weights."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from temporal_colorize.inference.picture import colorize_picture, is_picture
from temporal_colorize.inference.report import Report
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.video import colorize_video
from temporal_colorize.provenance.finishing import Provenance
from temporal_colorize.provenance.signing import Signing
from temporal_colorize.provenance.verify import Check, verify
from temporal_colorize.video import Limits
from tests.support.networks import tiny_weights, tiny_weights_file

LOSSLESS = {"preset": "ultrafast", "qp": 0}
AS_READ = {"deinterlace": "auto", "rate": None, "start": 0, "end": None}

Colorize = Callable[..., Report]


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights_file(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def colorize(weights: Path) -> Colorize:
    """Colour a file as infer.py does with encoder=lossless, and write its record."""

    def run(
        source: Path, output: Path, *, signing: Signing | None = None, mark: bool = False, **part: object
    ) -> Report:
        config = {"limits": asdict(Limits()), **AS_READ, **part}
        finishing = Provenance(config, [weights], {"lossless": True}, signing=signing)
        session = Session(tiny_weights(), SessionOptions(size=64))
        if is_picture(source):
            return colorize_picture(source, output, session, mark=mark, finishing=finishing)
        options = {"codec": "libx264", "options": LOSSLESS, "segment": 10, **part}
        return colorize_video(source, output, session, mark=mark, finishing=finishing, **options)

    return run


def checks(output: Path, **options: object) -> dict[str, Check]:
    return {check.name: check for check in verify(output, **options)}


def verdicts(output: Path, **options: object) -> dict[str, bool | None]:
    return {name: check.passed for name, check in checks(output, **options).items()}
