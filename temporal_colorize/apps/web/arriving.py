"""Uploads on their way in."""

import secrets
from typing import Any

from gradio import route_utils


def name_apart() -> None:
    """Have every upload arrive under a name of its own. Gradio makes it of the content, so that whoever sends the same
    file as somebody else would lose it as soon as the other's is taken, and could tell that it was sent before."""
    if route_utils.GradioUploadFile is not _Upload:
        route_utils.GradioUploadFile = _Upload


class _Upload(route_utils.GradioUploadFile):
    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.sha.update(secrets.token_bytes(32))
