"""What the page is told beside what it shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from temporal_colorize.options import require_integer, require_number


@dataclass(frozen=True, kw_only=True)
class PageOptions:
    """How the page works; `conf/serve.yaml` has the same numbers.

    Attributes:
        refresh: Seconds between two looks at a job.
        live_refresh: Seconds between two pictures of a camera.
        quality: Of those, as JPEG has it, 1..100.
        radius: Of a point that is given a colour, in the video's pixels, until somebody chooses another.
        desks: Visitors whose work the page remembers; the one who was longest away is forgotten first.
        cameras: Names and addresses to choose from; None for any address, which is for localhost.
        watched: Cameras that are coloured at once, for all visitors.
        unseen: Seconds after which a camera that nobody looks at is let go.
        keep: Seconds for which files that were sent or offered stay in Gradio's own folder.

    Raises:
        ValueError: If a value is out of its range.
    """

    refresh: float = 0.5
    live_refresh: float = 0.25
    quality: int = 88
    radius: int = 8
    desks: int = 200
    cameras: Mapping[str, str] | None = field(default=None, repr=False)  # addresses may have passwords in them
    watched: int = 2
    unseen: float = 10.0
    keep: int = 3600

    def __post_init__(self) -> None:
        require_number("page.refresh", self.refresh, least=0.05, most=60)
        require_number("page.live_refresh", self.live_refresh, least=0.05, most=60)
        require_integer("page.quality", self.quality, least=1, most=100)
        require_integer("page.radius", self.radius, least=1, most=64)
        require_integer("page.desks", self.desks, least=1)
        require_integer("page.watched", self.watched, least=0)
        require_number("page.unseen", self.unseen, least=1)
        require_integer("page.keep", self.keep, least=60)
