"""What no call is under /api is refused as everything else, although a page is mounted at /."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from temporal_colorize.apps.rest import api
from temporal_colorize.apps.service import Service


@pytest.fixture
def mounted(service: Service) -> TestClient:
    app = api(service)
    app.mount("/", Starlette())
    return TestClient(app)


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/jobs/a/b/c"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_path(mounted: TestClient, path: str, method: str) -> None:
    answer = mounted.request(method, path)
    assert (answer.status_code, answer.json()) == (404, {"error": f"{path} is no call here: see /api/docs"})


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("PUT", "/api/jobs", "POST"), ("POST", "/api/jobs/a", "DELETE, GET")]
)
def test_a_wrong_method(mounted: TestClient, method: str, path: str, allowed: str) -> None:
    answer = mounted.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json() == {"error": f"{method} is not for {path}: use {allowed}"}


def test_calls_are_answered_as_before(mounted: TestClient) -> None:
    assert mounted.get("/api/health").json()["status"] == "ok"
    assert mounted.get("/api/docs").status_code == 200
    assert "/api/{rest}" not in mounted.get("/api/openapi.json").json()["paths"]
