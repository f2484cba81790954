"""Cameras are watched in colour, by those who may, and no longer than somebody looks."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from temporal_colorize.apps.service import Service, ServiceOptions
from temporal_colorize.apps.web.desk import new_key
from temporal_colorize.apps.web.options import PageOptions
from temporal_colorize.apps.web.watcher import Watchers, address_of_camera
from tests.support.rtsp import RtspServer, free_port, needs_rtsp, wait_until
from tests.support.service import USUAL, tiny_colorizer

ANN, BOB = new_key(), new_key()
CAMERAS = {"Door": "rtsp://10.0.0.1/a", "Yard": "rtsp://user:secret@10.0.0.2/b"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("watched")
    service = Service(tiny_colorizer(folder), ServiceOptions(preview=96), usual=USUAL, parent=folder)
    yield service
    service.close()


@pytest.mark.parametrize(
    ("chosen", "cameras", "said"),
    [
        ("", None, "which camera"),
        (None, None, "which camera"),
        ("/etc/passwd", None, "is no camera's address"),
        ("clip.mp4", None, "is no camera's address"),
        ("rtsp://10.0.0.2/b", CAMERAS, "one of the cameras in the list"),
        ("0", CAMERAS, "one of the cameras in the list"),
        ("Door", {}, "one of the cameras in the list"),
    ],
)
def test_what_may_not_be_watched_is_refused(chosen: object, cameras: dict[str, str] | None, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        address_of_camera(chosen, cameras)
    assert "secret" not in str(caught.value)


def test_a_camera_is_chosen_by_its_name_alone() -> None:
    assert address_of_camera("Yard", CAMERAS) == CAMERAS["Yard"]
    assert address_of_camera(" rtsp://10.0.0.9/x ", None) == "rtsp://10.0.0.9/x"
    assert "secret" not in repr(PageOptions(cameras=CAMERAS))


def test_no_more_than_may_be_are_watched_at_once(service: Service) -> None:
    watchers = Watchers(service, PageOptions(watched=1, unseen=60))
    watchers.watch(ANN, f"rtsp://user:secret@127.0.0.1:{free_port()}/cam")
    first = watchers.of(ANN)
    assert first.is_on and first.name.startswith("rtsp://***@")
    with pytest.raises(ValueError, match="try later"):
        watchers.watch(BOB, f"rtsp://127.0.0.1:{free_port()}/cam")
    wait_until(lambda: first.said, seconds=20, what="it said that there is no connection")
    assert "secret" not in "".join(first.said)
    watchers.stop(ANN)
    assert watchers.of(ANN) is None and not first.is_on
    watchers.watch(BOB, f"rtsp://127.0.0.1:{free_port()}/cam")
    watchers.stop(BOB)


def test_an_unknown_kind_of_address_ends_in_words(service: Service) -> None:
    watchers = Watchers(service, PageOptions())
    watchers.watch(ANN, "gopher://127.0.0.1/cam")
    wait_until(lambda: watchers.of(ANN).error, seconds=20, what="it ended")
    assert "unknown kind" in watchers.of(ANN).error and not watchers.of(ANN).is_on
    with pytest.raises(ValueError, match="no camera's address"):
        watchers.watch(ANN, "clip.mp4")
    assert watchers.of(ANN) is None  # of which nothing is told beside what is wrong now


@needs_rtsp
def test_a_camera_is_seen_until_nobody_looks(service: Service) -> None:
    watchers = Watchers(service, PageOptions(unseen=2))
    with RtspServer("--size", "160x96") as camera:
        watchers.watch(ANN, camera.url)
        watcher = watchers.of(ANN)
        wait_until(lambda: watcher.look(quality=80), seconds=30, what="there is a picture")
        shown = watcher.look(quality=80)
        assert shown.color.startswith("data:image/jpeg;base64,") and shown.grey != shown.color
        wait_until(lambda: watcher.look(quality=80) and watcher.rate > 1, seconds=20, what="pictures come")
        assert json.dumps(shown._asdict())
        wait_until(lambda: not watcher.is_on, seconds=20, what="it ended, as nobody looked")
        assert watcher.error is None


def test_folders_are_not_cameras(service: Service, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no camera"):
        Watchers(service, PageOptions()).watch(ANN, str(tmp_path))
