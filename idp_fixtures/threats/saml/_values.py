"""Forms of a value that look like the right one: for whatever compares a part, a prefix, or without care for letters."""

from __future__ import annotations


def lookalikes(right: str) -> dict[str, str]:
    """Other values for an address or identifier, by what is wrong with them."""
    scheme, _, rest = right.partition("://")
    host, _, path = rest.partition("/")
    return {
        "another": "https://sp.evil.example/acs",
        "empty": "",
        "blank": " ",
        "a prefix": right[:-1],
        "longer": right + "x",
        "a path below": right + "/more",
        "with a query": right + "?x=1",
        "with a fragment": right + "#x",
        "a final slash": right + "/",
        "another scheme": f"{'ftp'}://{rest}",
        "within another": f"https://evil.example/?{right}",
        "after a name": f"{scheme}://user@{rest}",
        "capital letters": right.upper(),
        "a line break within": right[:12] + "\n" + right[12:],
        "of another host": f"{scheme}://{host}.evil.example/{path}",
    }
