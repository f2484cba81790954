"""One page for all browser tests, and who visits it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from temporal_colorize.apps.service import ServiceOptions
from temporal_colorize.apps.web import PageOptions
from tests.support.browser import Site, Visit, Visitor, chromium
from tests.support.service import USUAL, Slow, tiny_colorizer

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="package")
def colorizer(tmp_path_factory: pytest.TempPathFactory) -> Slow:
    return tiny_colorizer(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory, colorizer: Slow) -> Iterator[Site]:
    site = Site(
        colorizer, tmp_path_factory.mktemp("site"), usual=USUAL, service=ServiceOptions(preview=320, upload_mb=5),
        options=PageOptions(refresh=0.2, live_refresh=0.1),
    )  # fmt: skip
    yield site
    site.close()


@pytest.fixture(scope="package")
def browser() -> "Iterator[Browser]":
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(site: Site, browser: "Browser", colorizer: Slow) -> Iterator[Visit]:
    colorizer.pause = 0
    visitors: list[Visitor] = []

    def visit(**context: object) -> Visitor:
        visitors.append(Visitor(browser, site.url, **context))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.close()
        assert visitor.hosts == {"127.0.0.1"} and visitor.faults == []
