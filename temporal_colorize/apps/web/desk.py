"""What each visitor is at work on. It stays here, so that a page that is loaded anew finds it again."""

import re
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, fields
from pathlib import Path

from temporal_colorize.apps.service import Job
from temporal_colorize.apps.web.frames import Shown
from temporal_colorize.apps.web.given import Given, Place
from temporal_colorize.inference.turn import UNTURNED, Turn

_KEY = re.compile(r"[A-Za-z0-9_-]{22}")  # 128 bits
_AT_ONCE = 8  # events of one visitor that are answered or wait


@dataclass(eq=False)
class Desk:
    """One visitor's work.

    Attributes:
        visitor: His key.
        source: The file that he gave, in his own folder; None before he gave one.
        shape: (height, width) of its luma as it is stored.
        turn: How it is shown.
        seconds: How long it is; 0 of a picture.
        origin: Its first picture's time.
        job: The last job, as it was when it was last followed: all that the page shows of it is of one moment.
        done: The id of the last job whose result is there.
        shown: What the viewer shows.
        given: Colours that he gave.
        corner: The first corner of a box that is being marked.
        box: What is asked about: left, top, width and height in pixels as shown.
        answer: What was answered, as HTML.
        problem: What went wrong last, in words.
        lock: Is held by what is done here.
        few: By that and what waits for it, each of which has a thread of the server's.
    """

    visitor: str
    source: Path | None = None
    shape: tuple[int, int] = (1, 1)
    turn: Turn = UNTURNED
    seconds: float = 0.0
    origin: float = 0.0
    job: Job | None = None
    done: str | None = None
    shown: Shown | None = None
    given: list[Given] = field(default_factory=list)
    corner: Place | None = None
    box: tuple[int, int, int, int] | None = None
    answer: str = ""
    problem: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    few: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_AT_ONCE), repr=False)

    def clear(self) -> None:
        """Forget all that belongs to one file."""
        fresh = Desk(self.visitor)
        for one in fields(self):
            if one.name not in ("visitor", "lock", "few"):
                setattr(self, one.name, getattr(fresh, one.name))

    @property
    def seen_shape(self) -> tuple[int, int]:
        """(height, width) as shown."""
        return self.turn.shape(self.shape)


class Desks:
    """The desks of the last visitors who brought a file, at most so many: a key alone costs nothing and takes none."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._of: OrderedDict[str, Desk] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, visitor: object, *, keep: bool = False) -> Desk:
        """Return a visitor's desk; an empty one is new every time, until one is kept for a file.

        Raises:
            ValueError: If that is nobody's key.
        """
        if not is_key(visitor):
            raise ValueError("this page does not know you yet: load it again")
        with self._lock:
            desk = self._of.get(visitor) or Desk(visitor)
            if keep or visitor in self._of:
                self._of[visitor] = desk
                self._of.move_to_end(visitor)
            while len(self._of) > self._most:
                self._forget_one(visitor)
            return desk

    def _forget_one(self, comes: str) -> None:
        """Forget who has nothing on his desk, or else was longest away, and not who comes just now."""
        others = [visitor for visitor in self._of if visitor != comes]
        del self._of[next((one for one in others if self._of[one].source is None), (others or [comes])[0])]


def is_key(value: object) -> bool:
    """Say whether a browser sent a visitor's key; it names a folder, so nothing else may pass."""
    return isinstance(value, str) and _KEY.fullmatch(value) is not None


def new_key() -> str:
    """Draw a key that nobody guesses: 128 random bits."""
    return secrets.token_urlsafe(16)
