"""What serve.py does, given its configuration. Heavy imports are inside."""

import contextlib
import importlib.util
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from temporal_colorize.cli.interrupt import done, end_soon, leave
from temporal_colorize.config.composing import several

if TYPE_CHECKING:
    from fastapi import FastAPI
    from omegaconf import DictConfig

    from temporal_colorize.apps.server import ServerOptions
    from temporal_colorize.apps.service import Service, ServiceOptions
    from temporal_colorize.apps.web import PageOptions

_OPENED_WITH = ("device", "runtime", "precision", "threads", "cache")
_OF_JOBS = ("inference", "gate", "encoder", "limits")  # groups
_SERVER = (
    "host", "port", "insecure", "connections", "connections_each", "head_seconds", "fail_seconds", "most_fail_seconds",
)  # fmt: skip
PASSWORD = "TEMPORAL_COLORIZE_PASSWORD"
_GRACE = 0.7  # seconds for answers that are under way, after the service has ended
_NEEDED = ("fastapi", "fastapi_offline", "gradio", "python_multipart", "uvicorn")


def serve_once(config: "DictConfig", arguments: Sequence[str]) -> None:
    """Serve the page and the REST endpoint until the program is stopped, and end the program.

    Args:
        config: Of conf/serve.yaml.
        arguments: That it was composed with; those of the groups that colouring has go on to every job.
    """
    _require_extra()
    from temporal_colorize.apps.server import ServerOptions

    password = config.password or os.environ.get(PASSWORD) or None
    server = ServerOptions(
        password=password and str(password), cameras=several(config.cameras), **{name: config[name] for name in _SERVER}
    )
    parent = config.temporary and _folder(config.temporary)
    options, looks = _checked(config, server)
    with _listening(server) as listening:
        end_soon(note="nothing was served yet")
        with _serving(config, arguments, parent, options) as service:
            app = _app(service, server, looks)
            _tell(server, listening.getsockname()[1])
            _run(app, listening, service, server)
    leave()


def _checked(config: "DictConfig", server: "ServerOptions") -> "tuple[ServiceOptions, PageOptions]":
    """Refuse options that are wrong before the port is taken."""
    from temporal_colorize.apps.service import ServiceOptions
    from temporal_colorize.apps.web import PageOptions

    return ServiceOptions(**config.service), PageOptions(cameras=server.allowed_cameras, **config.page)


@contextlib.contextmanager
def _serving(
    config: "DictConfig", arguments: Sequence[str], parent: Path | None, options: "ServiceOptions"
) -> "Iterator[Service]":
    from temporal_colorize.apps.service import Service
    from temporal_colorize.colorizer import Colorizer

    opened = {name: config[name] for name in _OPENED_WITH} | _of_groups(arguments, ("model",))
    colorizer = Colorizer.load(config.weights, **opened)
    service = Service(colorizer, options, usual=_of_groups(arguments, _OF_JOBS), parent=parent)
    try:
        yield service
    finally:
        service.close()


def _app(service: "Service", server: "ServerOptions", options: "PageOptions") -> "FastAPI":
    from temporal_colorize.apps.server.app import application, keep_gradio_inside, keep_temporary_inside
    from temporal_colorize.apps.web import dressed, page

    keep_gradio_inside(service)
    keep_temporary_inside(service)
    return application(service, server, page(service, service.colorizer, options), dressed())


def _require_extra() -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(f"the server needs {missing[0]}: pip install '.[web]' in a checkout")


def _of_groups(arguments: Sequence[str], groups: Sequence[str]) -> dict[str, object]:
    """Return the arguments that choose in these groups, or are of them."""
    pairs = [argument.lstrip("+").partition("=") for argument in arguments]
    return {name: value for name, _, value in pairs if name.partition(".")[0] in groups}


def _folder(name: str) -> Path:
    if not os.access(name, os.W_OK | os.X_OK) or not Path(name).is_dir():
        raise ValueError(f"temporary={name} is not a folder that can be written to; make it first")
    return Path(name).absolute()


@contextlib.contextmanager
def _listening(server: "ServerOptions") -> Iterator[socket.socket]:
    """Take the port before anything is loaded; connections wait until it is answered."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError:
        raise ValueError(f"host={server.host} is no address of this machine: try 127.0.0.1 or 0.0.0.0") from None
    with socket.socket(family, kind) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
            listening.listen(128)
        except OSError as error:
            raise ValueError(
                f"port={server.port} of host={server.host} cannot be had ({error.strerror}): choose another, or port=0"
            ) from None
        yield listening


def _tell(server: "ServerOptions", port: int) -> None:
    address = f"http://{server.in_address}:{port}/"
    print(f"{address} is open; {address}api/docs for programs; Ctrl-C ends it", flush=True)
    if server.is_local:
        return
    who = "whoever reaches this machine" if server.password is None else "whoever knows the password"
    print(
        f"serve.py: {who} may use it, and nothing is encrypted: put a proxy with TLS before it", file=sys.stderr,
        flush=True,
    )  # fmt: skip


def _run(app: "FastAPI", listening: socket.socket, service: "Service", options: "ServerOptions") -> None:
    import uvicorn

    from temporal_colorize.apps.server.connections import prompt

    class Server(uvicorn.Server):
        def capture_signals(self) -> contextlib.AbstractContextManager[None]:
            return contextlib.nullcontext()  # ours end the program within a second or two

    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, proxy_headers=False, ws="none",
        http=prompt(options), limit_concurrency=options.connections, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = Server(config)

    def end() -> None:
        service.close()
        time.sleep(_GRACE)
        leave()

    def stop(number: int, frame: FrameType | None) -> None:
        if not server.should_exit:
            server.should_exit = True
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # that answers were cut short is no news now
            threading.Thread(target=end, name="end", daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
    done()
    server.run(sockets=[listening])
