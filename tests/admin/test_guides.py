"""Guides to the identity providers: whole, true to what connector gives and takes, the source of docs/guides and of advice."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from connector.admin import guides
from connector.admin.guides import GUIDES, advice
from connector.admin.guides.model import APP, OURS, TOKEN_PLACEHOLDER, Copy, Guide, Step, Track, exactly, fill, spans
from connector.directory.connections import IDPS, ConnectionView, addresses, scim_base_url
from connector.directory.sign_on_providers import Told
from tests.docs.pages import code, read, rows, section
from tests.support import guides as pages

BASE_URL = "https://id.example.com:8443"
VALUES = {**addresses(BASE_URL, "ab-12"), "scim_base_url": scim_base_url(BASE_URL, "ab-12")}

TRACKS = [(guide, track) for guide in GUIDES.values() for track in guide.tracks]
TRACK_NAMES = [f"{guide.idp}-{track.kind}" for guide, track in TRACKS]

ASKED = {
    "metadata_url": "saml_metadata",
    "metadata_file": "saml_metadata",
    "metadata_paste": "saml_metadata",
    "oidc_issuer": "oidc_issuer",
    "client_id": "client_id",
    "client_secret": "client_secret",
}
"""What a step may ask for, and the field by which `sign_on_providers` takes it."""


def steps() -> Iterator[tuple[Guide, Track, Step]]:
    """Every step of every guide."""
    yield from ((guide, track, step) for guide, track in TRACKS for step in track.steps)


def copies(idp: str, kind: str) -> dict[str, str]:
    """What one track has people copy: label of the field -> our value, put in."""
    track = GUIDES[idp].track(kind)
    assert track is not None
    return {copy.field: copy.value for step in track.steps for copy in fill(step, VALUES).copies}


def asked(track: Track) -> set[str]:
    """What one track asks for."""
    return {ask.kind for step in track.steps for ask in step.asks}


def sentences(value: Any) -> Iterator[str]:
    """Every text inside a guide, however deep, but for ways through menus and lists of codes."""
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = ((each.name, getattr(value, each.name)) for each in dataclasses.fields(value))
        yield from (text for name, part in named if name not in ("path", "codes") for text in sentences(part))
    elif isinstance(value, tuple):
        yield from (text for part in value for text in sentences(part))
    elif hasattr(value, "values"):
        yield from (text for part in value.values() for text in sentences(part))


# ------------------------------------------------------------------------------------------------------------------- whole


def test_every_provider_of_a_connection_has_a_guide_and_no_other() -> None:
    """The names are those of `connection create --idp`."""
    assert sorted(GUIDES) == sorted(IDPS)
    assert [idp for idp, guide in GUIDES.items() if guide.idp != idp] == []


@pytest.mark.parametrize("guide", GUIDES.values(), ids=GUIDES)
def test_a_guide_has_every_field_filled(guide: Guide) -> None:
    """Only a guide to any provider speaks of several programs."""
    left_empty = {each.name for each in dataclasses.fields(guide) if not getattr(guide, each.name)}
    assert left_empty <= {"products"}
    assert {*guide.recommended} <= {track.kind for track in guide.tracks}
    assert guide.authority == ("directory" if "scim" in guide.recommended else "claims")


@pytest.mark.parametrize(("guide", "track"), TRACKS, ids=TRACK_NAMES)
def test_every_step_has_something_to_do(guide: Guide, track: Track) -> None:
    """A title alone helps nobody, and two steps of one name would be confused."""
    idle = [step.title for step in track.steps if not (step.text or step.copies or step.choices or step.table or step.asks)]
    assert idle == []
    assert len({step.title for step in track.steps}) == len(track.steps)


@pytest.mark.parametrize(("guide", "track"), TRACKS, ids=TRACK_NAMES)
def test_a_track_gives_and_asks_for_all_that_its_protocol_needs(guide: Guide, track: Track) -> None:
    """Nobody must guess a value after the last step."""
    given = {name for step in track.steps for copy in step.copies for name in copy.names}
    needed = {"saml": {"acs_url", "entity_id"}, "oidc": {"redirect_uri"}, "scim": {"scim_base_url", "token"}}
    answers = {"saml": {"metadata_paste", "metadata_file"}, "oidc": {"oidc_issuer", "client_id", "client_secret"}, "scim": set()}
    assert needed[track.kind] <= given
    assert answers[track.kind] <= asked(track)


def test_only_google_pushes_nobody() -> None:
    """It pushes to apps of its own catalogue only."""
    assert [idp for idp, guide in GUIDES.items() if not guide.pushes] == ["google"]
    assert "metadata_url" not in {kind for track in GUIDES["google"].tracks for kind in asked(track)}


def test_marks_in_sentences_come_in_pairs() -> None:
    """`spans` takes a sentence apart without losing a letter."""
    torn = [text for guide in GUIDES.values() for text in sentences(guide) if not _whole(text)]
    assert torn == []


def _whole(text: str) -> bool:
    marks = {"text": "", "label": "*", "code": "`"}
    return "".join(marks[span.kind] + span.text + marks[span.kind] for span in spans(text)) == text


def test_a_sentence_is_taken_apart_into_text_labels_and_code() -> None:
    """A star inside code is a star."""
    kinds = [(span.kind, span.text) for span in spans("Press *Save*, then type `.*` there.")]
    assert kinds == [("text", "Press "), ("label", "Save"), ("text", ", then type "), ("code", ".*"), ("text", " there.")]


# ------------------------------------------------------------------------------------------------------------- our values


def test_every_value_that_is_copied_is_one_that_a_connection_has() -> None:
    """The names are fields of ConnectionView, but for the token, which is shown once."""
    assert {*OURS} - {"token"} <= {each.name for each in dataclasses.fields(ConnectionView)}
    unknown = [copy.template for _, _, step in steps() for copy in step.copies if re.search(r"\{[a-z_|]+\}", copy_filled(copy))]
    assert unknown == []


def copy_filled(copy: Copy) -> str:
    """The value of one copy."""
    return fill(Step("", copies=(copy,)), VALUES).copies[0].value


def test_a_value_that_is_missing_is_noticed_and_a_token_is_not_missed() -> None:
    """The token is not kept: where it is not at hand, words stand in its place."""
    step = Step("Push", copies=(Copy("Base URL", "{scim_base_url}"), Copy("Token", "{token}")))
    assert [copy.value for copy in fill(step, VALUES).copies] == [VALUES["scim_base_url"], TOKEN_PLACEHOLDER]
    assert [copy.value for copy in fill(step, {**VALUES, "token": "t0"}).copies] == [VALUES["scim_base_url"], "t0"]
    with pytest.raises(KeyError):
        fill(step, {})


def test_no_step_asks_for_what_a_connection_cannot_take() -> None:
    """Each answer has its field where the console, the API and the command line give it."""
    taken = {each.name for each in dataclasses.fields(Told)}
    assert {kind for _, track in TRACKS for kind in asked(track)} <= {kind for kind, name in ASKED.items() if name in taken}


@pytest.mark.parametrize("near", ["{}/", "{}x", "x{}", " {}", "{}\nx", "{}?a=b"])
def test_onelogins_validator_matches_our_address_and_nothing_longer(near: str) -> None:
    """ACS (Consumer) URL Validator is a regular expression."""
    acs_url = VALUES["acs_url"]
    validator = copies("onelogin", "saml")["ACS (Consumer) URL Validator"]
    assert re.search(validator, acs_url)
    assert re.search(validator, near.format(acs_url)) is None


def test_onelogins_validator_is_escaped() -> None:
    """A dot of ours is no other letter, and no slash ends the expression, which stands between slashes there."""
    assert exactly("https://id.example.com/sso/ab-12/acs") == r"^https:\/\/id\.example\.com\/sso\/ab-12\/acs$"
    assert re.search(exactly("https://id.example.com/acs"), "https://idxexample.com/acs") is None


def test_onelogins_template_pushes_the_id_that_links() -> None:
    """It is JSON, and OneLogin's own marks are left alone."""
    template = json.loads(copies("onelogin", "scim")["SCIM JSON Template"])
    assert template["externalId"] == "{$user.id}"
    assert template["userName"] == "{$parameters.scimusername}"


def test_entras_tenant_url_has_the_flag() -> None:
    """Without it Entra sends the older forms of PATCH."""
    assert copies("entra", "scim")["Tenant URL"] == VALUES["scim_base_url"] + "?aadOptscim062020"


def test_jumpclouds_proposed_entity_id_is_not_ours_and_differs_by_connection() -> None:
    """JumpCloud's admin chooses what JumpCloud is called towards us."""
    given = copies("jumpcloud", "saml")
    assert given["IdP Entity ID"] != given["SP Entity ID"]
    assert "ab-12" in given["IdP Entity ID"]


# --------------------------------------------------------------------------------------------------------------- the grid


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("azure", ["Microsoft Entra ID"]),
        (" ADFS ", ["Any SAML", "Any OpenID Connect"]),
        ("g suite", ["Google Workspace"]),
        ("ping", ["PingOne"]),
        ("oidc", ["Any OpenID Connect"]),
        ("LemonLDAP", ["Any SAML", "Any OpenID Connect"]),
        ("nobody's", []),
    ],
)
def test_a_provider_is_found_by_any_of_its_names(text: str, found: list[str]) -> None:
    """Also by one it had years ago."""
    assert [tile.name for tile in guides.search(text)] == found


def test_the_grid_has_every_provider_and_two_ways_for_all_others() -> None:
    """An empty search shows all of it."""
    assert guides.search("") == guides.tiles()
    assert [(tile.idp, tile.kind) for tile in guides.tiles()[-2:]] == [("generic", "saml"), ("generic", "oidc")]
    assert {tile.idp for tile in guides.tiles()} == set(IDPS)


# ----------------------------------------------------------------------------------------------------------------- advice

SECTIONS = (
    "Who asks",
    "SCIM messages",
    "Signing in through an identity provider",
    "Signing in with SAML",
    "Signing in with OpenID Connect",
)

NOTHING_TO_DO_THERE = {
    *("connection_disabled", "connection_draft", "not_sso", "jit_off", "suspended", "blocked", "issuer_changed"),  # ours
    *("not_oidc", "no_metadata", "saml_not_configured", "login_provider_missing"),  # not set up here
    *("request_unknown", "request_expired", "request_used", "message_replayed", "other_browser", "saml_in_response_to"),  # again
    *("saml_doctype", "saml_markup", "saml_structure", "saml_not_deflated"),  # attacks, and a broken logout
    *("oidc_answer_malformed", "oidc_other_provider", "oidc_userinfo_subject", "oidc_token_malformed", "oidc_signature"),
    *("oidc_token_type", "oidc_nonce", "oidc_at_hash"),
    *("invalid_cursor", "invalid_count", "version_outdated", "bulk_reference", "too_large", "discovery_filter"),  # the program
}
"""Refusals that no setting at a provider causes or mends."""


def refusals() -> list[str]:
    """The codes that an admin finds in traces and in the provisioning log, by docs/errors.md."""
    listed = [row for heading in SECTIONS for row in rows(section("docs/errors.md", heading))]
    return [*(code(row[0])[0] for row in listed), "email_missing", "email_unverified", *advice.SYMPTOMS]


@pytest.mark.parametrize("refusal", refusals())
def test_a_refusal_has_advice_unless_nothing_is_to_be_done_there(refusal: str) -> None:
    """A new code is either mended at the provider, or listed above."""
    told = {idp for idp in GUIDES if advice.advice(refusal, idp) is not None}
    pushing = {idp for idp, guide in GUIDES.items() if guide.pushes}
    assert told == set() if refusal in NOTHING_TO_DO_THERE else told >= pushing


GENERAL = [
    (guide, refusal)
    for guide in GUIDES.values()
    for refusal, (place, _) in advice.GENERAL.items()
    if place in guide.places and guide.idp != "generic" and not any(refusal in each.codes for each in guide.failures)
]


@pytest.mark.parametrize(("guide", "refusal"), GENERAL, ids=[f"{guide.idp}-{refusal}" for guide, refusal in GENERAL])
def test_advice_names_the_providers_own_label_and_the_way_there(guide: Guide, refusal: str) -> None:
    """Nobody has to translate our words into those of the console."""
    said = advice.advice(refusal, guide.idp)
    place = advice.GENERAL[refusal][0]
    assert said is not None
    assert place is not None
    assert f"*{guide.places[place].label}*" in said.sentence
    assert said.path == guide.places[place].path
    assert "{" not in said.sentence


def test_mistakes_lead_to_refusals_that_there_are() -> None:
    """Each code of a guide's table is documented, or a symptom."""
    known = {code(row[0])[0] for row in rows(read("docs/errors.md")) if len(row) == 4} | {*advice.SYMPTOMS}
    unknown = {name for guide in GUIDES.values() for each in guide.failures for name in each.codes} - known
    assert unknown == set()


def test_typical_mistakes_of_a_provider_come_before_general_advice() -> None:
    """Google's box *Signed response* is the reason there, and nowhere else."""
    google, okta = advice.advice("saml_signature_missing", "google"), advice.advice("saml_signature_missing", "okta")
    assert google is not None
    assert "Untick *Signed response*" in google.sentence
    assert okta is not None
    assert "Assertion Signature" in okta.sentence


@pytest.mark.parametrize(
    ("refusal", "facts", "told"),
    [
        (
            "saml_audience",
            {"audience": ["urn:old"], "audience_expected": "urn:new"},
            "arrived as `urn:old` and must be `urn:new`",
        ),
        ("saml_recipient", {"SubjectConfirmationData": {"Recipient": "a"}, "destination_expected": "b"}, "arrived as `a`"),
        ("saml_issuer", {"issuer": "a`b", "issuer_expected": "c"}, "arrived as `a'b`"),
    ],
)
def test_advice_tells_what_arrived_and_what_was_expected(refusal: str, facts: dict[str, Any], told: str) -> None:
    """From the facts of the sign-in trace; marks of sentences in them do no harm."""
    said = advice.advice(refusal, "okta", facts)
    assert said is not None
    assert told in said.sentence


@pytest.mark.parametrize("facts", [{}, {"audience": None, "audience_expected": 7}, {"audience": "a", "audience_expected": "a"}])
def test_advice_is_silent_about_facts_that_say_nothing(facts: dict[str, Any]) -> None:
    """A trace of a message that could not be read has none."""
    assert advice.advice("saml_audience", "okta", facts) == advice.advice("saml_audience", "okta")


def test_a_line_of_the_provisioning_log_has_advice_by_its_status() -> None:
    """The log keeps no codes. Who is told 200 or 503 has nothing to change."""
    assert advice.advice_of_status(401, "okta") == advice.advice("token_unknown", "okta")
    assert [advice.advice_of_status(status, "okta") for status in (200, 403, 500, 503)] == [None] * 4


@pytest.mark.parametrize("idp", GUIDES)
def test_silence_has_its_usual_reasons(idp: str) -> None:
    """First those of the provider, then the two addresses that are mistyped most; nobody waits for a push of Google."""
    first, *_, last = advice.silence(idp, "sign_in")
    assert first == advice.advice("never_answered", idp)
    assert "letter by letter" in last.sentence
    assert bool(advice.silence(idp, "scim")) == GUIDES[idp].pushes


def test_a_provider_without_a_guide_of_its_own_gets_the_neutral_one() -> None:
    """So a page cannot fail for it."""
    assert advice.advice("saml_audience", "unheard-of") == advice.advice("saml_audience", "generic")
    assert advice.reminder("unheard-of") == GUIDES["generic"].reminder


# -------------------------------------------------------------------------------------------------------------- the pages


def flat(text: str) -> str:
    """A text without line breaks and the marks of quotations."""
    return " ".join(text.replace("\n> ", " ").replace("\\|", "|").split())


@pytest.mark.parametrize("name", pages.PAGES)
def test_the_words_of_every_step_stand_on_its_page(name: str) -> None:
    """The page shows what the wizard shows; only values are examples there."""
    guide, page = pages.PAGES[name], flat(read(name))
    told = [text for track in guide.tracks for step in track.steps for text in sentences(_without_templates(step))]
    assert [text for text in told if flat(text) not in page] == []
    assert [
        each for track in guide.tracks for step in track.steps for each in step.path if each != APP and each not in page
    ] == []


def _without_templates(step: Step) -> tuple[Any, ...]:
    rest = dataclasses.replace(step, copies=(), asks=(), proof=None)
    proof = () if step.proof is None else (step.proof.press, step.proof.text)
    asks = tuple((ask.label, ask.example) for ask in step.asks)
    return rest, tuple((copy.field, copy.note) for copy in step.copies), asks, proof


@pytest.mark.parametrize("name", pages.PAGES)
def test_the_page_of_a_provider_is_found_from_the_index(name: str) -> None:
    """A page nobody links to is not read."""
    assert f"({name.removeprefix('docs/')})" in read("docs/README.md")
