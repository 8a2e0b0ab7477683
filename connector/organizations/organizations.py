"""Organizations: made with their founder, found, listed and changed. Each verb is one transaction."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sqlalchemy import Connection, or_, select, update

from connector.accounts import links, persons, throttle
from connector.errors import Forbidden, Invalid, NotFound
from connector.membership.opening import opens
from connector.membership.roles import PRESETS, Preset
from connector.organizations import installation, mine, organization_rows, single_org, slugs
from connector.organizations.organization_rows import THERE, VIEW, OrganizationView, slug_taken, view
from connector.provisioning import apply
from connector.provisioning import once as kept
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance, Origin, open_new
from connector.provisioning.once import Once
from connector.provisioning.pages import Page, Seen, page_of
from connector.storage import tables as t
from connector.storage.database import Database

Changes = Mapping[str, str | None]
"""What is to be different: of `display_name`, `slug` and `avatar_url` those that are given."""


@dataclass(frozen=True, slots=True)
class Founded(OrganizationView):
    """One that was just made at the command line. `sign_in_url` is the founder's one-time link, seen once."""

    sign_in_url: str | None = None


def create(
    database: Database, slug: str, name: str, owner_email: str, preset: str = "oagents", *, base_url: str | None = None
) -> Founded:
    """The operator makes an organization for its founder: who holds `owner_email` verified, else a new person.

    The operator vouches for the address; with `base_url` there is a link with which the founder opens the console. Raises Invalid
    `slug_invalid`, `name_invalid`, `email_invalid`, `preset_unknown`; Taken `slug_taken`; Conflict `single_org`.
    """
    chosen = _preset(preset)
    slugs.check(slug)
    called, email = clean_name(name), persons.read_email(owner_email)
    origin = OPERATOR.origin("an operator asked for it at the command line")

    def work(tx: Connection) -> Founded:
        now = datetime.now(UTC)
        made = _found(tx, (slug,), called, chosen, persons.find_or_make(tx, email, now), email, origin, now)
        url = links.printed(tx, base_url, email, now, console=made.slug) if base_url else None
        return Founded(**{**asdict(made), "role": None}, sign_in_url=url)

    return database.write(work)


def found(
    database: Database,
    display_name: str,
    *,
    slug: str | None = None,
    preset: str = "oagents",
    owner_email: str | None = None,
    actor: Actor,
    once: Once | None = None,
) -> OrganizationView:
    """Somebody makes an organization of their own; a super admin also one for somebody else, without becoming a member.

    The slug is made from the name, and a taken one gets an ending, also one that was asked for (OA-5, OA-6). Raises Invalid
    `slug_invalid`, `name_invalid`, `email_invalid`, `preset_unknown`; NotEntitled `not_entitled`; Forbidden
    `creation_restricted`; Conflict `single_org`; TooMany `too_many_requests`; and what `once.find` raises.
    """
    chosen, name = _preset(preset), clean_name(display_name)
    wanted = slugs.check(slug) if slug is not None else slugs.from_name(name)
    email = None if owner_email is None else persons.read_email(owner_email)

    def work(tx: Connection) -> OrganizationView:
        now = datetime.now(UTC)
        if once is not None:
            kept.find(tx, once, now)
        installation.need_creation(tx, actor)
        throttle.spend_in(tx, "organization", str(actor.person_id), now)
        founder, address = _founder(tx, actor, email, now)
        origin = actor.origin("the organization was founded")
        made = _found(tx, slugs.candidates(wanted), name, chosen, founder, address, origin, now)
        view_ = made if founder == actor.person_id else replace(made, role=None)
        if once is not None:
            kept.keep(tx, once, view_, now)
        return view_

    return database.write(work)


def _founder(tx: Connection, actor: Actor, email: str | None, now: datetime) -> tuple[str, str]:
    """The id of the founder, and what they are called."""
    if email is None:
        primary = select(t.Address.email).where(t.Address.person_id == actor.person_id, t.Address.is_primary)
        return str(actor.person_id), tx.execute(primary).scalar_one_or_none() or actor.name
    if not actor.runs_installation:
        raise installation.restricted("Only a super admin makes an organization for somebody else.")
    return persons.find_or_make(tx, email, now), email


def _found(
    tx: Connection,
    wanted: Iterable[str],
    name: str,
    preset: Preset,
    founder: str,
    email: str,
    origin: Origin,
    now: datetime,
) -> OrganizationView:
    made = organization_rows.make(tx, wanted, name, preset, now)
    told = {"slug": made.slug, "name": name, "preset": preset.name, "owner": email}
    with open_new(tx, made.id, origin) as corridor:
        single_org.refuse(corridor, founder)
        apply.record(corridor, "organization.created", f"organization:{made.slug}", None, told)
        apply.found(corridor, founder, email, preset.creator)
    return made


def _preset(name: str) -> Preset:
    try:
        return PRESETS[name]
    except KeyError:
        raise Invalid("preset_unknown", "There is no such preset of roles.", expected="one of " + ", ".join(PRESETS)) from None


def find(database: Database, slug_or_id: str) -> OrganizationView:
    """Return the organization with this id, or else this slug, as the operator sees it. Raises NotFound
    `organization_not_found`."""
    with database.read() as tx:
        row = tx.execute(VIEW.where(THERE, or_(t.Organization.id == slug_or_id, t.Organization.slug == slug_or_id))).first()
    if row is None:
        raise NotFound("organization_not_found", "There is no such organization.", advice="`connector org list` shows all.")
    return view(row)


def show(database: Database, organization_id: str, *, actor: Actor = OPERATOR) -> OrganizationView:
    """One organization, for whom it opens. Raises what `acting.look` raises."""

    def work(glance: Glance, standing: Standing) -> OrganizationView:
        return _one(glance, standing)

    return look(database, organization_id, actor, MEMBER, work)


def list_mine(database: Database, *, limit: int = 50, after: str | None = None, actor: Actor) -> Page[OrganizationView]:
    """The organizations that open to somebody, oldest first; not those they are suspended in (OA-8)."""
    known = mine.of_person(database, actor.person_id or "")
    role = {each.id: each.role for each in known if opens(actor.authentications, each.access)}
    chosen = sorted(each for each in role if each > (after or ""))[: limit + 1]
    with database.read() as tx:
        rows = tx.execute(VIEW.where(THERE, t.Organization.id.in_(chosen)).order_by(t.Organization.id)).all()
    return page_of([view(row, role[row.id]) for row in rows], limit, _id)


def list_all(
    database: Database, *, deleted: bool = False, limit: int = 50, after: str | None = None, actor: Actor
) -> Page[OrganizationView]:
    """Every organization, oldest first, or every deleted one that is kept: for those who run the installation.

    Raises Forbidden `permission_missing`.
    """
    if not actor.runs_installation:
        raise Forbidden(
            "permission_missing",
            "All organizations are listed for whoever operates this installation.",
            expected="a super admin who signed in locally",
        )
    there = t.Organization.deleted_at.is_not(None) if deleted else THERE
    chosen = VIEW.where(there, t.Organization.id > (after or "")).order_by(t.Organization.id).limit(limit + 1)
    with database.read() as tx:
        return page_of([view(row) for row in tx.execute(chosen)], limit, _id)


def change(
    database: Database, organization_id: str, changes: Changes, *, seen: Seen | None = None, actor: Actor = OPERATOR
) -> OrganizationView:
    """Change name, slug or picture. The id stays, and with it every address that an identity provider was given (OA-10).

    Raises Invalid `name_invalid`, `slug_invalid`, `avatar_invalid`; Taken `slug_taken`; what `seen` and `acting.act` raise.
    """
    wanted = _checked(changes)

    def work(corridor: Corridor, standing: Standing) -> OrganizationView:
        before = _one(corridor, standing)
        if seen is not None:
            seen(before)
        different = {name: value for name, value in wanted.items() if value != getattr(before, name)}
        if different:
            _write(corridor, before, different)
        return _one(corridor, standing)

    return act(database, organization_id, actor, "org.update", "the organization was changed", work, exclusive=True)


def _write(corridor: Corridor, before: OrganizationView, different: Changes) -> None:
    slug = different.get("slug")
    if slug and corridor.tx.execute(select(t.Organization.id).where(t.Organization.slug == slug)).first():
        raise slug_taken()
    columns = {("name" if name == "display_name" else name): value for name, value in different.items()}
    corridor.tx.execute(update(t.Organization).where(t.Organization.id == corridor.organization_id).values(columns))
    was = {name: getattr(before, name) for name in different}
    apply.record(corridor, "organization.changed", f"organization:{before.slug}", was, dict(different))


def _checked(changes: Changes) -> dict[str, str | None]:
    wanted = dict(changes)
    if "display_name" in wanted:
        wanted["display_name"] = clean_name(wanted["display_name"] or "")
    if "slug" in wanted:
        slugs.check(wanted["slug"] or "")
    if wanted.get("avatar_url") is not None:
        _check_picture(str(wanted["avatar_url"]))
    return wanted


def clean_name(name: str) -> str:
    """Return a name for people to read, without spaces around it. Raises Invalid `name_invalid`."""
    clean = name.strip()
    if not 1 <= len(clean) <= 200 or any(unicodedata.category(character) in ("Cc", "Cs") for character in clean):
        raise Invalid("name_invalid", "This name cannot be used.", expected="1 to 200 characters on one line, in any script")
    return clean


def _check_picture(url: str) -> None:
    """A picture that browsers load: over https, and with nothing in its address that is not meant for everybody."""
    try:
        parts = urlsplit(url)
        plain = parts.scheme == "https" and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        plain = False
    if not plain or len(url) > 2048 or not url.isascii() or not url.isprintable() or " " in url:
        expected = "an address that begins with https://, of at most 2048 ASCII characters, without user name, or null"
        raise Invalid("avatar_invalid", "This cannot be the address of a picture.", expected=expected)


def _one(reader: Corridor | Glance, standing: Standing) -> OrganizationView:
    row = reader.tx.execute(VIEW.where(t.Organization.id == reader.organization_id)).one()
    return view(row, standing.role.name if standing.role else None)


def _id(view: OrganizationView) -> str:
    return view.id
