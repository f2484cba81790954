"""A service over tiny weights, as many as a test wants."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from temporal_colorize.apps.service import Service, ServiceOptions
from tests.support.service import USUAL, Make, Slow, tiny_colorizer


@pytest.fixture(scope="module")
def colorizer(tmp_path_factory: pytest.TempPathFactory) -> Slow:
    return tiny_colorizer(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def make(colorizer: Slow, tmp_path: Path) -> Iterator[Make]:
    colorizer.pause = 0
    with ExitStack() as stack:

        def run(**options: object) -> Service:
            service = Service(colorizer, ServiceOptions(**options), usual=USUAL, parent=tmp_path)
            stack.callback(service.close)
            return service

        yield run
