"""The pages a person sees at the identity provider: plain, readable on a phone, usable without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask import Response, jsonify, request
from markupsafe import Markup, escape

from idp_fixtures.people import Person

STYLE = Markup(
    "<style>"
    ":root{color-scheme:light dark;--ink:#1b2430;--soft:#5b6675;--line:#d5dbe3;--card:#fff;--ground:#eef1f5;--go:#2456c7}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8ecf2;--soft:#a3aebd;--line:#39424f;--card:#1d232c;--ground:#12161c;"
    "--go:#8fb0ff}}*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;"
    "background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}main{width:100%;max-width:26rem;"
    "background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1.75rem}h1{font-size:1.25rem;"
    "margin:0 0 .25rem}p{color:var(--soft);margin:0 0 1.25rem}form{margin:0}button{font:inherit;text-align:left;width:100%;"
    "padding:.7rem .9rem;margin:0 0 .5rem;border:1px solid var(--line);border-radius:.5rem;background:transparent;"
    "color:inherit;cursor:pointer}button:hover{border-color:var(--go)}button:focus-visible,a:focus-visible{"
    "outline:3px solid var(--go);outline-offset:2px}button strong,button span{display:block;overflow-wrap:anywhere}"
    "button span{color:var(--soft);font-size:.875rem}.quiet{border:0;color:var(--soft);text-align:center}a{color:var(--go)}"
    "</style>"
)


def page(title: str, body: Markup, status: int = 200, style: Markup = STYLE) -> Response:
    """One page. Nothing of it is kept by a browser."""
    text = Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>{title}</title>{style}</head><body><main><h1>{title}</h1>{body}</main></body></html>"
    ).format(title=title, style=style, body=body)
    response = Response(text, status=status, content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


def choice(provider: str, application: str, people: Iterable[Person], ticket: str) -> Response:
    """Who signs in? One button for each person, and one to refuse."""
    buttons = Markup("").join(_button(person) for person in people if person.active)
    body = Markup(
        "<p>to continue to <strong>{application}</strong>. Nobody asks for a password here: this identity provider is an "
        'imitation.</p><form method="post" action="/sign-in"><input type="hidden" name="ticket" value="{ticket}">{buttons}'
        '<button class="quiet" name="person" value="">Do not sign in</button></form>'
    ).format(application=application, ticket=ticket, buttons=buttons)
    return page(f"{provider}: sign in", body)


def _button(person: Person) -> Markup:
    groups = ", ".join(person.groups) or "no groups"
    return Markup(
        '<button name="person" value="{email}" dir="auto"><strong>Sign in as {name}</strong><span>{email}</span>'
        "<span>{groups}</span></button>"
    ).format(email=person.email, name=person.display_name, groups=groups)


def carried(action: str, fields: Mapping[str, str]) -> Response:
    """A form the browser posts elsewhere (SAML HTTP-POST binding); as JSON for whoever accepts nothing else."""
    if request.accept_mimetypes.best == "application/json":
        return jsonify(action=action, fields=dict(fields))
    inputs = Markup("").join(
        Markup('<input type="hidden" name="{}" value="{}">').format(name, value) for name, value in fields.items()
    )
    body = Markup(
        '<p>One moment: you are sent back.</p><form method="post" action="{action}">{inputs}<button><strong>Continue</strong>'
        "</button></form><script>document.forms[0].submit()</script>"
    ).format(action=action, inputs=inputs)
    return page("Signed in", body)


def front(provider: str, url: str, applications: Iterable[str]) -> Response:
    """What this is, and the tiles that start a sign-in from here."""
    tiles = Markup("").join(
        Markup('<form action="/saml/start"><button name="application" value="{0}"><strong>{0}</strong></button></form>').format(
            name
        )
        for name in applications
    )
    body = Markup(
        '<p>An identity provider for trying things out. <a href="{0}/set-up">Set it up</a>, <a href="{0}/saml/metadata">SAML '
        'metadata</a>, <a href="{0}/.well-known/openid-configuration">OpenID configuration</a>.</p>{1}'
    ).format(url, tiles)
    return page(provider, body)


def away(url: str) -> Response:
    """The browser goes elsewhere, with GET."""
    return Response("", 303, {"Location": url, "Cache-Control": "no-store"})


def refusal(sentence: str, status: int = 400) -> Response:
    """Why this goes no further."""
    return page("This does not work", Markup("<p>{}</p>").format(escape(sentence)), status)


def told(sentence: str) -> Response:
    """Something is done."""
    return page("Done", Markup("<p>{}</p>").format(escape(sentence)))
