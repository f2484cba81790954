"""Errors as programs expect them: a status, and {"error": "one line"}."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from temporal_colorize.apps.rest.uploads import Malformed
from temporal_colorize.apps.service import Busy, NoSuchJob, TooLarge
from temporal_colorize.config.messages import one_line, print_failure


class NotDone(ValueError):
    """What was asked for is not there yet, or will never be."""


_STATUS = {Malformed: 400, NoSuchJob: 404, NotDone: 409, TooLarge: 413, Busy: 429, ValueError: 422}
_LATER = "10"  # seconds after which trying again may help


def say_errors(app: FastAPI) -> None:
    """Have an app answer errors so."""
    for kind in (*_STATUS, ClientDisconnect):
        app.add_exception_handler(kind, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, lambda request, error: failure(error))


def refusal(status: int, line: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Make an answer that refuses."""
    return JSONResponse({"error": line}, status, headers)


def _refused(request: Request, error: Exception) -> JSONResponse:
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 400)
    headers = {429: {"Retry-After": _LATER}, 413: {"Connection": "close"}}.get(status)
    return refusal(status, one_line(error), headers)


def _http(request: Request, error: HTTPException) -> JSONResponse:
    return refusal(error.status_code, str(error.detail), error.headers)


def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    first = error.errors()[0]
    return refusal(422, f"{'.'.join(str(part) for part in first['loc'][1:])}: {first['msg']}")


def failure(error: Exception) -> JSONResponse:
    """Make an answer to what nobody foresaw, which goes to the log."""
    print_failure(error)
    return refusal(500, f"the server failed ({type(error).__name__}); its log says more")
