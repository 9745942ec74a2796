"""Alembic's environment: migrates the connection that `cloud_sink.store.database.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from cloud_sink.store.tables import metadata


def run() -> None:
    """Run the migrations in one transaction."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


run()
