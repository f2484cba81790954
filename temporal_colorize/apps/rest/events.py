"""Progress as server-sent events."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

from temporal_colorize.apps.service import Job

_LOOK = 0.25  # seconds between two looks at a job: no thread waits for it
_QUIET = 15.0  # seconds after which a comment keeps proxies from closing the connection


async def events(job: Job) -> AsyncIterator[str]:
    """Yield `progress` whenever something has changed, beginning with how it stands, and `end` when it is over.

    Whoever comes back gets how it stands at once, so nothing is lost in between.
    """
    known, said = None, time.monotonic()
    while True:
        over, version = job.is_over, job.version
        if version != known or over:
            known, said = version, time.monotonic()
            yield f"id: {version}\nevent: {'end' if over else 'progress'}\ndata: {json.dumps(job.as_json())}\n\n"
        if over:
            return
        if time.monotonic() - said > _QUIET:
            said = time.monotonic()
            yield ": it goes on\n\n"
        await asyncio.sleep(_LOOK)
