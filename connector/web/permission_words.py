"""What each permission lets somebody do, for people."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "org.read": "Belong to the organization, and see it",
        "org.participants.read": "See the other people, the teams and the roles",
        "org.update": "Rename the organization and change its roles",
        "org.delete": "Delete the organization",
        "members.manage": "Change, suspend and remove members",
        "members.invite": "Invite people",
        "teams.manage": "Make teams and decide who is in them",
        "projects.create": "Make projects",
        "projects.read_all": "See every project",
        "resources.create": "Make resources",
        "resources.read_all": "Read every resource",
        "resources.write_all": "Change every resource",
        "resources.admin_all": "Administer every resource, and grant it to everybody",
        "quotas.manage": "Set quotas",
        "billing.manage": "Manage billing",
        "credits.add": "Buy credits",
        "credits.use": "Spend credits",
        "settings.general.write": "Change the settings of members",
        "settings.preferences.write": "Change language and time zone",
        "settings.notifications.write": "Choose the mails to the owners",
        "settings.auth.write": "Change the settings of signing in",
        "settings.llm.write": "Change the settings of language models",
        "claims.manage": "Manage claims",
        "audit.read": "Read the audit trail",
        "sso.manage": "Connect identity providers, map groups, change how people join",
    }
)
"""By the name of the permission."""
