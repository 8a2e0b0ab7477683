"""Whatever arrives, the answer is a result or a refusal, never a failure of ours."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.errors import Invalid
from connector.scim.documents import read_group, read_user
from connector.scim.filters import parse_filter
from connector.scim.messages import read_body
from connector.scim.patch import group_patch, user_patch
from connector.scim.paths import parse_path
from connector.scim.rendering import read_projection
from connector.scim.schemas import GROUP, USER
from tests.scim.samples import BARBARA, ENTERPRISE, PATCH_OP, stored

WORDS = st.sampled_from(
    (
        "userName emails name active meta members roles manager type value .value urn:a:b:c [ ] ( ) and or not eq ne co pr gt"
        f' "a" 1 true null {USER.urn} {ENTERPRISE}:manager'
    ).split()
)
TEXTS = st.text(max_size=40) | st.lists(WORDS, max_size=12).map(" ".join)
OTHER_NAMES = (
    f"value type primary $ref givenName {ENTERPRISE} {ENTERPRISE}:manager urn:a:b:User urn:a:b:User:x emails.value".split()
)
PATHS = ['emails[type eq "work"].value', 'members[value eq "a"]', "urn:a:b:User:x[y eq 2].z", USER.urn, GROUP.urn]
NAMES = st.sampled_from([*USER.attributes, *GROUP.attributes, *OTHER_NAMES, *PATHS])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "True", "a", "u1"]) | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES | st.text(max_size=5), VALUES, max_size=5)
OPERATIONS = st.fixed_dictionaries(
    {}, optional={"op": st.sampled_from(["add", "Remove", "replace", "x", 5]), "path": NAMES | TEXTS | SCALARS, "value": VALUES}
)
MESSAGES = st.lists(OPERATIONS | VALUES, max_size=4).map(lambda listed: {"schemas": [PATCH_OP], "Operations": listed}) | OBJECTS


@given(TEXTS)
def test_any_text_is_a_filter_a_path_and_names_or_refused(text: str) -> None:
    """Filters, PATCH paths and the attributes parameter."""
    for schema in (USER, GROUP):
        with contextlib.suppress(Invalid):
            parse_filter(text, schema)
        with contextlib.suppress(Invalid):
            parse_path(text, schema)
        read_projection(schema, text, None)


@given(OBJECTS)
def test_any_object_is_a_resource_or_refused(body: dict[str, Any]) -> None:
    """What is read is canonical: reading it again changes nothing."""
    with contextlib.suppress(Invalid):
        document = read_user({"userName": "ann", **body}).document
        assert read_user(document).document == document
    with contextlib.suppress(Invalid):
        group = read_group({"displayName": "Staff", **body})[0].document
        assert read_group(group)[0].document == group


@given(MESSAGES)
def test_any_message_is_a_patch_or_refused(body: dict[str, Any]) -> None:
    """And its edit leaves the stored document alone, whatever it makes of it."""
    document = stored({**BARBARA, "roles": ["a"], "urn:a:b:User": {"x": [1, {"y": 2}]}})
    before = stored({**BARBARA, "roles": ["a"], "urn:a:b:User": {"x": [1, {"y": 2}]}})
    with contextlib.suppress(Invalid):
        user_patch(body, "u1")(document, True)
    with contextlib.suppress(Invalid):
        patch = group_patch(body, "g1")
        if patch.edit is not None:
            patch.edit({"schemas": [GROUP.urn], "displayName": "Staff", "id": "g1"})
    assert document == before


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: ('{"a":' + text + "}").encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_body_or_refused(raw: bytes) -> None:
    """Bodies come from strangers until the token is checked, and from anybody's IdP after that."""
    with contextlib.suppress(Invalid):
        assert isinstance(read_body(raw), dict)
