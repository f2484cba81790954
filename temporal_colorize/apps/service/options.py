"""What visitors are trusted with."""

from dataclasses import dataclass

from temporal_colorize.apps.service.errors import Busy
from temporal_colorize.options import require_integer, require_number


@dataclass(frozen=True, kw_only=True)
class ServiceOptions:
    """What visitors are trusted with; `conf/serve.yaml` has the same numbers.

    Attributes:
        upload_mb: Of a file, 10^6 bytes.
        disk_mb: Of all files of all visitors, results included, beyond which nothing new is taken, and
        share: of that, of one visitor's, 0..1.
        seconds: Of a video, as long as it is shown, and
        frames: pictures of it, for files that say otherwise.
        job_seconds: That colouring it may take.
        queue: Jobs that wait, of all visitors, and
        queue_each: of one, the running one included.
        kept_each: Jobs that are over whose files a visitor keeps; the oldest go first.
        keep_seconds: After which the files of a visitor who does nothing are removed.
        arriving_seconds: After which an upload of which nothing more has come is removed.
        preview: Pixels on the longer side of `Job.latest`, and
        previews: how many of those a second.

    Raises:
        ValueError: If a value is out of its range.
    """

    upload_mb: float = 500
    disk_mb: float = 10_000
    share: float = 0.5
    seconds: float = 600
    frames: int = 36_000
    job_seconds: float = 3600
    queue: int = 20
    queue_each: int = 3
    kept_each: int = 5
    keep_seconds: float = 3600
    arriving_seconds: float = 300
    preview: int = 960
    previews: float = 4

    def __post_init__(self) -> None:
        for name in (
            "upload_mb", "disk_mb", "seconds", "job_seconds", "keep_seconds", "arriving_seconds", "previews",
        ):  # fmt: skip
            require_number(f"service.{name}", getattr(self, name), least=0.01)
        require_number("service.share", self.share, least=0.001, most=1)
        for name in ("frames", "queue", "queue_each", "kept_each"):
            require_integer(f"service.{name}", getattr(self, name), least=1)
        require_integer("service.preview", self.preview, least=16, most=4096)

    def require_place(self, *, waiting: int, mine: int) -> None:
        """Raise `Busy` if so many jobs wait, or so many of one visitor are not over, that another is not taken."""
        if waiting >= self.queue:
            raise Busy(f"the queue is full: {waiting} jobs wait; try again later")
        if mine >= self.queue_each:
            raise Busy(f"you have {mine} jobs that wait or run already: wait for one, or cancel it")
