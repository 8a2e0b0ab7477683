"""The floor: a bare Flask app that does one INSERT and COMMIT, or one indexed SELECT, under the same server as connector.

It is what any Flask program over the same database costs that does nothing: no token, no tenant, no audit, no JSON read.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

import psycopg
from flask import Flask, Response
from sqlalchemy.engine import URL, make_url

ROWS = 1000


def prepare(url: str) -> None:
    """Make the table of the floor and fill it."""
    connection = _connect(make_url(url))
    connection.execute("CREATE TABLE IF NOT EXISTS floor (id text PRIMARY KEY, document text NOT NULL)")
    for number in range(ROWS):
        connection.execute(f"INSERT INTO floor VALUES ('{number}', '{{\"number\": {number}}}') ON CONFLICT DO NOTHING")
    connection.commit()
    connection.close()


def create_app(url: str) -> Flask:
    """Make the floor's application over the database at `url`; one connection per thread, made when first used."""
    app, local, address = Flask("floor"), threading.local(), make_url(url)

    def connection() -> Any:
        if not hasattr(local, "connection"):
            local.connection = _connect(address)
        return local.connection

    mark = "?" if address.get_backend_name() == "sqlite" else "%s"
    insert, select = f"INSERT INTO floor VALUES ({mark}, {mark})", f"SELECT document FROM floor WHERE id = {mark}"

    @app.post("/<identity>")
    def write(identity: str) -> Response:
        mine = connection()
        mine.execute(insert, (identity, '{"number": 1}'))
        mine.commit()
        return Response("{}", 201, content_type="application/json")

    @app.get("/<identity>")
    def read(identity: str) -> Response:
        mine = connection()
        row = mine.execute(select, (identity,)).fetchone()
        mine.rollback()
        return Response(row[0], content_type="application/json")

    return app


def _connect(url: URL) -> Any:
    if url.get_backend_name() == "sqlite":
        connection = sqlite3.connect(str(url.database), timeout=30, isolation_level=None)  # each statement is its transaction
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection
    return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
