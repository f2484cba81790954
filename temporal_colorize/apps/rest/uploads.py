"""Takes a multipart form apart as it comes in: files go to the visitor's folder, and no byte beyond the limit."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from temporal_colorize.apps.service import TooLarge

_FIELD_BYTES = 100_000
_MOST_PARTS = 40
_FRAMING = 200_000  # bytes of a request that are no content

Place = Callable[[str, str], Path]  # of a field and a file's name


class Malformed(ValueError):
    """What was sent is no form as it should be."""


class Form:
    """A form that is being received.

    Attributes:
        fields: Texts by name.
        files: Files by name, in order.
    """

    def __init__(self, boundary: bytes, place: Place) -> None:
        self.fields: dict[str, str] = {}
        self.files: dict[str, list[Path]] = {}
        self._place = place
        self._header, self._value = b"", b""
        self._name, self._text = "", bytearray()
        self._file: BinaryIO | None = None
        self._parts, self._disposition, self.is_whole = 0, b"", False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin, "on_header_field": self._take_header, "on_header_value": self._take_value,
                "on_header_end": self._end_header, "on_headers_finished": self._open, "on_part_data": self._take,
                "on_part_end": self._end, "on_end": self._finish,
            },
        )  # fmt: skip

    def write(self, chunk: bytes) -> None:
        """Take what has come.

        Raises:
            Malformed: If it is no form.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise Malformed(f"this is no multipart form ({error})") from None

    def close(self) -> None:
        """Close the file that is being written, if any."""
        if self._file is not None:
            self._file.close()

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise Malformed(f"a form has at most {_MOST_PARTS} parts")
        self._disposition = self._header = self._value = b""

    def _take_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _open(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode(errors="replace")
        if not self._name:
            raise Malformed("a part of the form has no name")
        self._text = bytearray()
        if b"filename" in options:
            path = self._place(self._name, options[b"filename"].decode(errors="replace"))
            self.files.setdefault(self._name, []).append(path)
            if path.exists():
                raise Malformed(f"two files of the form are called {path.name}")
            self._file = path.open("xb")

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
        elif len(self._text) + end - start > _FIELD_BYTES:
            raise TooLarge(f"{self._name[:40]} is longer than {_FIELD_BYTES} bytes")
        else:
            self._text += data[start:end]

    def _end(self) -> None:
        if self._file is None:
            self.fields[self._name] = self._text.decode(errors="replace")
        else:
            self._file.close()
            self._file = None

    def _finish(self) -> None:
        self.is_whole = True


async def receive(request: Request, place: Place, *, most_mb: float) -> Form:
    """Receive a form.

    Args:
        request: Of which nothing has been read.
        place: Says where a file goes.
        most_mb: Of all files together, 10^6 bytes.

    Raises:
        Malformed: If it is no multipart form, or breaks off.
        TooLarge: As soon as more has come, or is announced.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise Malformed("send a form: multipart/form-data, with the file as `video`")
    most, come = most_mb * 1e6 + _FRAMING, 0
    too_large = TooLarge(f"a request may have {most_mb:g} MB: cut the file, or encode it smaller")
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > most:
        raise too_large
    form = Form(options[b"boundary"], place)
    try:
        async for chunk in request.stream():
            come += len(chunk)
            if come > most:
                raise too_large
            await run_in_threadpool(form.write, chunk)
    finally:
        form.close()
    if not form.is_whole:
        raise Malformed("the form breaks off before its end")
    return form
