"""Attacks on signing in, one module each, named after the threat. They speak HTTP and know nothing of connector's inside.

A module of `saml/` or `oidc/` tells in its docstring what the attacker does and where that is known from. Its `attack(stage)`
does it in all its forms and yields an `Attempt` for each answer that must be a refusal, with the error codes that are right for
it. `threats("saml")` finds them all.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from idp_fixtures.threats.browser import Reply


@dataclass(frozen=True, slots=True)
class Attempt:
    """One form of an attack and the answer to it. `codes` are the refusals that are right."""

    form: str
    reply: Reply
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Threat:
    """One attack. `about` is what its module says of it."""

    name: str
    about: str
    attack: Callable[[Any], Iterable[Attempt]]


def threats(protocol: str) -> tuple[Threat, ...]:
    """All threats of `saml` or `oidc`, by name. Raises TypeError for a module that is none."""
    package = importlib.import_module(f"{__name__}.{protocol}")
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_"))
    return tuple(_threat(protocol, name) for name in names)


def _threat(protocol: str, name: str) -> Threat:
    module = importlib.import_module(f"{__name__}.{protocol}.{name}")
    if not module.__doc__ or not callable(getattr(module, "attack", None)):
        raise TypeError(f"{name} tells no threat: it needs a docstring and attack(stage).")
    return Threat(name, module.__doc__.strip(), module.attack)
