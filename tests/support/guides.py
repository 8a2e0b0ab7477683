"""The pages in docs/guides, made of the guides that the wizard shows: the same steps, words and values."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from connector.admin.guides import GUIDES
from connector.admin.guides.advice import advice
from connector.admin.guides.model import ASKED, HEARD, TOKEN_PLACEHOLDER, Ask, Copy, Guide, Product, Proof, Step, Track, fill
from connector.directory.connections import addresses, scim_base_url

BASE_URL = "https://connector.example.com"
CONNECTION = "<connection>"

VALUES = {
    **addresses(BASE_URL, CONNECTION),
    "scim_base_url": scim_base_url(BASE_URL, CONNECTION),
    "token": TOKEN_PLACEHOLDER,
}

WIDTH = 128

COMMON = (
    "saml_unknown_key",
    "saml_issuer",
    "email_missing",
    "domain_not_verified",
    "groups_unknown",
    "no_matching_group",
    "token_unknown",
    "token_expired",
    "not_found",
    "uniqueness",
)
"""Refusals that happen with every provider: the last rows of the table, unless the provider's own rows have them."""

WAYS = {"saml": "SAML 2.0", "oidc": "OpenID Connect", "scim": "pushing (SCIM)"}


def page(guide: Guide) -> str:
    """docs/guides/IDP.md as it has to be."""
    parts = (_head(guide), *(_track(each) for each in guide.tracks), *(_product(each) for each in guide.products), _tail(guide))
    return "\n".join(line for part in parts for line in part)


def _head(guide: Guide) -> Iterator[str]:
    yield from (f"# {guide.name}", "", "<!-- Generated from connector/admin/guides: python -m tests.docs.regenerate -->", "")
    for sentence in guide.intro:
        yield from _paragraph(sentence)
    yield from _table(
        ("in short", ""),
        (
            ("also found as", ", ".join(guide.also_known)),
            ("we recommend", " and ".join(WAYS[kind] for kind in guide.recommended)),
            ("people are linked by", guide.people_link_by),
            ("pushes users and groups", "yes" if guide.pushes else "no"),
            ("names of menus", f"as of {guide.as_of}"),
        ),
    )
    yield from _paragraph(
        "*Here* and *us* mean connector. The console leads through the same steps, with your own addresses ready to copy; on this"
        f" page `{CONNECTION}` stands for the id of your connection, and `{BASE_URL}` for the address of your connector."
        " [Signing in](../signing-in.md) and [SCIM](../scim.md) say what connector makes of what arrives."
    )


def _track(track: Track) -> Iterator[str]:
    yield from (f"## {track.title}", "")
    yield from _paragraph(track.intro)
    for number, step in enumerate(track.steps, 1):
        yield from _step(number, fill(step, VALUES))


def _step(number: int, step: Step) -> Iterator[str]:
    yield from (f"### {number}. {step.title}", "")
    if step.path:
        yield from _paragraph(f"Go to {_path(step.path)}.")
    for sentence in step.text:
        yield from _paragraph(sentence)
    if step.copies:
        yield from _copies(step.copies)
    if step.choices:
        yield from _table(("field", "set it to"), [(f"*{each.field}*", each.choose) for each in step.choices])
    if step.table:
        yield from _table(step.table.heads, [(f"`{name}`", value) for name, value in step.table.rows])
    if step.asks:
        yield from _asks(step.asks)
    if step.proof:
        yield from _paragraph(_proof(step.proof))
    for mark, said in (("", step.note), ("**Careful.** ", step.warning)):
        if said:
            yield from _paragraph(mark + said, "> ")


def _copies(copies: Sequence[Copy]) -> Iterator[str]:
    short = [each for each in copies if "\n" not in each.value]
    if short:
        rows = [(f"*{each.field}*", f"`{each.value}`", each.note) for each in short]
        noted = any(each.note for each in short)
        yield from _table(("field", "copy into it", "")[: 2 + noted], [row[: 2 + noted] for row in rows])
    for each in copies:
        if each not in short:
            yield from (f"*{each.field}*:", "", "```", each.value, "```", "")


def _asks(asks: Sequence[Ask]) -> Iterator[str]:
    yield from ("Give us:" if not _alternatives(asks) else "Give us one of these:", "")
    for each in asks:
        example = f", such as `{each.example}`" if each.example else ""
        yield from _wrapped(f"*{each.label}*: {ASKED[each.kind]}{example}", "- ", "  ")
    yield ""


def _alternatives(asks: Sequence[Ask]) -> bool:
    return len(asks) > 1 and all(each.kind.startswith("metadata_") for each in asks)


def _proof(proof: Proof) -> str:
    return f"**Test.** *{proof.press}*: {proof.text} It worked when {HEARD[proof.heard]}."


def _product(product: Product) -> Iterator[str]:
    yield from (f"## {product.name}", "")
    for kind, sentences in product.notes.items():
        for sentence in sentences:
            yield from _wrapped(f"{WAYS[kind]}: {sentence}", "- ", "  ")
    yield ""


def _tail(guide: Guide) -> Iterator[str]:
    yield from ("## When a certificate or secret changes", "")
    yield from _paragraph(f"{guide.reminder} {guide.secret_reminder}")
    yield from ("## When something does not work", "")
    yield from _paragraph(
        "The console shows the code of each refusal, and what to do about it, in the sign-ins and in the provisioning log of the"
        " connection. [errors.md](../errors.md) has them all."
    )
    yield from _table(("what happens", "what to do", "where"), [*_own(guide), *_common(guide)])
    yield from ("## Sources", "")
    for source in guide.sources:
        yield from _wrapped(source, "- ", "  ")
    yield ""


def _own(guide: Guide) -> Iterator[tuple[str, str, str]]:
    for each in guide.failures:
        yield f"{each.seen} ({', '.join(f'`{code}`' for code in each.codes)})", each.sentence, _path(each.path)


def _common(guide: Guide) -> Iterator[tuple[str, str, str]]:
    told = {code for each in guide.failures for code in each.codes}
    for code in COMMON:
        said = advice(code, guide.idp)
        if said is not None and code not in told:
            yield f"`{code}`", said.sentence, _path(said.path)


def _paragraph(text: str, indent: str = "") -> Iterator[str]:
    yield from _wrapped(text, indent, indent)
    yield ""


def _wrapped(text: str, first: str, later: str) -> list[str]:
    whole = re.sub(r"`[^`]+`", lambda found: found[0].replace(" ", _STICKS), text)
    lines = textwrap.wrap(
        whole, WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace(_STICKS, " ") for line in lines]


_STICKS = "\x1f"
"""In the place of a space at which no line is broken: what is to be typed stays in one piece."""


def _path(path: Iterable[str]) -> str:
    return " > ".join(path) or "-"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|" + " --- |" * len(heads)
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


PAGES = {f"docs/guides/{idp}.md": guide for idp, guide in GUIDES.items()}
"""Every page by its path from the root of the project."""
