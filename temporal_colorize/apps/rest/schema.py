"""What programs send and get, for the OpenAPI page."""

from typing import Any

from pydantic import BaseModel, Field

from temporal_colorize.apps.service import State


class Status(BaseModel):
    """A job."""

    id: str
    name: str = Field(description="of the file, as it was sent")
    state: State
    place: int | None = Field(description="in the queue, 0 while it runs; null when it is over")
    frames: int = Field(description="that are coloured")
    total: int | None = Field(description="that there will be; null if nobody knows")
    elapsed: float = Field(description="seconds that it has been running")
    seconds_left: float | None
    error: str | None = Field(description="why it failed, in a line")
    report: dict[str, Any] | None = Field(description="what was done, once it is done")


class Submitted(Status):
    """A job that was taken, and what opens it."""

    token: str = Field(description="later calls give it as X-Job-Token, or as ?token=")


class Refusal(BaseModel):
    """Why something cannot be had, in a line."""

    error: str


class Health(BaseModel):
    """Whether the server works, and how much waits."""

    status: str
    version: str
    waiting: int


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "not a form, or no token"},
    404: {"model": Refusal, "description": "no such job, or another's"},
    409: {"model": Refusal, "description": "not done"},
    413: {"model": Refusal, "description": "larger or longer than is taken"},
    422: {"model": Refusal, "description": "a file that cannot be read, or a wrong option"},
    429: {"model": Refusal, "description": "the queue is full: try again later"},
}


def form(required: list[str], **fields: str) -> dict[str, Any]:
    """Describe a multipart form whose fields are files where their description begins with "file"."""

    def field(text: str) -> dict[str, str]:
        return {"type": "string", "description": text, **({"format": "binary"} if text.startswith("file") else {})}

    shape = {"type": "object", "required": required, "properties": {name: field(text) for name, text in fields.items()}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": shape}}}}
