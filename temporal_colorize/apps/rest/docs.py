"""The OpenAPI page, from files that are installed: FastAPI's own would load them from a host on the Internet."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

_FILES = "/api/docs/files"


def add_docs(app: FastAPI) -> None:
    """Serve it at /api/docs."""
    import fastapi_offline

    static = Path(fastapi_offline.__file__).with_name("static")

    @app.get("/api/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=app.openapi_url, title=app.title, swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
            swagger_css_url=f"{_FILES}/swagger-ui.css", swagger_favicon_url=f"{_FILES}/favicon.png",
        )  # fmt: skip

    app.mount(_FILES, StaticFiles(directory=static), name="docs")
