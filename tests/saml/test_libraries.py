"""lxml and xmlsec share one libxml2, or nothing here works (docs: python-xmlsec issues 320 and 345)."""

from __future__ import annotations

import xmlsec
from lxml import etree


def test_lxml_and_xmlsec_are_built_with_the_same_libxml2() -> None:
    """Their wheels carry libxml2 each: with different minor versions `import xmlsec` fails, or worse, does not."""
    assert etree.LIBXML_VERSION[:2] == xmlsec.get_libxml_version()[:2]
