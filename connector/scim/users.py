"""/Users: one function per operation of RFC 7644 section 3, each a message in, one verb of the directory, a resource out."""

from __future__ import annotations

from connector.directory import users
from connector.directory.model import Document, PushedUser, StoredUser
from connector.scim import listing
from connector.scim.documents import read_user
from connector.scim.exchange import NOTHING, Answer, Exchange
from connector.scim.patch import user_patch
from connector.scim.rendering import Projection, render_user
from connector.scim.schemas import USER
from connector.scim.versions import version_of


def find(exchange: Exchange) -> Answer:
    """GET /Users (section 3.4.2): an empty result is 200 with a total of 0."""
    return listing.find(exchange, USER)


def create(exchange: Exchange) -> Answer:
    """POST /Users (section 3.3): 201 with the whole resource and its address."""
    projection = exchange.projection(USER)
    user = users.create_user(exchange.database, exchange.client, read_user(exchange.body()), identity=exchange.identity)
    return _answer(exchange, user, projection, 201, f"{exchange.base}/Users/{user.id}")


def get(exchange: Exchange, user_id: str) -> Answer:
    """GET /Users/{id} (section 3.4.1); 304 when the client has this version (section 3.14)."""
    projection = exchange.projection(USER)
    user = users.get_user(exchange.database, exchange.client, user_id)
    if exchange.knows(version_of(user)):
        return Answer(304, version=version_of(user))
    return _answer(exchange, user, projection)


def replace(exchange: Exchange, user_id: str) -> Answer:
    """PUT /Users/{id} (section 3.5.1): never creates; without `active` the person stays as they are."""
    projection, body = exchange.projection(USER), exchange.body()
    pushed = read_user(body)

    def edit(_: Document, active: bool) -> PushedUser:
        return pushed if pushed.says_active or active else read_user(body, active)

    user = users.edit_user(exchange.database, exchange.client, user_id, edit, verb="replace", check=exchange.check())
    return _answer(exchange, user, projection)


def patch(exchange: Exchange, user_id: str) -> Answer:
    """PATCH /Users/{id} (section 3.5.2): 200 with the resource."""
    projection = exchange.projection(USER)
    edit = user_patch(exchange.body(), user_id)
    user = users.edit_user(exchange.database, exchange.client, user_id, edit, verb="patch", check=exchange.check())
    return _answer(exchange, user, projection)


def delete(exchange: Exchange, user_id: str) -> Answer:
    """DELETE /Users/{id} (section 3.6)."""
    users.delete_user(exchange.database, exchange.client, user_id, check=exchange.check())
    return NOTHING


def _answer(
    exchange: Exchange, user: StoredUser, projection: Projection, status: int = 200, location: str | None = None
) -> Answer:
    return Answer(status, render_user(user, exchange.base, projection), location, version_of(user))
