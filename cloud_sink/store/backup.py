"""Backups: the whole database as of one moment, photographs, and releases, in a folder that says what is in it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect

from cloud_sink.evidence.compare import copy
from cloud_sink.evidence.folder import Folder
from cloud_sink.releases.keeping import copy_out
from cloud_sink.store.database import open_database, reading, revision
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine

    from cloud_sink.evidence.place import EvidencePlace

MANIFEST, EVIDENCE = "backup.json", "evidence"
_FILES = {"sqlite": "sink.db", "postgresql": "sink.dump"}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. It is written last: a folder without one is no backup."""

    made: str  # RFC 3339
    database: str  # sqlite or postgresql
    revision: str | None
    file: str
    sha256: str
    photographs: int
    elsewhere: str | None = None  # where photographs stayed, when none were copied
    releases: tuple[str, ...] = ()  # tenants whose repositories are in it


def back_up(
    engine: Engine,
    place: EvidencePlace,
    into: Path,
    now: datetime,
    *,
    photographs: bool,
    data: Path | None = None,
) -> Manifest:
    """Write a backup while the service runs.

    The database first: a photograph that is kept and has no row gets one again, a row without one would be a lie.

    Args:
        engine: the database.
        place: where photographs are kept.
        into: a new folder.
        now: aware.
        photographs: whether they are copied, too; else the backup says where they stayed.
        data: the folder whose releases are copied; None: there are none.

    Raises:
        StoreError: the folder is there already or cannot be written, the place does not answer, or PostgreSQL's
            `pg_dump` is missing or fails.
    """
    kind = engine.dialect.name
    try:
        into.mkdir(parents=True)
    except FileExistsError:
        raise StoreError(f"backup {into} is there already", "name a new folder") from None
    except OSError as error:
        raise StoreError(f"backup {into}: {error.strerror}", "name a folder that can be written") from None
    file = into / _FILES[kind]
    try:
        if kind == "sqlite":
            with closing(engine.raw_connection()) as connection:  # outside any transaction, as it has to be
                connection.cursor().execute("VACUUM INTO ?", (str(file),))
        else:
            _run("pg_dump", "--format=custom", "--no-owner", f"--file={file}", _address(engine))
        manifest = Manifest(
            made=now.isoformat(),
            database=kind,
            revision=revision(engine),
            file=file.name,
            sha256=_sha256(file),
            photographs=copy(place, Folder(into / EVIDENCE, lasting=False)) if photographs else 0,
            elsewhere=None if photographs else place.label,
            releases=() if data is None else copy_out(data, into),
        )
        os.sync()  # what the manifest speaks of is on disk before it
        (into / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")
        os.sync()
    except OSError as error:
        raise StoreError(f"backup {into}: {error.strerror}", "check its disk and its rights") from None
    return manifest


def restore(
    source: Path, database_url: str, place: EvidencePlace, *, releases: Callable[[Path], object] | None = None
) -> Manifest:
    """Bring an empty database to the state of a backup, and its photographs to where they are kept.

    Photographs first: what fails there can be done again, since the database is still empty. What the devices told
    since the backup is asked for again: the ledger is that of the backup.

    Args:
        source: the folder of the backup.
        database_url: of an empty database of the same kind.
        place: where photographs go.
        releases: brings the releases of a backup back; likewise before the database.

    Raises:
        StoreError: it is no backup, it is damaged, the database is of another kind or not empty, or the place for
            photographs does not answer.
    """
    manifest = read_manifest(source)
    engine = open_database(database_url)
    try:
        if engine.dialect.name != manifest.database:
            raise StoreError(
                f"backup {source} is of {manifest.database}, the database is {engine.dialect.name}",
                "restore into a database of the same kind",
            )
        with reading(engine) as connection:
            if inspect(connection).get_table_names():
                raise StoreError(f"database {engine.url!r} is not empty", "restore into a new one")
        copy(Folder(source / EVIDENCE), place)
        if releases is not None:
            releases(source)
        if manifest.database == "sqlite":
            engine.dispose()
            _put_whole(source / manifest.file, Path(str(engine.url.database)))
        else:
            whole = ("--no-owner", "--exit-on-error", "--single-transaction")
            _run("pg_restore", *whole, f"--dbname={_address(engine)}", str(source / manifest.file))
        os.sync()
    except OSError as error:
        raise StoreError(f"restoring {source}: {error.strerror}", "check the disk and its rights") from None
    finally:
        engine.dispose()
    return manifest


def read_manifest(source: Path) -> Manifest:
    """What a backup holds, when it is whole.

    Raises:
        StoreError: it is no backup, or it is damaged.
    """
    try:
        manifest = Manifest(**json.loads((source / MANIFEST).read_text(encoding="utf-8")))
        found = _sha256(source / manifest.file)
    except (OSError, ValueError, TypeError):
        raise StoreError(f"{source} is no whole backup", f"name a folder with {MANIFEST} and what it lists") from None
    if found != manifest.sha256:
        raise StoreError(f"backup {source}: {manifest.file} is damaged", "take another backup")
    return manifest


def _put_whole(source: Path, database: Path) -> None:
    """Set a SQLite file in the place of an empty one, so that a kill leaves either."""
    beside = database.with_name(f".{database.name}.restoring")
    shutil.copyfile(source, beside)
    os.sync()
    for rest in ("-wal", "-shm"):
        database.with_name(database.name + rest).unlink(missing_ok=True)
    beside.replace(database)


def _address(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def _run(program: str, *arguments: str) -> None:
    path = shutil.which(program)
    if path is None:
        raise StoreError(f"{program} is missing", "install PostgreSQL's client, of the server's version or newer")
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - found above
    if done.returncode:
        raise StoreError(
            f"{program}: {done.stderr.strip().splitlines()[-1:]}", "check the database's address and rights"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
