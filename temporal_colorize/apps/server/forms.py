"""How Gradio reads a form that is uploaded, and follows it: imports Gradio."""

import asyncio
from collections import deque
from pathlib import Path

from gradio import route_utils, routes
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException

_MOST_FILES = 10  # of a form, each of which is open until its end; the page sends one
_FOLLOWED = 100  # uploads whose progress is kept for whoever asks
_LOOK = 0.05  # seconds between two looks for an upload that has not begun


class FilesOnly(route_utils.GradioMultiPartParser):
    """Refuses what is no file, which would be held in memory, and leaves none behind of a form that breaks off."""

    is_whole = False

    def on_headers_finished(self) -> None:
        self.max_files = _MOST_FILES
        super().on_headers_finished()
        if self._current_part.file is None or self._current_part.field_name != "files":
            raise MultiPartException("send files only, each as `files`")

    def on_end(self) -> None:
        self.is_whole = True

    async def parse(self) -> FormData:
        try:
            form = await super().parse()
            if not self.is_whole:
                raise MultiPartException("the form breaks off before its end")
            return form
        except BaseException:
            for file in self._files_to_close_on_error:
                file.close()
                Path(file.name).unlink(missing_ok=True)
            raise


class LastUploads(route_utils.FileUploadProgress):
    """Follows the last uploads; Gradio would keep every one that nobody asks for, and every name that anybody does."""

    def track(self, upload_id: str) -> None:
        self._statuses.setdefault(upload_id, route_utils.FileUploadProgressTracker(deque(), False))
        while len(self._statuses) > _FOLLOWED:
            del self._statuses[next(iter(self._statuses))]

    async def is_tracked(self, upload_id: str) -> bool:
        while upload_id not in self._statuses:
            await asyncio.sleep(_LOOK)
        return True


def files_only() -> None:
    """Have Gradio read uploads so; it has no option for it."""
    route_utils.GradioMultiPartParser = FilesOnly
    routes.file_upload_statuses = LastUploads()
