"""WORDS about people: where they came from, why they are out and who lets them in again, and how they come by what they have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from connector.accounts.alerts import HEADINGS
from connector.membership.explain import CAUSES as KEPT_OUT
from connector.membership.explain import NO_DIRECTORY, BecauseItem, NotItem
from connector.organizations.member_views import MemberView
from connector.provisioning.history import AuditItem

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "founder": "Founded the organization",
        "invitation": "Accepted an invitation",
        "manual": "Added by hand",
        "jit": "Joined by sign-in",
        "scim": "Pushed",
        "break_glass": "Break-glass owner",
    }
)
"""How somebody joined."""

CAUSES: Mapping[str, str] = MappingProxyType(
    {
        "admin": "Suspended by an admin",
        "block": "Removed and blocked",
        "directory": "Not active at the identity provider",
        "cannot_link": "No account could be linked",
    }
)
"""Why somebody is out."""

LIFTED: Mapping[str, str] = MappingProxyType(
    {
        "admin": "Whoever manages members lets them in again.",
        "block": "Whoever manages members lifts the block. What had been given to them by hand does not come back by it.",
        "directory": "It is lifted at the identity provider only: assign or activate them there, and they are in again at once.",
        "cannot_link": "It is lifted by linking a pushed account to them, or by going back to invitations.",
    }
)
"""Who lifts it, and how."""

GIVEN: Mapping[str, str] = MappingProxyType(
    {
        "manual": "Given by hand",
        "invitation": "Came with the invitation",
        "founder": "Founded the organization",
        "break_glass": "Break-glass owner",
        "converted": "Kept from the time before",
        "system": "Everybody has it",
        "default": "Nobody gave another: the role that everybody starts with",
    }
)
"""Where a row came from, but for rules."""

DIRECTORIES: Mapping[str, str] = MappingProxyType(
    {
        "off": "The directory is switched off",
        "staging": "Waits until the directory goes live",
        "live": "The rules do not let them in",
        "paused": "The directory is paused",
    }
)
"""Why somebody who was pushed is no member, by the state of their directory."""

ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "member.joined": "Joined",
        "member.changed": "Changed",
        "member.suspended": "Suspended",
        "member.reactivated": "In again",
        "member.left": "Left",
        "member.linked": "An account was linked",
        "member.unlinked": "Their accounts were forgotten",
        "member.signed_out": "Signed out",
        "identity.linked": "First sign-in with an account",
        "sign_in.succeeded": "Signed in",
        "sign_in.refused": "Sign-in refused",
        "sign_in.second_subject": "Sign-in refused: another account",
        "sign_in.break_glass": "Sign-in refused: break-glass owner",
        "invitation.created": "Invited",
        "invitation.resent": "Invited again",
        "invitation.cancelled": "Invitation taken back",
        "invitation.declined": "Invitation declined",
        "break_glass.added": "Became a break-glass owner",
        "break_glass.removed": "No break-glass owner any more",
        "break_glass.codes_made": "New recovery codes",
        "break_glass.used": "Came in by break-glass",
        "guard.last_owner": "Kept as the last owner",
    }
)
"""What happened to somebody, by the action of the audit entry."""

_REFUSED = ("sign_in.refused", "sign_in.second_subject", "sign_in.break_glass")

HELD: Mapping[str, str] = MappingProxyType(
    {
        "admin": "until an admin lifts it",
        "block": "until the block is lifted",
        "directory": "until the identity provider activates them",
        "cannot_link": "until an account is linked",
    }
)
"""How long somebody is out, by the cause, where an entry tells of several."""

_RULE = re.compile(r"( ->)? rule [0-9a-f-]{36}")
_ROW = re.compile(r" \(rule [0-9a-f-]{36}\)")
_ASKED = re.compile(r"(the IdP asked: [a-z]+ (?:user|group)) [0-9a-f-]{36}")
_OUTRANKED = re.compile(r"(role|[\w-]+:\S+)(?: as)?(?: (\S+))? \(([^()]*)\) is outranked by \S+(?: as)? (\S+) \(([^()]*)\)")
_TARGET = re.compile(r'"[^"]*"|\b(team|project):(?=\S)')
_ORDER = ("role", "team", "project")


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody has at one target: the role (`slug` is ''), a team or a project. `level` is what it comes to, `rows` where
    from; `locked` when a rule gives it, and no hand changes it."""

    kind: str
    slug: str
    level: str
    rows: tuple[BecauseItem, ...]
    locked: bool


def given(member: MemberView, because: Sequence[BecauseItem]) -> list[Given]:
    """What a member has, target by target: the role first, then teams, then projects."""
    rows: dict[str, list[BecauseItem]] = {}
    for each in because:
        rows.setdefault(each.target, []).append(each)
    found = [_given(member, target, tuple(mine)) for target, mine in rows.items()]
    return sorted(found, key=lambda each: (_ORDER.index(each.kind), each.slug))


def _given(member: MemberView, target: str, rows: tuple[BecauseItem, ...]) -> Given:
    kind, _, slug = target.partition(":")
    levels = {"role": member.role, "team": next((each.role for each in member.teams if each.slug == slug), None)}
    return Given(kind, slug, levels.get(kind) or rows[0].level, rows, target in member.locked)


def why_not(reasons: Sequence[NotItem]) -> list[str]:
    """Why somebody has not more, in sentences without the ids of rules. Of what keeps them out the page says more elsewhere, and
    that no directory is live is said of the organization."""
    told = (*KEPT_OUT.values(), NO_DIRECTORY)
    return [plain(each.reason) for each in reasons if each.reason not in told]


def plain(reason: str) -> str:
    """A sentence of the heart for people: without the ids of rules, and of whom the identity provider spoke."""
    if found := _OUTRANKED.fullmatch(reason):
        return _outranked(found[1], found[2], found[3], found[4], found[5])
    text = _RULE.sub(lambda found: "" if found[1] else " a rule", _ROW.sub(" (by a rule)", reason)).replace("->", "→")
    text = _TARGET.sub(lambda found: f"{found[1]} " if found[1] else found[0], _ASKED.sub(r"\1", text))
    return text[:1].upper() + text[1:]


def _outranked(target: str, level: str | None, source: str, higher: str, by: str) -> str:
    """Of two rows for one target the higher one counts."""
    where = (target[:1].upper() + target[1:]).replace(":", " ", 1)
    return f"{where}: {higher} ({_source(by)}) counts, and {level or 'member'} ({_source(source)}) adds nothing to it"


def _source(told: str) -> str:
    words = GIVEN.get(told, told)
    return "by a rule" if told.startswith("rule ") else words[:1].lower() + words[1:]


def cause(name: str, staged: bool | None = False) -> str:
    """Why somebody is out; `staged` when an admin's suspension was their directory's before."""
    if name == "admin" and staged:
        return "Suspended since the identity provider deactivated them; an admin can lift it"
    return CAUSES.get(name, name)


def because(entry: AuditItem) -> list[str]:
    """Why something happened. What was refused did not happen: what was begun there is no reason."""
    kept = entry.because[:-1] if entry.action in _REFUSED and len(entry.because) > 1 else entry.because
    return [plain(each) for each in kept]


def held(causes: str) -> str:
    """How long somebody is out, of all causes that an entry names."""
    return " and ".join(HELD.get(each, each) for each in causes.split(", "))


def action(name: str) -> str:
    """What an entry of the audit trail is about."""
    return ACTIONS.get(name) or HEADINGS.get(name) or name.replace(".", " ").replace("_", " ").capitalize()


def changes(entry: AuditItem) -> list[str]:
    """What was and what is, of each thing that an entry about access names."""
    before, after = entry.before or {}, entry.after or {}
    if not entry.action.startswith("member."):
        return []
    return [_change(name, before.get(name), after.get(name)) for name in dict.fromkeys((*before, *after))]


def _change(name: str, was: object, is_: object) -> str:
    if name == "causes":
        return f"out {held(str(was))} → {held(str(is_))}"
    called = name.replace("team:", "team ").replace("project:", "project ")
    return f"{called}: {was} → {is_}" if was and is_ else f"{called}: {is_}" if is_ else f"{called}: no longer {was}"
