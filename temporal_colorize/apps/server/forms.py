"""How Gradio reads a form that is uploaded: imports Gradio."""

from pathlib import Path

from gradio import route_utils
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException


class FilesOnly(route_utils.GradioMultiPartParser):
    """Refuses what is no file, which would be held in memory, and leaves none behind of a form that breaks off."""

    is_whole = False

    def on_headers_finished(self) -> None:
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


def files_only() -> None:
    """Have Gradio read uploads so; it has no option for it."""
    route_utils.GradioMultiPartParser = FilesOnly
