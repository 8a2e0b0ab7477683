"""How mail looks: one template for plain text and one for HTML. Every text is escaped; no picture is loaded from anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from textwrap import fill


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says: a heading, sentences, a code to type, a link (its label and address), and why one gets it."""

    heading: str
    sentences: tuple[str, ...]
    reason: str
    link: tuple[str, str] | None = None
    code: str | None = None


def as_text(letter: Letter) -> str:
    """The letter as plain text. The link stands on a line of its own, whole."""
    parts = [letter.heading, *(fill(sentence, 76, break_long_words=False) for sentence in letter.sentences)]
    if letter.code:
        parts.append(f"    {letter.code}")
    if letter.link:
        parts.append(f"{letter.link[0]}:\n{letter.link[1]}")
    return "\n\n".join([*parts, "-- \n" + fill(letter.reason, 76, break_long_words=False)]) + "\n"


def as_html(letter: Letter) -> str:
    """The letter as HTML, for mail clients in light and in dark."""
    body = [f"<h1>{escape(letter.heading)}</h1>", *(f"<p>{escape(sentence)}</p>" for sentence in letter.sentences)]
    if letter.code:
        body.append(f'<p class="code">{escape(letter.code)}</p>')
    if letter.link:
        label, url = (escape(part) for part in letter.link)
        body.append(f'<p><a class="button" href="{url}">{label}</a></p>')
        body.append(f'<p class="small">If the button does not work, open this address:<br><a href="{url}">{url}</a></p>')
    body.append(f'<p class="small reason">{escape(letter.reason)}</p>')
    return _PAGE.format(title=escape(letter.heading), style=_STYLE, body="\n".join(body))


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<div class="card">
{body}
</div>
</body>
</html>
"""

_STYLE = """
body { margin: 0; padding: 24px 12px; background: #f3f4f6; color: #1f2937;
  font: 16px/1.5 system-ui, "Segoe UI", Arial, sans-serif; }
.card { max-width: 520px; margin: 0 auto; padding: 28px 32px; background: #ffffff; border-radius: 10px; }
h1 { margin: 0 0 16px; font-size: 21px; line-height: 1.3; }
p { margin: 0 0 14px; }
a { color: #1d4ed8; }
.button { display: inline-block; padding: 11px 22px; border-radius: 7px; background: #1d4ed8; color: #ffffff;
  font-weight: 600; text-decoration: none; }
.code { font: 600 24px/1.3 ui-monospace, Menlo, Consolas, monospace; letter-spacing: 2px; }
.small { font-size: 13px; color: #6b7280; word-break: break-word; }
.reason { margin: 22px 0 0; padding-top: 14px; border-top: 1px solid #e5e7eb; }
@media (prefers-color-scheme: dark) {
  body { background: #111827; color: #e5e7eb; }
  .card { background: #1f2937; }
  a { color: #93c5fd; }
  .button { background: #2563eb; color: #ffffff; }
  .small { color: #9ca3af; }
  .reason { border-top-color: #374151; }
}
"""
