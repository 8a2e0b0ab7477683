"""What a session may open: every sentence of the design about it, and what must hold for all sessions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.membership.model import Mode
from connector.membership.opening import (
    Authentication,
    Method,
    OpenBy,
    OrganizationAccess,
    opens,
    opens_personal,
    powers_over_installation,
)

LINK = Authentication("email_link")
PROVIDER = Authentication("oidc_local")
PRINTED = Authentication("operator_link")
OKTA = Authentication("saml", "acme", "okta", True)
ENTRA = Authentication("oidc", "acme", "entra", True)
DISABLED = Authentication("saml", "acme", "okta", False)
OTHERS = Authentication("saml", "beta", "their-okta", True)
GLASS = Authentication("break_glass", "acme")
OTHER_GLASS = Authentication("break_glass", "beta")
PERSONAL_KEY = Authentication("personal_key")
KEY = Authentication("organization_key", "acme")
OTHER_KEY = Authentication("organization_key", "beta")
PROJECT_KEY = Authentication("project_key", "acme")

IN_SSO = OrganizationAccess("acme", Mode.SSO, True)
BY_INVITATION = OrganizationAccess("acme", Mode.INVITATION, True)


@pytest.mark.parametrize(
    ("held", "in_sso", "by_invitation"),
    [
        ([], None, None),
        ([LINK], None, "local"),
        ([PROVIDER], None, "local"),
        ([PRINTED], None, "local"),
        ([OKTA], "sso", None),
        ([ENTRA], "sso", None),
        ([DISABLED], None, None),
        ([OTHERS], None, None),
        ([GLASS], "break_glass", "break_glass"),
        ([OTHER_GLASS], None, None),
        ([PERSONAL_KEY], None, "local"),
        ([KEY], "sso", "local"),
        ([OTHER_KEY], None, None),
        ([PROJECT_KEY], None, None),
        ([LINK, OKTA], "sso", "local"),
        ([GLASS, OKTA], "sso", "break_glass"),
        ([LINK, GLASS], "break_glass", "local"),
        ([OTHERS, DISABLED], None, None),
    ],
)
def test_an_organization_opens_to_what_its_mode_asks_for(
    held: list[Authentication], in_sso: OpenBy | None, by_invitation: OpenBy | None
) -> None:
    """In sso its own active connections, in invitation what is local, in both break-glass; the usual way counts first."""
    assert opens(held, IN_SSO) == in_sso
    assert opens(held, BY_INVITATION) == by_invitation


@pytest.mark.parametrize("mode", list(Mode))
def test_nobody_but_an_active_member_is_let_in(mode: Mode) -> None:
    """Also the one who was until a moment ago, with everything that would have opened it."""
    everything = [LINK, PROVIDER, PRINTED, OKTA, ENTRA, GLASS, PERSONAL_KEY, KEY]
    assert opens(everything, OrganizationAccess("acme", mode, False)) is None


@pytest.mark.parametrize(
    ("held", "owner", "personal"),
    [
        ([], "acme", False),
        ([LINK], None, True),
        ([PROVIDER], None, True),
        ([PRINTED], None, True),
        ([PERSONAL_KEY], None, True),
        ([OKTA], "acme", True),
        ([OKTA], "beta", False),
        ([OKTA], None, False),
        ([DISABLED], "acme", False),
        ([OTHERS, DISABLED], "acme", False),
        ([GLASS], "acme", False),
        ([KEY], "acme", False),
        ([OKTA, LINK], "beta", True),
    ],
)
def test_what_is_not_inside_one_organization_opens_to_who_holds_the_mailbox(
    held: list[Authentication], owner: str | None, personal: bool
) -> None:
    """A local sign-in, or the identity provider of the organization that has the domain of the primary address."""
    assert opens_personal(held, owner) is personal


@pytest.mark.parametrize(
    ("held", "may"),
    [([LINK], True), ([PROVIDER], True), ([PRINTED], True), ([OKTA, GLASS, KEY, PERSONAL_KEY], False), ([OKTA, LINK], True)],
)
def test_powers_over_the_installation_need_a_local_sign_in(held: list[Authentication], may: bool) -> None:
    """Whatever organizations assert, and whatever keys are about."""
    assert powers_over_installation(held) is may


ORGANIZATIONS = st.sampled_from(["acme", "beta", "gamma"])
FOREIGN: list[Method] = ["saml", "oidc", "break_glass", "organization_key", "project_key"]
foreign = st.builds(Authentication, st.sampled_from(FOREIGN), ORGANIZATIONS, st.sampled_from(["c1", "c2"]), st.booleans())
local = st.builds(Authentication, st.sampled_from(["email_link", "oidc_local", "operator_link", "personal_key"]))
sessions = st.lists(foreign | local, max_size=5)
accesses = st.builds(OrganizationAccess, ORGANIZATIONS, st.sampled_from(list(Mode)), st.booleans())


@given(sessions, accesses)
def test_what_belongs_to_another_organization_never_counts(held: list[Authentication], access: OrganizationAccess) -> None:
    """Taking it away changes nothing: so no organization can open another, whatever it asserts."""
    mine = [each for each in held if each.organization_id in (None, access.id)]
    assert opens(held, access) == opens(mine, access)


@given(sessions, accesses)
def test_another_authentication_never_closes_anything(held: list[Authentication], access: OrganizationAccess) -> None:
    """More is never less: whoever signs in once more keeps what was open."""
    for place in range(len(held)):
        fewer = held[:place] + held[place + 1 :]
        assert opens(fewer, access) is None or opens(held, access) is not None
        assert opens_personal(held, access.id) or not opens_personal(fewer, access.id)


@given(sessions, accesses)
def test_the_order_of_signing_in_does_not_matter(held: list[Authentication], access: OrganizationAccess) -> None:
    """A session is a set of authentications."""
    assert opens(held, access) == opens(held[::-1], access)


@given(sessions)
def test_whoever_has_powers_over_the_installation_has_the_personal_workspace(held: list[Authentication]) -> None:
    """And needs no organization for it."""
    assert opens_personal(held, None) or not powers_over_installation(held)
