"""WORDS of the description that belong to no single operation."""

from __future__ import annotations

INFO = """\
Organizations, their members, teams, projects and resources, and how people get in.

**Who asks** sends the cookie of a session, or `Authorization: Bearer` with an API key. What may be done is looked up at every
request: a role that was taken away is gone at once. An organization that does not open to how somebody signed in does not exist
for them.

**Organizations** are named in addresses by id, by slug, or as `~current`: the workspace of `X-Workspace`, of the session, of the
key, or the only one there is.

**Lists** come in pages: send `next_cursor` as `cursor` for the next one. **Versions**: send an `ETag` back as `If-Match`, and
nothing is changed that somebody else has changed meanwhile. **Once**: with an `Idempotency-Key` a request may be sent again.

**Refusals** are problem details (RFC 9457) with a stable `code`, what was expected, and what to do.
"""

TAGS = {
    "Me": "Who you are, what opens to you, where you work, and your sessions.",
    "My invitations": "Invitations to you, in every organization.",
    "My keys": "API keys that are yours and no organization's.",
    "Organizations": "Making, changing and deleting organizations, and what they may use.",
    "Members": "Who belongs to an organization, as what and why, and who is kept out.",
    "Roles": "The roles of an organization and what they may.",
    "Invitations": "Asking people in by e-mail.",
    "Teams": "Groups of members, and what they are granted.",
    "Projects": "Parts of an organization, with members of their own.",
    "Resources": "What members make and own, in an organization or for themselves.",
    "Grants": "Which team, or everybody, may do what with which resource.",
    "Check": "Whether somebody may do something with a resource.",
    "Settings": "Settings of an organization, by namespace.",
    "Keys": "API keys of an organization and of its projects.",
    "Audit": "Who did what, when, and why.",
    "Events": "What happened, for programs that follow.",
    "Mode": "Whether people come by invitation or through an identity provider.",
    "Connections": "Identity providers of an organization: settings, tokens, certificates, logs.",
    "Domains": "E-mail domains that an organization has shown to be its own.",
    "Rules": "What groups of an identity provider give.",
    "Plans": "Changes that are looked at before they are made.",
    "Break-glass": "Owners who get in when the identity provider fails.",
    "Installation": "What holds for all organizations, and who runs them.",
    "Description": "This description.",
}
"""Every tag, in the order of the document."""

PARAMETERS = {
    "o": "The organization: its id, its slug, or `~current`.",
    "team": "The team: its id or its slug.",
    "project": "The project: its id or its slug.",
    "t": "The team: its id or its slug.",
    "p": "The project: its id or its slug.",
    "u": "The member: the id of the person or of the membership.",
    "email": "An e-mail address.",
    "user_id": "The member: the id of the person or of the membership.",
    "c": "The id of the connection.",
    "d": "The domain, as it is written.",
    "ns": "The namespace of settings.",
    "kind": "The kind of resource.",
    "digest": "The digest of the plan.",
    "client_id": "The client id.",
    "fingerprint": "The SHA-256 fingerprint of the certificate, or its first eight letters or more.",
    "rule": "The id of the rule.",
    "token": "The token of the link.",
}
"""Variables of paths whose names do not say it."""
