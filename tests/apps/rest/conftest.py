"""An API over tiny weights."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from temporal_colorize.apps.rest import api
from temporal_colorize.apps.service import Service, ServiceOptions
from tests.support.service import USUAL, Slow, tiny_colorizer
from tests.support.videos import write_video


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rest")


@pytest.fixture(scope="session")
def colorizer(folder: Path) -> Slow:
    return tiny_colorizer(folder)


@pytest.fixture(scope="session")
def clip(folder: Path) -> Path:
    write_video(folder / "clip.mp4", count=12, audio="aac")
    return folder / "clip.mp4"


@pytest.fixture
def service(colorizer: Slow, tmp_path: Path) -> Iterator[Service]:
    colorizer.pause = 0
    service = Service(colorizer, ServiceOptions(upload_mb=1, queue=2), usual=USUAL, parent=tmp_path)
    yield service
    service.close()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(api(service)) as client:
        yield client
