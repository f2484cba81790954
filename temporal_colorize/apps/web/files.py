"""Files on their way in and out, through Gradio, whose addresses are open to whoever knows them."""

import contextlib
import os
import secrets
import stat
import threading
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData
from gradio.utils import get_upload_folder


def upload(**options: Any) -> gr.File:
    """Make what takes files that are uploaded. Gradio would as well fetch an address that a browser sends instead of a
    file, and read what it names on the server: nothing is taken here but what was uploaded."""
    made = gr.File(**options)  # not a class of our own, for which Gradio would write a stub beside this file
    later, at_once = made.async_move_resource_to_block_cache, made.move_resource_to_block_cache

    async def kept_later(sent: str | Path | None) -> str | None:
        _require_uploaded(sent)
        return await later(sent)

    def kept(sent: str | Path | None) -> str | None:
        _require_uploaded(sent)
        return at_once(sent)

    def taken(sent: FileData | None) -> str | None:  # a stream is not moved, so it comes here only
        _require_uploaded(sent and sent.path)
        return sent and sent.path  # Gradio's own leaves an empty file behind

    made.async_move_resource_to_block_cache, made.move_resource_to_block_cache = kept_later, kept
    made.preprocess = taken
    return made


class Offers:
    """Gives results addresses that nobody guesses: Gradio's own are made of a file's content, which others may know.

    Each is a second name of the file, so nothing is copied; Gradio removes it in time.

    Args:
        folder: Gradio's, on the same disk.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._of = folder, dict[Path, Path]()
        self._lock = threading.Lock()

    def address(self, file: Path) -> Path:
        """Return the name by which a file is offered, and take those back whose files are gone."""
        with self._lock:
            for gone in [one for one in self._of if not one.exists()]:
                self._take_back(self._of.pop(gone))
            if file not in self._of or not self._of[file].exists():
                self._of[file] = self._linked(file)
            return self._of[file]

    def _linked(self, file: Path) -> Path:
        place = self._folder / secrets.token_urlsafe(16)
        place.mkdir(mode=0o700, parents=True)
        os.link(file, place / file.name)
        return place / file.name

    def _take_back(self, link: Path) -> None:
        with contextlib.suppress(OSError):
            link.unlink(missing_ok=True)
            link.parent.rmdir()


def _require_uploaded(sent: str | Path | None) -> None:
    """Refuse what is no regular file of Gradio's folder; looking at it opens nothing, as a pipe may never answer."""
    if sent is None:
        return
    try:
        path = Path(sent)
        is_file = stat.S_ISREG(path.lstat().st_mode)
        is_inside = path.resolve().is_relative_to(Path(get_upload_folder()).resolve())
    except (OSError, ValueError):
        is_file = is_inside = False
    if not (is_file and is_inside):
        raise gr.Error("that file is not here, or was removed after a while: upload it itself", print_exception=False)
