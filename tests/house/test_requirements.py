"""The lock files: exact, checked by hash, the same everywhere, and silent about where packages come from."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from tests.support.project import ROOT, pyproject

LOCKS = ["requirements.lock", "requirements-dev.lock"]


def pins(lock: str) -> dict[str, str]:
    """Name and pinned version of every package of a lock file."""
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;]+)", (ROOT / lock).read_text(), re.MULTILINE))


def name_of(requirement: str) -> str:
    """The package a requirement of pyproject.toml asks for."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return found.group()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_address(lock: str) -> None:
    """An index, a mirror or a user name would end in everybody's installation."""
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash)", text, re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_and_has_hashes(lock: str) -> None:
    """A line that pip could resolve otherwise tomorrow is not a lock."""
    entries = re.split(r"\n(?=\S)", re.sub(r"^ *#.*\n", "", (ROOT / lock).read_text(), flags=re.MULTILINE))
    assert len(entries) > 30
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_developers_run_the_versions_that_users_run() -> None:
    """The development lock holds every runtime pin, the same."""
    assert pins(LOCKS[0]).items() <= pins(LOCKS[1]).items()


def test_every_declared_dependency_is_locked() -> None:
    """A dependency added to pyproject.toml alone would be missing after `make setup`."""
    project = pyproject()["project"]
    extras = project["optional-dependencies"]
    assert {name_of(text) for text in project["dependencies"] + extras["build"]} <= set(pins(LOCKS[0]))
    assert {name_of(text) for text in extras["dev"]} <= set(pins(LOCKS[1]))


def test_xmlsec_and_lxml_carry_the_same_libxml2() -> None:
    """With another minor version `import xmlsec` raises, and nothing in their metadata says so."""
    etree, xmlsec = import_module("lxml.etree"), import_module("xmlsec")
    assert etree.LIBXML_VERSION[:2] == xmlsec.get_libxml_version()[:2]


@pytest.mark.parametrize(("package", "bound"), [("xmlsec", "<1.4"), ("lxml", "<6.2"), ("scim2-models", "<0.13")])
def test_what_breaks_between_minor_versions_has_an_upper_bound(package: str, bound: str) -> None:
    """xmlsec and lxml are raised together or not at all; scim2-models breaks in minor versions."""
    [requirement] = [text for text in pyproject()["project"]["dependencies"] if name_of(text) == package]
    assert requirement.endswith(bound)
