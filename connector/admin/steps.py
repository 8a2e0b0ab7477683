"""STEPS of the wizard that connects an identity provider, and how far each is; from what is there. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from connector.admin.guides.model import Guide
from connector.directory.progress import Progress
from connector.web import pages

State = Literal["done", "missing", "advised", "choice"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the end of its address, its title, how far it is, and why it is so. What is `advised` or a `choice` may be left
    as it is."""

    tail: str
    title: str
    state: State
    why: str


def steps_of(progress: Progress, guide: Guide, called: str, *, by_link: bool) -> tuple[Step, ...]:
    """All steps in their order. `called` is what the provider is called on pages; whoever came by a set-up link hands over
    instead of going live, and names no break-glass owners."""
    steps = (
        _sign_on(progress, called),
        _identity_provider(progress, called),
        _domain(progress),
        _provisioning(progress, guide, called),
        _test(progress),
        _groups(progress),
        *(() if by_link else (_break_glass(progress),)),
    )
    return (*steps, _go_live(progress, steps, by_link=by_link))


def next_of(steps: Sequence[Step]) -> Step | None:
    """The first step that is missing, None when nothing is."""
    return next((step for step in steps if step.state == "missing"), None)


def _sign_on(progress: Progress, called: str) -> Step:
    known = progress.connection.sign_on is not None
    why = "We know each other." if known else f"{called} does not know our addresses yet."
    return Step("sign-on", f"Set up sign-in at {called}", "done" if known else "missing", why)


def _identity_provider(progress: Progress, called: str) -> Step:
    view, title = progress.connection, f"Tell us about {called}"
    if view.sign_on is None:
        return Step("identity-provider", title, "missing", f"We do not know how to reach {called} yet.")
    protocol = "SAML" if view.sign_on == "saml" else "OpenID Connect"
    return Step("identity-provider", title, "done", f"{protocol}, issuer {view.issuer}")


def _domain(progress: Progress) -> Step:
    title = "Verify your e-mail domain"
    if progress.verified:
        some, more = progress.verified[:3], len(progress.verified) - 3
        return Step("domain", title, "done", ", ".join(some) + (f" and {more} more" if more > 0 else ""))
    if progress.claimed:
        return Step("domain", title, "missing", "The record has not been seen in DNS yet.")
    return Step("domain", title, "missing", "Without one, nobody could be recognised by their e-mail address.")


def _provisioning(progress: Progress, guide: Guide, called: str) -> Step:
    title, heard = "Push people and groups", progress.heard
    if heard.last_at or heard.people or heard.groups:
        told = f"Heard from {called}: {counted(heard.people, 'person', 'people')}, {counted(heard.groups, 'group', 'groups')}"
        return Step("provisioning", title, "done", f"{told}.")
    if not guide.pushes:
        return Step("provisioning", title, "choice", f"{called} pushes to no apps like this one: nobody tells us who leaves.")
    if heard.credentials:
        return Step("provisioning", title, "missing", f"There is a token, and {called} has not used it yet.")
    return Step("provisioning", title, "advised", "Not set up: nobody tells us when somebody leaves.")


def _test(progress: Progress) -> Step:
    title = "Test the sign-in"
    if progress.missing is None and progress.tried is not None:
        at = pages.moment(progress.tried.at)
        if progress.tried.passed:
            return Step("test", title, "done", f"It worked, {at}.")
        return Step("test", title, "advised", f"It told us who you are, with something to look at, {at}.")
    if progress.connection.sign_on is None:
        return Step("test", title, "missing", "Possible once both sides know each other.")
    return Step("test", title, "missing", progress.missing or "Nobody has made a test sign-in.")


def _groups(progress: Progress) -> Step:
    title = "Turn groups into roles and teams"
    if progress.rules:
        return Step("groups", title, "done", f"{counted(progress.rules, 'rule', 'rules')}.")
    return Step("groups", title, "choice", "No rules yet: everybody gets the default role and no team.")


def _break_glass(progress: Progress) -> Step:
    title = "Keep a way in"
    if progress.ready:
        return Step("break-glass", title, "done", f"{counted(progress.ready, 'owner', 'owners')} with recovery codes.")
    if progress.break_glass:
        owners = counted(progress.break_glass, "break-glass owner", "break-glass owners")
        return Step("break-glass", title, "missing", f"{owners}, without recovery codes.")
    return Step("break-glass", title, "missing", "Nobody could come in when the identity provider fails.")


def _go_live(progress: Progress, before: Sequence[Step], *, by_link: bool) -> Step:
    title = "Hand over" if by_link else "Go live"
    if is_live(progress):
        return Step("go-live", title, "done", "It is in force.")
    first = next_of(before)
    why = f"First: {first.title}." if first else "Everything is ready."
    return Step("go-live", title, "missing", why)


def is_live(progress: Progress) -> bool:
    """Whether nothing of the connection waits to be put in force."""
    return progress.connection.state == "active" and progress.connection.directory != "staging"


def counted(number: int, one: str, many: str) -> str:
    """A number with its word."""
    return f"{number:,} {one if number == 1 else many}"
