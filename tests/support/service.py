"""A service over tiny weights, and visitors who bring files."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from temporal_colorize import Colorizer
from temporal_colorize.apps.service import Job, Service
from tests.support.networks import tiny_weights_file
from tests.support.videos import write_video

Make = Callable[..., Service]

USUAL = {"inference.size": 64}


class Slow(Colorizer):
    """Takes as long as it is told for every frame, beside what it needs."""

    pause = 0.0

    def file(self, *given: object, watch: object, **options: object) -> object:
        def slowly(frame: object) -> None:
            time.sleep(self.pause)
            watch(frame)

        return super().file(*given, watch=slowly, **options)


def tiny_colorizer(folder: Path) -> Slow:
    return Slow(tiny_weights_file(folder), runtime="torch", device="cpu", threads=1)


def bring(service: Service, visitor: str, *, name: str = "clip.mp4", count: int = 12, **options: object) -> Path:
    """Put a clip into a visitor's folder."""
    path = service.place(visitor, name)
    write_video(path, count=count, **options)
    return path


def bring_file(service: Service, visitor: str, file: Path, *, name: str | None = None) -> Path:
    """Copy a file into a visitor's folder."""
    return Path(shutil.copy(file, service.place(visitor, name or file.name)))


def ended(job: Job, *, seconds: float = 60) -> Job:
    """Wait until a job is over."""
    until = time.monotonic() + seconds
    while not job.is_over and time.monotonic() < until:
        job.wait(1)
    assert job.is_over, job.state
    return job


def until(condition: Callable[[], object], *, seconds: float = 20) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
