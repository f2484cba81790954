"""Checks passwords, and makes guessing slow."""

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

_MOST_REMEMBERED = 10_000  # addresses


class Logins:
    """Checks the password of HTTP Basic; the name beside it may be anything.

    Args:
        password: The right one.
        first: Seconds in which an address may not try again after a wrong one, which double up to
        most: so many. Without a password nothing is counted.
        clock: Tells seconds.
    """

    def __init__(
        self, password: str, *, first: float, most: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._key = secrets.token_bytes(32)
        self._right = self._digest(password)
        self._first, self._most, self._clock = first, most, clock
        self._wrong: dict[str, tuple[int, float]] = {}  # how often, and until when to wait

    def wait(self, client: str) -> float:
        """Return for how many seconds an address may not try."""
        _, until = self._wrong.get(client, (0, 0.0))
        return max(0.0, until - self._clock())

    def allows(self, client: str, authorization: str | None) -> bool:
        """Say whether what a request brings is right, and count it if it is wrong."""
        given = _password_of(authorization)
        if given is None:
            return False
        if hmac.compare_digest(self._digest(given), self._right):
            self._wrong.pop(client, None)
            return True
        times = self._wrong.pop(client, (0, 0.0))[0] + 1
        if len(self._wrong) >= _MOST_REMEMBERED:
            del self._wrong[next(iter(self._wrong))]
        seconds = min(self._most, self._first * 2 ** min(times - 1, 30))
        self._wrong[client] = times, self._clock() + seconds
        return False

    def _digest(self, password: str) -> bytes:
        """Of one length, so that comparing tells nothing of the password's."""
        return hmac.digest(self._key, password.encode(errors="replace"), hashlib.sha256)


def _password_of(authorization: str | None) -> str | None:
    kind, _, value = (authorization or "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
