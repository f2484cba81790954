"""Connections that ask for nothing, or are too many of one address: uvicorn lets both be. Imports uvicorn."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from temporal_colorize.apps.server.options import ServerOptions, is_local, neighbourhood


def prompt(options: ServerOptions) -> type[H11Protocol]:
    """Make what uvicorn speaks HTTP with, its own protocol but for what `connections_each` and `head_seconds` say."""

    class Prompt(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._waiting: asyncio.TimerHandle | None = None
            if self._is_one_too_many():
                transport.abort()
            else:
                self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop()
            super().connection_lost(exc)

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._wait()

        def _is_one_too_many(self) -> bool:
            mine = self.client and self.client[0]
            if not mine or is_local(mine):  # a proxy on this machine stands for everybody
                return False
            same = sum(
                1 for one in self.connections if one.client and neighbourhood(one.client[0]) == neighbourhood(mine)
            )
            return same > options.connections_each

        def _wait(self) -> None:
            self._stop()
            self._waiting = self.loop.call_later(options.head_seconds, self._close_unasked)

        def _stop(self) -> None:
            if self._waiting is not None:
                self._waiting.cancel()

        def _close_unasked(self) -> None:
            if self.cycle is None or self.cycle.response_complete:
                self.transport.close()

    return Prompt
