"""A service colours one visitor's files after the other's, keeps visitors apart, and cleans up."""

import json
import os
import stat
import threading
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from temporal_colorize.apps.service import Busy, NoSuchJob
from tests.support.service import Make, Slow, bring, ended, until


def test_a_clip_is_coloured_and_watched(make: Make) -> None:
    service = make(preview=64, previews=1000)
    job = service.submit("ann", bring(service, "ann"), {"confidence": True, "encoder": "lossless", "format": "mkv"})
    versions = [job.version]
    while not job.is_over:
        versions.append(job.wait(10, since=versions[-1]))
    assert (job.state, job.error, job.frames, job.total, job.place) == ("done", None, 12, 12, None)
    assert versions == sorted(versions) and len(set(versions)) > 3
    assert job.output.name == "clip.color.mkv" and job.confidence.name == "clip.confidence.mp4"
    assert job.output.is_relative_to(service.folder("ann")) and job.report.frames == 12
    with av.open(str(job.output)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 12
    assert max(job.latest.rgb.shape) == 64 and job.latest.number == 11
    assert [point.time for point in job.timeline] == pytest.approx([n / 25 for n in range(12)])
    assert all(0 <= point.confidence <= 1 for point in job.timeline)
    assert job.elapsed > 0 and job.seconds_left is None


def test_what_visitors_read_has_no_folder_of_the_server(make: Make, colorizer: Slow, tmp_path: Path) -> None:
    service = make()
    source = bring(service, "ann", name="../../my clip;$(x) %05d.mp4")
    assert source.parent.parent == service.folder("ann")
    job = ended(service.submit("ann", source, {}))
    assert job.output.name == "my clip__(x) _05d.color.mp4"
    said = job.record.read_text() + json.dumps(job.as_json())
    record = json.loads(job.record.read_text())
    assert record["source"]["path"] == source.name and record["weights"]["path"] == "tiny.safetensors"
    for secret in (str(tmp_path), str(Path(colorizer.weights).parent), service.folder("ann").name):
        assert secret not in said


def test_a_picture_and_its_confidence(make: Make) -> None:
    service = make()
    path = service.place("ann", "photo.png")
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (60, 80), np.uint8))
    job = ended(service.submit("ann", path, {"confidence": True, "vividness": 0.5, "encoder": "lossless"}))
    assert (job.state, job.error, job.frames) == ("done", None, 1)
    assert cv2.imread(str(job.output)).shape == (60, 80, 3) and job.confidence.suffix == ".png"


def test_hints_and_a_question(make: Make) -> None:
    service = make()
    source, hints = bring(service, "ann"), service.place("ann", "hints.json")
    hints.write_text('[{"at": 0, "point": [64, 48], "radius": 12, "color": "#ff0000"}]')
    job = ended(service.submit("ann", source, {"hints": hints, "direction": "both"}))
    assert job.state == "done" and len(job.report.hints) == 1
    answer = service.ask("ann", source, box=(10, 10, 40, 40), at=0.2)
    assert answer.source == "clip.mp4" and len(answer.names) == 11
    with pytest.raises(ValueError, match="is not inside the picture"):
        service.ask("ann", source, box=(10, 10, 400, 40), at=0.2)


def test_the_queue_is_bounded_and_says_places(make: Make, colorizer: Slow) -> None:
    service = make(queue=2, queue_each=2)
    colorizer.pause = 0.05
    running = service.submit("ann", bring(service, "ann", count=100), {})
    until(lambda: running.frames > 3)
    assert running.place == 0 and running.seconds_left > 1
    mine = service.submit("ann", bring(service, "ann"), {})
    with pytest.raises(Busy, match="you have 2 jobs"):
        service.submit("ann", bring(service, "ann"), {})
    other = service.submit("bob", bring(service, "bob"), {})
    assert (mine.place, other.place) == (1, 2)
    with pytest.raises(Busy, match="the queue is full: 2 jobs"):
        service.submit("eve", bring(service, "eve"), {})
    service.cancel(mine.id, "ann")
    assert (mine.state, mine.place, other.place) == ("cancelled", None, 1)
    assert not mine.folder.exists()
    began = time.monotonic()
    service.cancel(running.id, "ann")
    assert running.state == "cancelled"
    until(lambda: other.state != "waiting")
    assert time.monotonic() - began < 1.5
    colorizer.pause = 0
    assert ended(other).state == "done" and not running.folder.exists()


def test_cancel_before_the_first_frame(make: Make, colorizer: Slow) -> None:
    service = make()
    hints = service.place("ann", "hints.json")
    hints.write_text('[{"at": 30, "point": [64, 48], "color": "#ff0000"}]')
    job = service.submit("ann", bring(service, "ann", count=900), {"hints": hints, "direction": "both"})
    until(lambda: job.state == "running")
    service.cancel(job.id, "ann")
    after = service.submit("ann", bring(service, "ann", count=1), {})
    began = time.monotonic()
    until(lambda: after.state != "waiting")
    assert time.monotonic() - began < 1.5 and job.frames < 5


def test_visitors_are_apart(make: Make) -> None:
    service = make()
    source = bring(service, "ann")
    job = service.submit("ann", source, {})
    for id, visitor in ((job.id, "bob"), ("none", "ann")):
        for call in (service.job, service.cancel, service.remove):
            with pytest.raises(NoSuchJob, match="there is no such job") as caught:
                call(id, visitor)
            assert job.id not in str(caught.value)
    with pytest.raises(ValueError, match=r"video=clip.mp4 is no file of yours"):
        service.submit("bob", source, {})
    link = service.folder("bob") / "link.mp4"
    link.symlink_to(source)
    with pytest.raises(ValueError, match="is no file of yours"):
        service.submit("bob", link, {})
    for option in ("hints", "reference"):
        with pytest.raises(ValueError, match=f"{option}=clip.mp4 is no file of yours"):
            service.submit("bob", bring(service, "bob"), {option: source})
    assert service.jobs("bob") == [] and ended(job).state == "done"
    folders = {service.folder(name) for name in ("ann", "bob")}
    assert all(stat.S_IMODE(folder.stat().st_mode) == 0o700 and len(folder.name) >= 22 for folder in folders)
    assert len(job.id) >= 22


def test_files_go_when_nobody_wants_them(make: Make, tmp_path: Path) -> None:
    service = make(keep_seconds=2, kept_each=1)
    jobs = [ended(service.submit("ann", bring(service, "ann", count=2), {})) for _ in range(2)]
    assert jobs[1].output.exists()
    folder = service.folder("ann")
    service.submit("bob", bring(service, "bob", count=1), {})
    until(lambda: not folder.exists())
    with pytest.raises(NoSuchJob):
        service.job(jobs[1].id, "ann")
    service.close()
    assert list(tmp_path.glob("temporal-colorize-serve-*")) == []


def test_what_nobody_needs_any_more_goes_with_its_job(make: Make, colorizer: Slow) -> None:
    service = make()
    colorizer.pause = 0.05
    sources = [bring(service, "ann", count=40) for _ in range(3)]
    running, waiting = (service.submit("ann", source, {}, spend=[source]) for source in sources[:2])
    with pytest.raises(ValueError, match="vividness"):
        service.submit("ann", sources[2], {"vividness": 7}, spend=[sources[2]])
    assert [source.parent.exists() for source in sources] == [True, True, False]
    service.cancel(waiting.id, "ann")
    assert sources[0].exists() and not sources[1].exists()
    colorizer.pause = 0
    assert ended(running).state == "done" and running.output.exists() and not sources[0].parent.exists()


def test_uploads_that_broke_off_are_removed(make: Make) -> None:
    service = make(arriving_seconds=0.4)
    mine = bring(service, "ann", count=1)
    arriving = service.root / "gradio"
    (arriving / "whole").mkdir(parents=True)
    (arriving / "taken").mkdir()
    whole = arriving / "whole" / "clip.mp4"
    whole.write_bytes(b"x")
    (arriving / "tmpstale").write_bytes(b"half of it")
    with (arriving / "tmpfresh").open("wb", buffering=0) as fresh:
        until(lambda: fresh.write(b"more") and not any((arriving / name).exists() for name in ("tmpstale", "taken")))
        assert (arriving / "tmpfresh").exists() and whole.exists() and mine.exists()


def test_only_the_newest_results_are_kept(make: Make) -> None:
    service = make(kept_each=1)
    jobs = [ended(service.submit("ann", bring(service, "ann", count=2), {})) for _ in range(3)]
    assert [job.folder.exists() for job in jobs] == [False, True, True]
    service.remove(jobs[2].id, "ann")
    assert not jobs[2].folder.exists()


def test_forget_ends_what_runs(make: Make, colorizer: Slow, capfd: pytest.CaptureFixture[str]) -> None:
    service = make()
    colorizer.pause = 0.05
    job = service.submit("ann", bring(service, "ann", count=100), {})
    until(lambda: job.frames > 1)
    folder = service.folder("ann")
    service.forget("ann")
    assert not folder.exists() and job.state == "cancelled"
    assert ended(service.submit("bob", bring(service, "bob", count=1), {})).state == "done"
    assert not folder.exists() and capfd.readouterr().err == ""


def test_close_ends_soon_and_leaves_nothing(make: Make, colorizer: Slow, tmp_path: Path) -> None:
    service = make()
    colorizer.pause = 0.05
    jobs = [service.submit("ann", bring(service, "ann", count=100), {}) for _ in range(2)]
    until(lambda: jobs[0].frames > 1)
    began = time.monotonic()
    service.close()
    assert time.monotonic() - began < 1.5 and [job.state for job in jobs] == ["cancelled"] * 2
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_service_left_is_removed(make: Make, tmp_path: Path) -> None:
    alive = make()
    folder = alive.folder("ann")
    stale, foreign = tmp_path / "temporal-colorize-serve-stale", tmp_path / "temporal-colorize-serve-link"
    (stale / "visitor").mkdir(parents=True)
    (stale / "visitor" / "clip.mp4").write_bytes(b"x")
    keep = tmp_path / "keep"
    keep.mkdir()
    foreign.symlink_to(keep)
    make()
    assert folder.is_dir() and not stale.exists() and keep.is_dir() and os.path.lexists(foreign)


def test_many_submit_at_once_and_each_has_his_own(make: Make) -> None:
    service, found = make(), {}

    def visit(name: str) -> None:
        job = ended(service.submit(name, bring(service, name, name=f"{name}.mp4", count=3), {}))
        found[name] = (job.state, job.output.name)

    threads = [threading.Thread(target=visit, args=(f"visitor{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {f"visitor{n}": ("done", f"visitor{n}.color.mp4") for n in range(6)}
