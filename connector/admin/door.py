"""THE DOOR: somebody is signed in and belongs here, but the organization does not open by how they signed in: what opens it.

It happens to every owner who takes a connection live: the mailed link they came by opens an organization in `sso` no more.
"""

from __future__ import annotations

from flask import Response, request

from connector.accounts.sessions import Session
from connector.directory import home_realm
from connector.errors import NotFound
from connector.membership.model import Mode
from connector.membership.opening import opens_personal
from connector.organizations import mine
from connector.web import pages, refusals
from connector.web.house import house


def shut(named: str, session: Session, error: NotFound) -> Response:
    """Say what opens it, as the start page does, to whom that shows it. Raises `error` for everybody else."""
    all_ = mine.of_person(house().database, session.person_id)
    found = next((each for each in all_ if named in (each.slug, each.id) and each.active), None)
    if found is None or not opens_personal(session.authentications, session.primary_domain_owner):
        raise error
    ways = home_realm.ways_into(house().database, [found.id]) if found.mode is Mode.SSO else ()
    after = request.full_path.rstrip("?") if request.method == "GET" else f"/admin/{found.slug}"
    shown = {"place": found, "ways": ways, "next": after, "applied": request.args.get("done") == "applied"}
    response = pages.page("admin/shut.html", refusals.status_of(error), leads_away=True, **shown)
    return refusals.marked(response, error, refusals.new_reference())
