"""Artefacts in an S3-compatible bucket. Endpoint, bucket and keys are the operator's settings; no tenant names them.

The client is the optional extra `s3` (the package `minio`). What goes wrong is raised as `OSError`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.domains.observability.backups import config
from app.domains.observability.backups.artefact import MANIFEST

if TYPE_CHECKING:
    from minio import Minio

_SECONDS = 30.0


def refusal() -> str | None:
    """Why this installation keeps no backups in a bucket; None when it does."""
    if not config.bucket().endpoint:
        return "This installation has no bucket for backups."
    if find_spec("minio") is None:
        return "This installation lacks the S3 client: install the extra `s3`."
    return None


def upload(path: Path, prefix: str) -> None:
    """Every file of the directory, the manifest last."""
    files = sorted(path.iterdir(), key=lambda file: (file.name == MANIFEST, file.name))
    with _client() as (client, bucket):
        for file in files:
            client.fput_object(bucket, prefix + file.name, str(file))


def download(prefix: str, path: Path) -> None:
    """Every file below the prefix, into an empty directory."""
    with _client() as (client, bucket):
        for name in _names(client, bucket, prefix):
            client.fget_object(bucket, prefix + name, str(path / name))
            (path / name).chmod(0o600)


def remove(prefix: str) -> None:
    with _client() as (client, bucket):
        for name in _names(client, bucket, prefix):
            client.remove_object(bucket, prefix + name)


def _names(client: "Minio", bucket: str, prefix: str) -> list[str]:
    found = [
        str(each.object_name).removeprefix(prefix) for each in client.list_objects(bucket, prefix=prefix)
    ]
    if any("/" in name or name.startswith(".") for name in found):
        raise OSError(0, "there is something in the bucket that no backup wrote")
    return found


@contextmanager
def _client() -> "Iterator[tuple[Minio, str]]":
    import urllib3  # noqa: PLC0415 comes with the optional extra
    from minio import Minio  # noqa: PLC0415
    from minio.error import MinioException  # noqa: PLC0415

    place = config.bucket()
    endpoint = urlsplit(place.endpoint)
    pool = urllib3.PoolManager(timeout=_SECONDS, retries=urllib3.Retry(3, backoff_factor=0.2))
    client = Minio(
        endpoint.netloc,
        access_key=place.access_key,
        secret_key=place.secret_key.get_secret_value(),
        secure=endpoint.scheme != "http",
        region=place.region,
        http_client=pool,
    )
    try:
        yield client, place.name
    except (MinioException, urllib3.exceptions.HTTPError) as error:
        raise OSError(0, f"the bucket does not answer as it should ({type(error).__name__})") from error
    finally:
        pool.clear()
