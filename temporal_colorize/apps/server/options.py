"""Where the server listens, and whom it lets in."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from temporal_colorize.options import require_integer, require_number, require_one_of
from temporal_colorize.video.live.addresses import name_of, require_source

_NAMED = re.compile(r"([^=:/]+)=(.+)")  # Door=rtsp://...
_LOCAL = ("localhost", "127.0.0.1", "[::1]")
_LEAST_PASSWORD = 8  # characters


def is_local(host: str) -> bool:
    """Say whether only this machine reaches an address."""
    try:
        return _plain(host).is_loopback
    except ValueError:
        return host == "localhost"


def neighbourhood(client: str) -> str:
    """Name whom an address belongs to: of IPv6, all 2^64 addresses that one customer has."""
    try:
        address = _plain(client)
    except ValueError:
        return client
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def _plain(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Read an address; one of IPv4 that is written as of IPv6, as a socket for both has it, as what it is."""
    address = ipaddress.ip_address(host)
    return getattr(address, "ipv4_mapped", None) or address


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """Where the server listens, and whom it lets in; `conf/serve.yaml` has the same values.

    Attributes:
        host: An address of this machine.
        port: 0 for any that is free.
        password: That everybody must give; the name beside it may be anything. None for nobody has to.
        insecure: Whether that is meant where other machines reach it.
        cameras: Addresses that the page may open, `rtsp://...` or `Door=rtsp://...`. None given: on localhost any,
            elsewhere none.
        connections: At once; more are turned away.
        connections_each: Of one address, this machine's own excepted: a proxy has all of them.
        head_seconds: After which a connection is closed that has not asked for anything, or only half.
        fail_seconds: That nobody may try again from an address after a wrong password; doubles with every further one,
            up to
        most_fail_seconds: so many.

    Raises:
        ValueError: If a value is wrong, or other machines would reach it and nothing says that they may.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    password: str | None = field(default=None, repr=False)
    insecure: bool = False
    cameras: Sequence[str] = field(default=(), repr=False)  # passwords may be in them
    connections: int = 200
    connections_each: int = 50
    head_seconds: float = 10.0
    fail_seconds: float = 1.0
    most_fail_seconds: float = 30.0

    def __post_init__(self) -> None:
        require_integer("port", self.port, least=0, most=65535)
        require_one_of("insecure", self.insecure, (True, False))
        for name in ("connections", "connections_each"):
            require_integer(name, getattr(self, name), least=1)
        require_number("head_seconds", self.head_seconds, least=0.1)
        for name in ("fail_seconds", "most_fail_seconds"):
            require_number(name, getattr(self, name), least=0)
        if self.password is not None and len(self.password) < _LEAST_PASSWORD:
            raise ValueError(f"password is shorter than {_LEAST_PASSWORD} characters: give a longer one")
        if not self.is_local and self.password is None and not self.insecure:
            raise ValueError(
                f"host={self.host} can be reached by other machines: give password=..., or insecure=true if anybody may"
            )
        for address in self.camera_names.values():
            require_source(address)

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return is_local(self.host)

    @property
    def in_address(self) -> str:
        """The host as it stands in an address."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def hosts(self) -> frozenset[str] | None:
        """Hosts that requests may name; None for any."""
        return frozenset({*_LOCAL, self.in_address.lower()}) if self.is_local else None

    @property
    def camera_names(self) -> Mapping[str, str]:
        """Addresses by name."""
        pairs = [_NAMED.fullmatch(one) for one in self.cameras]
        return {
            pair[1].strip() if pair else f"{number}: {name_of(one)}": pair[2].strip() if pair else one
            for number, (one, pair) in enumerate(zip(self.cameras, pairs, strict=True), 1)
        }

    @property
    def allowed_cameras(self) -> Mapping[str, str] | None:
        """Addresses by name that may be opened; None for any."""
        return self.camera_names if self.cameras or not self.is_local else None
