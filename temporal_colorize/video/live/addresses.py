"""Addresses of live sources and outputs, and how to speak of them without giving away what is secret in them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from temporal_colorize.remote import is_remote

SOURCES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "rtp")
TARGETS = ("rtsp", "rtsps", "rtmp", "rtmps", "udp")
STDOUT = ("pipe:1", "pipe:", "-")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_WEBCAM = re.compile(r"\d{1,3}|/dev/video\d+")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://(?:\S*@)?[^\s'\"]+", re.IGNORECASE)
_NO_LOGIN = re.compile(r"[^/?#@:]+(:\d+)?[/?#]")  # a host and a port; @ in its query has nothing to do with a login
_PAIR = re.compile(r"([\w.-]+)=(.*?)(?=_[a-z]+=|[&;/]|$)", re.IGNORECASE)  # as some cameras have them in their path
_HARMLESS = re.compile(r"\d{1,3}")  # the number of a channel or of a stream
_SECRET_KEY = re.compile(r"pass|pwd|pin|key|token|secret|auth|sig|user|code|session|id", re.IGNORECASE)


def scheme_of(address: str) -> str | None:
    """Return the scheme of a URL, in lower case; None for what is no URL."""
    match = _SCHEME.match(address)
    return match[1].lower() if match else None


def is_live(video: str) -> bool:
    """Tell whether a source is a camera or a stream: any URL but a store's, and the number or device of a webcam."""
    return (scheme_of(video) is not None and not is_remote(video)) or _WEBCAM.fullmatch(video) is not None


def is_live_output(output: str) -> bool:
    """Tell whether an output is a stream or a pipe, which only a live source has."""
    return scheme_of(output) is not None or output in STDOUT


def webcam(address: str) -> str | None:
    """Return the device of a webcam; None if the address is not of one."""
    if not _WEBCAM.fullmatch(address):
        return None
    return f"/dev/video{address}" if address.isdecimal() else address


def require_source(video: str) -> None:
    """Raise a ValueError unless this is a source that can be opened."""
    if webcam(video) is None and scheme_of(video) not in SOURCES:
        raise ValueError(
            f"video={redacted(video)} is of an unknown kind: use {'://, '.join(SOURCES)}://, or a webcam's number"
        )


def redacted(address: str) -> str:
    """Return an address without what may be secret in it.

    That is who logs in, every value of its query, and of its path, but numbers of up to three digits, and RTMP's stream
    key, its last part. Where a password's own signs leave it open what belongs to it, more than that is left out.
    """
    if scheme_of(address) is None:
        return address
    scheme, rest = address.split("://", 1)
    at, place = "", rest
    if not _NO_LOGIN.match(rest):  # unescaped slashes, question marks and hashes may be in the password
        _, at, place = rest.rpartition("@")
    place, _, query = place.partition("#")[0].partition("?")
    if not at:
        _, at, place = place.rpartition("@")
    host, slash, path = _PAIR.sub(_masked_pair, place).partition("/")
    host = f"***@{host}" if at else host
    if scheme.lower().startswith("rtmp") and "/" in path:
        path = path.rsplit("/", 1)[0] + "/***"
    return f"{scheme}://{host}{slash}{path}" + (f"?{'&'.join(map(_masked, query.split('&')))}" if query else "")


def _masked(part: str) -> str:
    key, equals, value = part.partition("=")
    if not equals:
        return part if _HARMLESS.fullmatch(part) else "***"
    return _shown(key, value)


def _masked_pair(match: re.Match[str]) -> str:
    return _shown(match[1], match[2])


def _shown(key: str, value: str) -> str:
    harmless = _HARMLESS.fullmatch(value) and not _SECRET_KEY.search(key)
    return f"{key}={value if harmless else '***'}"


def redacted_in(text: str) -> str:
    """Redact every URL in a text."""
    return _URL.sub(lambda match: redacted(match[0]), text)


def scrubbed(text: str) -> str:
    """Redact every URL in a text, such as an error of FFmpeg, and make one line of it."""
    return " ".join(redacted_in(text).split())


def name_of(address: str) -> str:
    """Return the host of a URL or the device of a webcam, to name it by in a line for people."""
    if scheme_of(address) is None:
        return webcam(address) or address
    return urlsplit(redacted(address)).hostname or "stream"
