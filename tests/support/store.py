"""An S3 of this machine's own, with nothing in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock


@contextmanager
def object_store(bucket: str) -> Iterator[str]:
    """Serve an S3 with one empty bucket, also to programs that are started meanwhile; yield the bucket's address."""
    import fsspec
    from moto.server import ThreadedMotoServer

    opened = fsspec.get_filesystem_class("s3")
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    known = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    try:
        with mock.patch.dict(os.environ, known):
            opened.clear_instance_cache()  # of another address
            opened().mkdir(bucket)
            yield f"s3://{bucket}"
    finally:
        opened.clear_instance_cache()
        server.stop()
