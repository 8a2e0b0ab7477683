"""The settings: read once from the environment, checked, frozen.

Every setting has a default that works on a laptop. A wrong one is refused at the start with its name, what arrived (never a
secret) and what was expected. An empty variable counts as absent, as compose files write it.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from connector.errors import Invalid

SECRET_KEY_FILE = "secret_key"
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator decided. Fields that hold a secret are left out of `repr`."""

    # CONNECTOR_DATA_DIR: the folder of the SQLite file, the secret key and written mail; absolute here. Default: data
    data_dir: Path

    # CONNECTOR_DATABASE_URL: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME; with the driver's name here.
    # Default: connector.db in the data directory
    database_url: str = field(repr=False)

    # CONNECTOR_BASE_URL: the address under which browsers and identity providers reach connector; no slash at the end.
    # Default: http://127.0.0.1:8000
    base_url: str

    # CONNECTOR_SECRET_KEY: one or more keys with commas between: the first encrypts, all decrypt. Made once in the data
    # directory if absent; must be given when the base URL is https
    secret_keys: tuple[str, ...] = field(repr=False)

    # CONNECTOR_SMTP_URL: smtp://USER:PASSWORD@HOST:PORT or smtps://…. Absent: mail is written to files in the data directory
    smtp_url: str | None = field(repr=False)

    # CONNECTOR_MAIL_FROM: the sender of mail, as an address or as Name <address>. Needed with SMTP
    mail_from: str | None

    # CONNECTOR_TRUSTED_PROXIES: how many reverse proxies in front may say who the client is. Default: 0
    trusted_proxies: int

    # CONNECTOR_FETCH_PRIVATE: 1 lets metadata, discovery and keys come over plain http and from loopback or private addresses,
    # for development and tests. Default: 0
    fetch_private: bool

    # CONNECTOR_LOGIN_OIDC_ISSUER: the issuer of an OpenID provider by which everybody may sign in locally. All three or none
    login_oidc_issuer: str | None

    # CONNECTOR_LOGIN_OIDC_CLIENT_ID: what connector is called there
    login_oidc_client_id: str | None

    # CONNECTOR_LOGIN_OIDC_CLIENT_SECRET: and its secret
    login_oidc_client_secret: str | None = field(repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings from `environ`; make the data directory and the secret key there if they are absent.

        Raises `Invalid` with code `setting_invalid`, or `secret_key_missing` when https is served without a key of its own.
        """
        given = {name: value.strip() for name, value in environ.items() if name.startswith("CONNECTOR_") and value.strip()}
        data_dir = _data_dir(given.get("CONNECTOR_DATA_DIR", "data"))
        base_url = _base_url(given.get("CONNECTOR_BASE_URL", "http://127.0.0.1:8000"))
        smtp_url = _smtp_url(given.get("CONNECTOR_SMTP_URL"))
        fetch_private = _fetch_private(given.get("CONNECTOR_FETCH_PRIVATE", "0"))
        issuer, client_id, client_secret = _login_provider(given, http_allowed=fetch_private)
        return cls(
            data_dir=data_dir,
            database_url=_database_url(given.get("CONNECTOR_DATABASE_URL"), data_dir),
            base_url=base_url,
            secret_keys=_secret_keys(given.get("CONNECTOR_SECRET_KEY"), base_url, data_dir),
            smtp_url=smtp_url,
            mail_from=_mail_from(given.get("CONNECTOR_MAIL_FROM"), needed=smtp_url is not None),
            trusted_proxies=_trusted_proxies(given.get("CONNECTOR_TRUSTED_PROXIES", "0")),
            fetch_private=fetch_private,
            login_oidc_issuer=issuer,
            login_oidc_client_id=client_id,
            login_oidc_client_secret=client_secret,
        )


def _refused(name: str, arrived: str, expected: str) -> Invalid:
    return Invalid("setting_invalid", f"{name} is {arrived}; expected {expected}.", expected=expected, advice=f"Change {name}.")


def _split(name: str, text: str, expected: str) -> SplitResult:
    """Take an address apart. The port is read here because that is when the standard library checks it."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018
    except ValueError:
        raise _refused(name, "not an address", expected) from None
    return parts


def _data_dir(text: str) -> Path:
    path = Path(text).absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        arrived = f"{text!r} ({error.strerror})"
        raise _refused("CONNECTOR_DATA_DIR", arrived, "a folder that exists or can be made, and written") from None
    return path


def _database_url(text: str | None, data_dir: Path) -> str:
    """Return the address with its driver: PostgreSQL is spoken through psycopg, however the address was written."""
    if text is None:
        return f"sqlite:///{data_dir / 'connector.db'}"
    expected = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
    scheme, separator, rest = text.partition("://")
    if separator and scheme in _POSTGRESQL:
        parts = _split("CONNECTOR_DATABASE_URL", text, expected)
        if len(parts.path) > 1:
            return f"postgresql+psycopg://{rest}"
        raise _refused("CONNECTOR_DATABASE_URL", "an address without the name of a database", expected)
    if separator and scheme == "sqlite":
        if rest.startswith("/") and rest not in ("/", "/:memory:"):
            return text
        raise _refused("CONNECTOR_DATABASE_URL", "SQLite without a file", expected)
    # Without a scheme the text may be anything, a password too: it is not repeated.
    raise _refused("CONNECTOR_DATABASE_URL", f"an address of kind {scheme!r}" if separator else "not an address", expected)


def _base_url(text: str) -> str:
    expected = "http:// or https://, a host, and nothing after the path"
    parts = _split("CONNECTOR_BASE_URL", text, expected)
    if "@" in parts.netloc:
        raise _refused("CONNECTOR_BASE_URL", "an address with a user name in it", expected)
    if parts.scheme not in ("http", "https") or not parts.hostname or "?" in text or "#" in text:
        raise _refused("CONNECTOR_BASE_URL", repr(text), expected)
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _smtp_url(text: str | None) -> str | None:
    if text is None:
        return None
    expected = "smtp://HOST:PORT or smtps://HOST:PORT, with USER:PASSWORD@ before the host where the server asks for it"
    parts = _split("CONNECTOR_SMTP_URL", text, expected)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise _refused("CONNECTOR_SMTP_URL", "not the address of a mail server", expected)
    if not unquote(f"{parts.username}{parts.password}").isascii():
        raise _refused("CONNECTOR_SMTP_URL", "an address whose user name or password has letters outside ASCII", expected)
    return text


def _mail_from(text: str | None, *, needed: bool) -> str | None:
    expected = "an address such as connector@example.com"
    if text is None:
        if needed:
            raise _refused("CONNECTOR_MAIL_FROM", "absent although CONNECTOR_SMTP_URL is set", expected)
        return None
    local, at, host = parseaddr(text)[1].rpartition("@")
    if not (local and at and host and text.isprintable()):
        raise _refused("CONNECTOR_MAIL_FROM", repr(text), expected)
    return text


def _trusted_proxies(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise _refused("CONNECTOR_TRUSTED_PROXIES", repr(text), "a whole number, 0 or more")
    return int(text)


def _fetch_private(text: str) -> bool:
    if text not in ("0", "1"):
        raise _refused("CONNECTOR_FETCH_PRIVATE", repr(text), "1 or 0")
    return text == "1"


_LOGIN_PROVIDER = ("CONNECTOR_LOGIN_OIDC_ISSUER", "CONNECTOR_LOGIN_OIDC_CLIENT_ID", "CONNECTOR_LOGIN_OIDC_CLIENT_SECRET")


def _login_provider(given: Mapping[str, str], *, http_allowed: bool) -> tuple[str, str, str] | tuple[None, None, None]:
    """The provider's issuer, our id and our secret there; or nothing of it."""
    absent = [name for name in _LOGIN_PROVIDER if name not in given]
    if len(absent) == len(_LOGIN_PROVIDER):
        return None, None, None
    if absent:
        raise _refused(
            absent[0], "absent although a part of the provider is set", f"{', '.join(_LOGIN_PROVIDER)}, or none of them"
        )
    issuer, client_id, client_secret = (given[name] for name in _LOGIN_PROVIDER)
    expected = "the issuer as the provider's discovery document has it: https://, a host, and no query"
    parts = _split(_LOGIN_PROVIDER[0], issuer, expected)
    if parts.scheme not in (("http", "https") if http_allowed else ("https",)) or not parts.hostname or "@" in parts.netloc:
        raise _refused(_LOGIN_PROVIDER[0], "not the address of a provider", expected)
    if "?" in issuer or "#" in issuer:  # OpenID Connect Discovery 1.0 section 3
        raise _refused(_LOGIN_PROVIDER[0], "an address with more than a path", expected)
    return issuer, client_id, client_secret


def _secret_keys(text: str | None, base_url: str, data_dir: Path) -> tuple[str, ...]:
    name = "CONNECTOR_SECRET_KEY"
    if text is None:
        if base_url.startswith("https:"):
            expected = "CONNECTOR_SECRET_KEY, because the base URL is https"
            advice = "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))', and keep it with the backups."
            raise Invalid("secret_key_missing", "There is no secret key of this installation.", expected=expected, advice=advice)
        name, text = str(data_dir / SECRET_KEY_FILE), _kept_secret_key(data_dir)
    keys = tuple(key.strip() for key in text.split(","))
    if not all(keys):
        raise _refused(name, "empty or has an empty key in its list", "one or more keys with commas between")
    return keys


def _kept_secret_key(data_dir: Path) -> str:
    """Read the key of the data directory; make it first if it is absent.

    Written aside and then linked to its name: a process that races this one sees no key or the whole key, and only one wins.
    """
    path = data_dir / SECRET_KEY_FILE
    try:
        if not path.exists():
            with tempfile.NamedTemporaryFile("w", dir=data_dir, prefix=".secret_key_") as aside:  # mode 0600 from the start
                aside.write(secrets.token_urlsafe(32) + "\n")
                aside.flush()
                os.fsync(aside.fileno())
                with suppress(FileExistsError):
                    os.link(aside.name, path)
        return path.read_text().strip()
    except OSError as error:
        arrived = f"a folder whose file {SECRET_KEY_FILE} cannot be read or made ({error.strerror})"
        raise _refused("CONNECTOR_DATA_DIR", arrived, "a folder this process may write") from None
