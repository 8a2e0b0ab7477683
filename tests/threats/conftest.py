"""One arena for all threats to a protocol on a database: attacks change nothing, so they can share it."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.directory import sign_on, signing_keys
from connector.directory.sign_on_model import OidcSide
from connector.directory.sign_on_settings import Options
from connector.saml.metadata import read_metadata
from idp_fixtures.idp import Application, Provider, serving
from idp_fixtures.keys import key_pair
from idp_fixtures.people import person
from idp_fixtures.saml.message import make
from idp_fixtures.saml.metadata import Published, metadata
from idp_fixtures.saml.vendors import VENDORS, Vendor
from idp_fixtures.threats.oidc._stage import Stage as OidcStage
from idp_fixtures.threats.saml._stage import Stage
from tests.support import databases
from tests.threats import arena as arenas
from tests.threats.arena import Arena

VICTIM = person("ada@acme.example", "Ada Lovelace", "Engineering")
ATTACKER = person("eve@acme.example", "Eve Moneypenny", "Sales")
OUTSIDER = person("mallory@rival.example", "Mallory Malone", "Sales")


@pytest.fixture(scope="session")
def trap() -> Iterator[socket.socket]:
    """An address on loopback that nobody may connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture(scope="module")
def sqlite_arena(run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """The application on SQLite."""
    folder = tmp_path_factory.mktemp("arena")
    url = databases.copy_sqlite(databases.sqlite_template(run_directory), folder / "connector.db")
    yield from _opened(url, folder)


@pytest.fixture(scope="module")
def postgres_arena(run_directory: Path, postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """The application on PostgreSQL."""
    url = databases.clone_postgresql(postgres_server, databases.postgresql_template(run_directory, postgres_server))
    yield from _opened(url, tmp_path_factory.mktemp("arena"))
    databases.drop_postgresql(postgres_server, databases.name_in(url))


def _opened(url: str, folder: Path) -> Iterator[Arena]:
    arena = arenas.build(url, folder)
    yield arena
    for app in arena.apps:
        app.extensions["connector"].database.close()


@pytest.fixture(scope="module")
def saml_stage(sqlite_arena: Arena, trap: socket.socket) -> Stage:
    """The SAML connections on SQLite."""
    return set_stage(sqlite_arena, trap)


@pytest.fixture(scope="module")
def saml_stage_on_postgres(postgres_arena: Arena, trap: socket.socket) -> Stage:
    """The same on PostgreSQL."""
    return set_stage(postgres_arena, trap)


def set_stage(arena: Arena, trap: socket.socket) -> Stage:
    """Acme with three connections to one identity provider each, and Rival with one that Mallory runs."""
    acme, rival = (arenas.organization(arena.database, slug) for slug in ("acme", "rival"))
    vendor = VENDORS["keycloak"]
    stage = _stage(arena, acme, vendor, trap, Options())
    others = {
        "response": _stage(arena, acme, _renamed(vendor, "response"), trap, Options(signed="response")),
        "idp_initiated": _stage(arena, acme, _renamed(vendor, "initiated"), trap, Options(idp_initiated=True)),
        "foreign": replace(_stage(arena, rival, _renamed(vendor, "rival"), trap, Options()), victim=VICTIM, attacker=OUTSIDER),
    }
    for each in (stage, *others.values(), replace(stage, attacker=VICTIM)):
        begun = each.begin()
        assert each.send(begun, make(each.answer(begun))).status == 303, each.vendor.name
    return replace(stage, others=others)


def _renamed(vendor: Vendor, name: str) -> Vendor:
    """Another realm of the same server, with a key of its own."""
    return replace(vendor, name=name, issuer=f"https://sso.acme.example/realms/{name}")


def _stage(arena: Arena, organization: str, vendor: Vendor, trap: socket.socket, options: Options) -> Stage:
    made = arenas.connection(arena.database, organization, vendor.name)
    now = datetime.now(UTC)
    read = read_metadata(metadata(vendor, Published(keys=(key_pair(vendor.name),))), now)
    sign_on.configure_saml(arena.database, made.id, read.side, options=options, now=now)
    arenas.activate(arena.database, organization, made.id)
    ours = signing_keys.all_(arena.database, arena.house.sealer, arenas.BASE)[0]
    return Stage(
        vendor=vendor,
        entity_id=made.entity_id,
        acs_url=made.acs_url,
        login_url=made.login_url,
        logout_url=f"{arenas.BASE}/sso/{made.id}/logout",
        victim=VICTIM,
        attacker=ATTACKER,
        new_browser=arena.browser,
        now=lambda: datetime.now(UTC),
        inside_url=f"{arenas.BASE}/sessions",
        trap_url=f"http://127.0.0.1:{trap.getsockname()[1]}/",
        encryption_certificate=ours.certificate,
    )


@pytest.fixture(scope="module")
def oidc_stage(sqlite_arena: Arena, trap: socket.socket) -> Iterator[OidcStage]:
    """The OpenID connections on SQLite."""
    with ExitStack() as servers:
        yield set_oidc_stage(sqlite_arena, trap, servers)


@pytest.fixture(scope="module")
def oidc_stage_on_postgres(postgres_arena: Arena, trap: socket.socket) -> Iterator[OidcStage]:
    """The same on PostgreSQL."""
    with ExitStack() as servers:
        yield set_oidc_stage(postgres_arena, trap, servers)


def set_oidc_stage(arena: Arena, trap: socket.socket, servers: ExitStack) -> OidcStage:
    """Acme with two connections, each to a provider of its own on loopback, and Rival with one; others as an attack asks."""
    acme, rival = (arenas.organization(arena.database, slug) for slug in ("acme", "rival"))
    stage = _oidc_stage(arena, acme, trap, servers, Options())
    foreign = _oidc_stage(arena, rival, trap, servers, Options())
    others = {
        "userinfo": _oidc_stage(arena, acme, trap, servers, Options(userinfo=True)),
        "foreign": replace(foreign, victim=VICTIM, attacker=OUTSIDER),
    }
    for each in (stage, *others.values(), replace(stage, attacker=VICTIM)):
        reply = each.genuine()
        assert reply.status == 303, reply.text
    return replace(stage, others=others)


_names = (f"provider-{number}" for number in itertools.count())


def _oidc_stage(arena: Arena, organization: str, trap: socket.socket, servers: ExitStack, options: Options) -> OidcStage:
    name = next(_names)
    provider = servers.enter_context(serving(Provider((VICTIM, ATTACKER, OUTSIDER), name="Threatened")))
    made = arenas.connection(arena.database, organization, name)
    side = OidcSide(provider.url, "client-of-acme", "a-secret-of-the-client-and-nobody-else")
    sign_on.configure_oidc(arena.database, arena.house.sealer, made.id, side, options=options, plain_http=True)
    arenas.activate(arena.database, organization, made.id)
    home = f"{arenas.BASE}/sso/{made.id}"
    application = Application(
        name,
        client_id=side.client_id,
        client_secret=side.client_secret or "",
        redirect_uris=(made.redirect_uri,),
        back_channel_url=f"{home}/backchannel-logout",
    )
    return OidcStage(
        idp=provider,
        application=provider.register(application),
        login_url=made.login_url,
        callback_url=made.redirect_uri,
        victim=VICTIM,
        attacker=ATTACKER,
        new_browser=arena.browser,
        now=lambda: datetime.now(UTC),
        trap_url=f"http://127.0.0.1:{trap.getsockname()[1]}/",
        inside_url=f"{arenas.BASE}/sessions",
        anew=lambda: _oidc_stage(arena, organization, trap, servers, options),
    )
