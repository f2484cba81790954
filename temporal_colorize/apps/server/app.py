"""Puts the page and the REST endpoint together."""

import os
import tempfile
from typing import TYPE_CHECKING

from temporal_colorize.apps.rest import api
from temporal_colorize.apps.server.guard import Guard
from temporal_colorize.apps.server.intake import Intake
from temporal_colorize.apps.server.logins import Logins
from temporal_colorize.apps.server.options import ServerOptions
from temporal_colorize.apps.service import Service

if TYPE_CHECKING:
    from fastapi import FastAPI
    from gradio import Blocks


def application(service: Service, options: ServerOptions, page: "Blocks", dressed: dict[str, object]) -> "FastAPI":
    """Make what a server runs: the page at /, the REST endpoint at /api.

    Args:
        service: What colours.
        options: Who may reach it.
        page: What `apps.web.page` makes, and
        dressed: how it looks.
    """
    import gradio as gr

    from temporal_colorize.apps.server.events import bound
    from temporal_colorize.apps.server.forms import files_only

    files_only()
    bound(page)
    page.has_launched = True  # `launch` would set it; without it, Gradio lets visitors name any file of the server
    app = api(service)
    app = gr.mount_gradio_app(
        app, page, path="/", max_file_size=round(service.options.upload_mb * 1e6), show_error=False, ssr_mode=False,
        pwa=False, enable_monitoring=False, mcp_server=False, **dressed,
    )  # fmt: skip
    logins = options.password and Logins(options.password, first=options.fail_seconds, most=options.most_fail_seconds)
    intake = {"upload_mb": service.options.upload_mb, "room": lambda: service.room}
    app.add_middleware(Intake, **intake, arrived=service.turns.expect)
    app.add_middleware(Guard, hosts=options.hosts, logins=logins or None)  # the last added is asked first
    return app


def keep_gradio_inside(service: Service) -> None:
    """Have Gradio keep its files in a folder of the service, which is removed with it; before it is first imported."""
    folder = service.root / "gradio"
    folder.mkdir(mode=0o700, exist_ok=True)
    os.environ["GRADIO_TEMP_DIR"] = str(folder)


def keep_temporary_inside(service: Service) -> None:
    """Have all of this process make temporary files where they are counted, and removed with the service."""
    folder = service.root / "temporary"
    folder.mkdir(mode=0o700)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
