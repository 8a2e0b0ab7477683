"""The settings: defaults, what is accepted, and what is refused with which words."""

from __future__ import annotations

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from connector.config import SECRET_KEY_FILE, Settings
from connector.errors import Invalid

Read = Callable[..., Settings]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Settings from the given variables, with a data directory of their own unless one is given."""

    def from_variables(**variables: str) -> Settings:
        named = {f"CONNECTOR_{name}": value for name, value in variables.items()}
        return Settings.from_environment({"CONNECTOR_DATA_DIR": str(tmp_path / "data"), **named})

    return from_variables


def test_an_empty_environment_gives_settings_that_work_on_a_laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data in the folder `data` here, SQLite in it, served on loopback, no mail server, no proxies."""
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environment({})
    assert settings.data_dir == tmp_path / "data"
    assert settings.database_url == f"sqlite:///{tmp_path}/data/connector.db"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert (settings.smtp_url, settings.mail_from, settings.trusted_proxies) == (None, None, 0)


def test_an_empty_variable_counts_as_absent(read: Read) -> None:
    """Compose files write NAME= for what is not set."""
    assert read(BASE_URL="", SMTP_URL=" ", TRUSTED_PROXIES="") == read()


def test_the_data_directory_is_for_its_owner_only(read: Read) -> None:
    """It holds people's data and the secret key."""
    assert stat.S_IMODE(read().data_dir.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("name", "given", "field", "meant"),
    [
        ("DATABASE_URL", "postgresql://u:p@db/connector", "database_url", "postgresql+psycopg://u:p@db/connector"),
        ("DATABASE_URL", "postgres://db:5433/connector", "database_url", "postgresql+psycopg://db:5433/connector"),
        (
            "DATABASE_URL",
            "postgresql+psycopg://u@/connector?host=/run/pg",
            "database_url",
            "postgresql+psycopg://u@/connector?host=/run/pg",
        ),
        ("DATABASE_URL", "sqlite:////var/lib/c.db", "database_url", "sqlite:////var/lib/c.db"),
        ("BASE_URL", "http://127.0.0.1:8000/", "base_url", "http://127.0.0.1:8000"),
        ("BASE_URL", "http://Connector.Example.com:8443", "base_url", "http://connector.example.com:8443"),
        ("BASE_URL", "http://intranet/connector/", "base_url", "http://intranet/connector"),
        ("BASE_URL", "http://[::1]:8000", "base_url", "http://[::1]:8000"),
        ("SECRET_KEY", "one", "secret_keys", ("one",)),
        ("SECRET_KEY", "new, old", "secret_keys", ("new", "old")),
        ("MAIL_FROM", "Connector <noreply@example.com>", "mail_from", "Connector <noreply@example.com>"),
        ("TRUSTED_PROXIES", "2", "trusted_proxies", 2),
        ("FETCH_PRIVATE", "1", "fetch_private", True),
        ("FETCH_PRIVATE", "0", "fetch_private", False),
    ],
)
def test_what_is_given_is_what_is_meant(read: Read, name: str, given: str, field: str, meant: object) -> None:
    """Each setting in the spellings people use."""
    assert getattr(read(**{name: given}), field) == meant


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("DATABASE_URL", "hunter2"),
        ("DATABASE_URL", "mysql://u:hunter2@db/connector"),
        ("DATABASE_URL", "postgresql://u:hunter2@db"),
        ("DATABASE_URL", "postgresql://u:hunter2@db:port/connector"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("BASE_URL", "connector.example.com"),
        ("BASE_URL", "ftp://connector.example.com"),
        ("BASE_URL", "http://"),
        ("BASE_URL", "http://host:99999"),
        ("BASE_URL", "http://u:hunter2@host"),
        ("BASE_URL", "http://host/?a=b"),
        ("BASE_URL", "http://host/#top"),
        ("BASE_URL", "http://[::1"),
        ("SECRET_KEY", ","),
        ("SECRET_KEY", "hunter2,"),
        ("SMTP_URL", "mail.example.com"),
        ("SMTP_URL", "smtp://u:hunter2%C3%B6@mail.example.com"),
        ("SMTP_URL", "http://u:hunter2@mail.example.com"),
        ("MAIL_FROM", "connector"),
        ("MAIL_FROM", "@example.com"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "all"),
        ("TRUSTED_PROXIES", "1.5"),
        ("FETCH_PRIVATE", "yes"),
        ("MAIL_FROM", "c@example.com\nBcc: x@example.com"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name_and_without_its_secret(read: Read, name: str, given: str) -> None:
    """The sentence says which variable and what was expected; a password in it is not repeated."""
    with pytest.raises(Invalid) as refused:
        read(**{name: given})
    assert refused.value.code == "setting_invalid"
    assert f"CONNECTOR_{name}" in refused.value.detail
    assert refused.value.expected in refused.value.detail
    assert refused.value.expected
    assert "hunter2" not in refused.value.detail + refused.value.advice


def test_a_mail_server_needs_a_sender(read: Read) -> None:
    """Without one every mail would be refused later, one by one."""
    with pytest.raises(Invalid, match="CONNECTOR_MAIL_FROM is absent although CONNECTOR_SMTP_URL is set"):
        read(SMTP_URL="smtp://mail.example.com:587")
    assert read(SMTP_URL="smtps://mail.example.com", MAIL_FROM="c@example.com").smtp_url == "smtps://mail.example.com"


PROVIDER = {"LOGIN_OIDC_ISSUER": "https://id.example", "LOGIN_OIDC_CLIENT_ID": "c", "LOGIN_OIDC_CLIENT_SECRET": "hunter2"}


def test_a_provider_for_local_sign_in_is_all_of_it_or_nothing(read: Read) -> None:
    """Its issuer, our id and our secret there; a part of it would be found out by the first who tries to sign in."""
    given = read(**PROVIDER)
    assert (given.login_oidc_issuer, given.login_oidc_client_id, given.login_oidc_client_secret) == tuple(PROVIDER.values())
    assert read().login_oidc_issuer is None
    for name in PROVIDER:
        with pytest.raises(Invalid, match=f"CONNECTOR_{name} is absent"):
            read(**{**PROVIDER, name: ""})


@pytest.mark.parametrize(
    "issuer",
    ["id.example", "http://id.example", "https://", "https://id.example/?a", "https://id.example/#a", "https://u:hunter2@id"],
)
def test_an_issuer_that_cannot_be_one_is_refused(read: Read, issuer: str) -> None:
    """OpenID Connect Discovery 1.0 section 3: https, without query and fragment."""
    with pytest.raises(Invalid) as refused:
        read(**{**PROVIDER, "LOGIN_OIDC_ISSUER": issuer})
    assert refused.value.code == "setting_invalid"
    assert "hunter2" not in refused.value.detail


def test_in_development_an_issuer_may_be_plain_http(read: Read) -> None:
    """Where documents may be fetched so, too."""
    given = read(**{**PROVIDER, "LOGIN_OIDC_ISSUER": "http://127.0.0.1:9000"}, FETCH_PRIVATE="1")
    assert given.login_oidc_issuer == "http://127.0.0.1:9000"


def test_a_data_directory_that_cannot_be_made_is_refused(read: Read, tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Invalid, match=r"CONNECTOR_DATA_DIR is .*file"):
        read(DATA_DIR=str(tmp_path / "file" / "data"))


def test_the_secret_key_is_made_once_and_kept(read: Read) -> None:
    """256 random bits, readable by the owner only, the same after every start."""
    first, second = read(), read()
    kept = first.data_dir / SECRET_KEY_FILE
    assert first.secret_keys == second.secret_keys == (kept.read_text().strip(),)
    assert len(first.secret_keys[0]) >= 43
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert list(first.data_dir.iterdir()) == [kept]


def test_processes_that_start_together_agree_on_the_secret_key(read: Read) -> None:
    """Eight starts at the same moment on an empty data directory: one key, known to all."""
    starters = 8
    barrier = Barrier(starters)

    def start(_: int) -> tuple[str, ...]:
        barrier.wait()
        return read().secret_keys

    with ThreadPoolExecutor(starters) as pool:
        assert len(set(pool.map(start, range(starters)))) == 1


def test_an_empty_secret_key_file_is_refused(read: Read) -> None:
    """A key of no characters would encrypt with nothing."""
    (read().data_dir / SECRET_KEY_FILE).write_text("\n")
    with pytest.raises(Invalid, match=SECRET_KEY_FILE):
        read()


def test_a_secret_key_file_that_cannot_be_read_is_refused(read: Read, tmp_path: Path) -> None:
    """The sentence names the folder's variable and the file."""
    (tmp_path / "data" / SECRET_KEY_FILE).mkdir(parents=True)
    with pytest.raises(Invalid, match=rf"CONNECTOR_DATA_DIR .* {SECRET_KEY_FILE} cannot be read"):
        read()


def test_https_asks_for_a_secret_key_of_its_own(read: Read) -> None:
    """In production the key is kept with the backups and shared by all hosts, so none is made silently."""
    with pytest.raises(Invalid) as refused:
        read(BASE_URL="https://connector.example.com")
    assert refused.value.code == "secret_key_missing"
    assert read(BASE_URL="https://connector.example.com", SECRET_KEY="k").secret_keys == ("k",)


def test_secrets_do_not_appear_when_settings_are_printed(read: Read) -> None:
    """`repr` ends in logs and tracebacks."""
    printed = repr(
        read(
            DATABASE_URL="postgresql://u:hunter2@db/c",
            SECRET_KEY="hunter2",
            SMTP_URL="smtp://u:hunter2@m",
            MAIL_FROM="a@b",
            **PROVIDER,
        )
    )
    assert "hunter2" not in printed
