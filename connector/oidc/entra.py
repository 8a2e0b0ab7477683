"""ENTRA: what is special about Microsoft Entra ID.

Its multi-tenant issuers let in whoever has an account at Microsoft, so a connection has the issuer of one tenant; `sub` differs
from app to app, so a person is `oid` in the tenant `tid` (learn.microsoft.com, ID token claims reference). That groups are too
many for a token is read by `membership/profile.py`.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from connector.errors import Forbidden, Invalid
from connector.oidc.provider import Provider
from connector.oidc.wire import Object, text_of

_HOSTS = (
    "login.microsoftonline.com",
    "login.microsoft.com",
    "login.windows.net",
    "sts.windows.net",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
)
_PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"  # the tenant of private Microsoft accounts
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_microsoft(issuer: str) -> bool:
    """Tell whether an issuer is Microsoft's."""
    return _host(issuer) in _HOSTS


def check_issuer(issuer: str) -> None:
    """Refuse issuers of Microsoft that are not one tenant's: `common`, `organizations`, `consumers`, and private accounts.

    Raises Invalid `issuer_shared`.
    """
    if is_microsoft(issuer) and tenant_of(issuer) in (None, _PERSONAL):
        raise Invalid(
            "issuer_shared",
            "The issuer is not that of one Microsoft tenant.",
            expected="https://login.microsoftonline.com/TENANT-ID/v2.0",
            advice="Enter the Directory (tenant) ID of the app registration's overview in place of TENANT-ID.",
        )


def tenant_of(issuer: str) -> str | None:
    """Return the tenant id that an issuer names, or None."""
    try:
        first = urlsplit(issuer).path.strip("/").partition("/")[0].lower()
    except ValueError:
        return None
    return first if _GUID.fullmatch(first) else None


def speaks_entra(provider: Provider) -> bool:
    """Tell whether a provider's people are known by `oid` and `tid`."""
    return provider.idp == "entra" or is_microsoft(provider.side.issuer)


def subject(provider: Provider, claims: Object) -> str:
    """Return who it is, as `OID@TID`. Raises Forbidden `oidc_tenant`: no claims, or another tenant than the issuer's."""
    oid, tid = text_of(claims.get("oid"), 255), text_of(claims.get("tid"), 255)
    tenant = tenant_of(provider.side.issuer)
    if not (oid and tid) or (tenant is not None and tid.lower() != tenant):
        raise Forbidden(
            "oidc_tenant",
            "The ID token names no person and tenant, or another tenant than the issuer's.",
            expected=f"oid, and tid {tenant}" if tenant else "oid and tid",
            advice="Keep the scope `profile`, and enter the issuer of the tenant in which the app is registered.",
        )
    return f"{oid}@{tid}"


def _host(issuer: str) -> str:
    try:
        return (urlsplit(issuer).hostname or "").lower()
    except ValueError:
        return ""
