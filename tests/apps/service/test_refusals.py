"""What a service refuses, and what fails in it, is said in one line without its folders."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from temporal_colorize.apps.service import Busy, Job, TooLarge
from tests.support.service import Make, Slow, bring, ended

WRONG = [
    ({"output": "/etc/x"}, "output is no option here"),
    ({"limits.pixels": 2**30}, "limits.pixels is no option here"),
    ({"sign.key": "/etc/key.pem"}, "sign.key is no option here"),
    ({"decoder": "cuda"}, "decoder is no option here"),
    ({"vividness": "${oc.env:HOME}"}, r"vividness=\$\{oc.env:HOME\} must be a number"),
    ({"vividness": 3}, "vividness=3 must be a number from 0 to 1"),
    ({"start": float("nan")}, "start=nan must be a number"),
    ({"start": 10**400}, "start=10+ must be a number"),
    ({"start": -5}, "start=-5 must be a number from 0"),
    ({"end": 1e308}, r"end=1e\+308 must be a number from 0"),
    ({"rate": 0}, "rate=0 must be a number from"),
    ({"rate": 1e9}, r"rate=1000000000.0 must be a number from"),
    ({"confidence": "/tmp/x.mp4"}, "confidence=x.mp4 is unknown"),
    ({"encoder": "../infer"}, r"encoder=../infer is unknown: choose lossless"),
    ({"hints": "/etc/passwd"}, "hints=passwd is no file of yours"),
    ({"hints_at": 1}, "hints_at=1 needs hints"),
    ({"audio": ["copy"]}, "audio"),
]


@pytest.mark.parametrize(("options", "said"), WRONG, ids=lambda one: next(iter(one)) if isinstance(one, dict) else "")
def test_other_options_are_refused(make: Make, options: dict[str, object], said: str) -> None:
    service = make()
    with pytest.raises(ValueError, match=said) as caught:
        service.submit("ann", bring(service, "ann", count=1), options)
    assert "\n" not in str(caught.value) and service.jobs("ann") == []


def test_a_start_after_the_end_is_refused_before_its_turn(make: Make) -> None:
    service = make()
    with pytest.raises(ValueError, match=r"start=500 is after the end of .*, which lasts [\d.]+ s"):
        service.submit("ann", bring(service, "ann", count=12), {"start": 500})
    assert service.jobs("ann") == []


@pytest.mark.parametrize("mask", ["../../x.png", "/etc/passwd", "..", 3])
def test_hints_name_nothing_outside_their_folder(make: Make, mask: object) -> None:
    service = make()
    hints = service.place("ann", "hints.json")
    hints.write_text(json.dumps([{"at": 0, "mask": mask, "color": "#ff0000"}]))
    with pytest.raises(ValueError, match=r"hints=hints.json: mask=.* must be the name of a file beside it"):
        service.submit("ann", bring(service, "ann", count=1), {"hints": hints})


def test_too_much_is_refused(make: Make, colorizer: Slow) -> None:
    service = make(upload_mb=0.5, seconds=1, disk_mb=1.5)
    large = service.place("ann", "large.mp4")
    large.write_bytes(bytes(600_000))
    with pytest.raises(TooLarge, match=r"large\.mp4 is larger than 0\.5 MB"):
        service.submit("ann", large, {})
    long = bring(service, "ann", name="long.mp4", count=60, width=32, height=32)
    with pytest.raises(TooLarge, match=r"long\.mp4 is 2 s long, and 1 are taken"):
        service.submit("ann", long, {})
    job = service.submit("ann", long, {"start": 0.5, "end": 1})
    assert 10 <= job.total <= 15 and ended(job).state == "done"
    large.write_bytes(bytes(1_600_000))
    with pytest.raises(Busy, match="no room"):
        service.place("bob", "clip.mp4")


def test_one_visitor_does_not_fill_the_disk_for_all(make: Make) -> None:
    service = make(disk_mb=2, share=0.3)
    mine = bring(service, "ann", count=1)
    service.place("ann", "large.mp4").write_bytes(bytes(700_000))
    for call in (lambda: service.place("ann", "more.mp4"), lambda: service.submit("ann", mine, {})):
        with pytest.raises(Busy, match=r"your share of the server, 0\.6 MB"):
            call()
    assert ended(service.submit("bob", bring(service, "bob", count=1), {})).state == "done"


def test_files_that_lie_about_their_length_are_stopped(make: Make) -> None:
    service = make(frames=10)
    job = ended(service.submit("ann", bring(service, "ann", name="lies.h264", count=40), {}))
    assert (job.state, job.error) == (
        "failed", "lies.h264 has more than 10 pictures; cut it, or give start and end",
    )  # fmt: skip
    assert not job.folder.exists() and job.report is None
    slow = make(job_seconds=0.01)
    assert "takes more than 0.01 s" in ended(slow.submit("ann", bring(slow, "ann"), {})).error


def test_what_cannot_be_read_is_said_by_its_name(make: Make, tmp_path: Path) -> None:
    service = make()
    for name, content in (("broken.mp4", b"no video" * 99), ("empty.mp4", b""), ("list.m3u8", b"#EXTM3U\nx.ts\n")):
        path = service.place("ann", name)
        path.write_bytes(content)
        with pytest.raises(ValueError, match=name) as caught:
            service.submit("ann", path, {})
        assert str(tmp_path) not in str(caught.value) and "\n" not in str(caught.value)
    grey = service.place("ann", "grey.png")
    cv2.imwrite(str(grey), np.full((60, 80), 90, np.uint8))
    job = ended(service.submit("ann", bring(service, "ann"), {"reference": str(grey)}))
    assert job.state == "failed" and job.error.startswith("reference=grey.png is grey")


def test_a_failure_nobody_foresaw_is_logged_and_not_shown(
    make: Make, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*given: object, **options: object) -> None:
        raise RuntimeError("/secret/place rtsp://me:word@host/x")

    monkeypatch.setattr(Slow, "file", fail)
    service = make()
    job = ended(service.submit("ann", bring(service, "ann"), {}))
    assert job.error == "clip.mp4: the server failed (RuntimeError); its log says more"
    logged = capfd.readouterr().err
    assert "RuntimeError: /secret/place" in logged and "word" not in logged
    monkeypatch.undo()
    assert ended(service.submit("ann", bring(service, "ann"), {})).state == "done"


def test_a_job_does_not_write_beyond_the_share(make: Make, colorizer: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("temporal_colorize.apps.service.running._LOOK", 0)
    service = make(disk_mb=1)
    mine, theirs = bring(service, "ann", count=12), bring(service, "bob", count=12)
    watch = Job.watch

    def filling(job: Job, frame: object) -> None:
        if job.visitor == "ann":
            (job.folder / f"{frame.number}.part").write_bytes(bytes(100_000))
        watch(job, frame)

    monkeypatch.setattr(Job, "watch", filling)
    job = ended(service.submit("ann", mine, {}))
    assert job.state == "failed" and "fill your share" in job.error and 4 <= job.frames <= 6
    assert not job.folder.exists() and ended(service.submit("bob", theirs, {})).state == "done"


def test_small_files_and_folders_count_and_other_names_do_not(make: Make) -> None:
    service = make(disk_mb=1)
    before = service.room
    file = service.place("ann", "clip.mp4")
    file.write_bytes(bytes(100_000))
    (file.parent / "other.mp4").hardlink_to(file)
    assert before - service.room == 100_000 + 2 * 4096  # the visitor's folder and the file's
    for number in range(10):
        (file.parent / str(number)).write_bytes(b"x")
    assert before - service.room == 100_000 + 12 * 4096
