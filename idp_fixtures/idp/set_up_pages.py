"""The pages of the identity provider's own console, as templates: plain HTML, usable without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from flask import Response, render_template_string
from markupsafe import Markup

from idp_fixtures.idp import pages
from idp_fixtures.idp.asking import provider

_STYLE = pages.STYLE + Markup(
    "<style>"
    "body{place-items:start center}main{max-width:48rem}h2{font-size:1.05rem;margin:1.5rem 0 .5rem}nav{display:flex;"
    "flex-wrap:wrap;gap:.25rem 1rem;margin:.5rem 0 1.5rem;padding-bottom:.75rem;border-bottom:1px solid var(--line)}nav a{"
    "padding:.2rem 0}a[aria-current]{color:inherit;font-weight:600;text-decoration:none}label{display:block;"
    "margin:0 0 1rem;font-weight:600}label span{display:block;font-weight:400;color:var(--soft);font-size:.875rem}input{"
    "font:inherit;font-weight:400;width:100%;padding:.6rem .75rem;margin-top:.25rem;border:1px solid var(--soft);"
    "border-radius:.5rem;background:transparent;color:inherit}input:focus-visible{outline:3px solid var(--go);"
    "outline-offset:1px}main button,.button{width:auto;display:inline-block;text-align:center;margin:0 .5rem .5rem 0}"
    ".button,.first{padding:.7rem .9rem;border:1px solid var(--go);border-radius:.5rem;text-decoration:none;"
    "color:var(--go)}dl{margin:0 0 1rem}dt{color:var(--soft);font-size:.875rem}dd{margin:0 0 .75rem}code{display:block;"
    "padding:.5rem .75rem;background:var(--ground);border-radius:.5rem;overflow-wrap:anywhere;user-select:all}table{"
    "width:100%;border-collapse:collapse}th,td{text-align:left;padding:.5rem .5rem .5rem 0;"
    "border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}th p{font-weight:400;margin:0}td button{"
    "padding:.3rem .6rem;margin:0}[role]{padding:.75rem 1rem;border-radius:.5rem;border:1px solid var(--line);"
    "border-left:.35rem solid var(--go);color:inherit}[role=alert]{border-left-color:#c0392b}"
    "</style>"
)

_AROUND = """\
<p>{{ name }}: set-up. An imitation of a console where admins of an identity provider work.</p>
<nav aria-label="Set-up">{% for path, words in (("/set-up", "Applications"), ("/set-up/provisioning", "Provisioning"), \
("/set-up/people", "People and groups")) %}<a href="{{ path }}"{% if words == current %} aria-current="page"{% endif %}>\
{{ words }}</a>{% endfor %}</nav>
{% if said %}<p role="{{ 'status' if said.good else 'alert' }}">{{ said.text }}</p>{% endif %}
"""

_APPLICATIONS = """\
{% macro value(words, text) %}<dt>{{ words }}</dt><dd><code>{{ text }}</code></dd>{% endmacro %}
{% for each in idp.applications() %}
<h2>{{ each.name }}</h2>
<dl>
{% if each.acs_url %}{{ value("Metadata URL, to be told to the application", metadata_url) }}
<dt>Signs people in at (ACS URL)</dt><dd>{{ each.acs_url }}</dd>
{% else %}{{ value("Issuer", idp.url) }}{{ value("Client ID", each.client_id) }}{{ value("Client secret", each.client_secret) }}
<dt>Sends people back to (redirect URI)</dt><dd>{{ each.redirect_uris|join(", ") }}</dd>{% endif %}
</dl>
{% else %}<p>There is none yet. Add the one that your people are to sign in to.</p>
{% endfor %}
<p><a class="button" href="/set-up/add">Add an application</a></p>
"""

_ADD = """\
<p>{% if kind == "saml" %}By SAML 2.0. <a href="/set-up/add?kind=oidc">By OpenID Connect instead</a>\
{% else %}By OpenID Connect. <a href="/set-up/add?kind=saml">By SAML 2.0 instead</a>{% endif %}</p>
<form method="post" action="/set-up/add"><input type="hidden" name="kind" value="{{ kind }}">
<label>Name<span>As your people know it. One of the same name is replaced.</span>\
<input name="name" value="{{ given.get('name', 'connector') }}" required autocomplete="off"></label>
{% if kind == "saml" %}
<label>ACS URL<input name="acs_url" value="{{ given.get('acs_url', '') }}" required autocomplete="off" dir="ltr"></label>
<label>Entity ID<input name="entity_id" value="{{ given.get('entity_id', '') }}" required autocomplete="off" dir="ltr"></label>
{% else %}
<label>Redirect URI<input name="redirect_uri" value="{{ given.get('redirect_uri', '') }}" required autocomplete="off" dir="ltr">\
</label>
{% endif %}
<p>Signing, attributes and groups are sent as most applications want them. Everybody may sign in to it.</p>
<button class="first">Add</button> <a href="/set-up">Cancel</a></form>
"""

_PROVISIONING = """\
<p>{{ idp.people()|length }} people and {{ groups }} groups are pushed by SCIM 2.0.</p>
<form method="post" action="/set-up/provisioning">
<label>SCIM base URL<input name="base_url" required autocomplete="off" dir="ltr" \
value="{{ given.get('base_url') or (idp.provisioning.base_url if idp.provisioning else '') }}"></label>
<label>Bearer token{% if idp.provisioning %}<span>One is kept. Leave this empty to go on with it.</span>{% endif %}\
<input name="token" type="password" autocomplete="off"{% if not idp.provisioning %} required{% endif %}></label>
<button class="first" name="do" value="test">Test connection</button>\
<button class="first" name="do" value="push">Push people and groups now</button></form>
"""

_PEOPLE = """\
<p>Whoever is deactivated here cannot sign in any more, and is pushed as such at once.</p>
<table><thead><tr><th scope="col">Person</th><th scope="col">Groups</th><th scope="col">Access</th></tr></thead><tbody>
{% for each in idp.people() %}<tr><th scope="row">{{ each.display_name }}<p>{{ each.email }}</p></th>
<td>{{ each.groups|join(", ") or "none" }}</td>
<td><form method="post" action="/set-up/people"><input type="hidden" name="person" value="{{ each.email }}">\
{% if not each.active %}<input type="hidden" name="active" value="1">{% endif %}\
<button aria-label="{{ 'Deactivate' if each.active else 'Activate' }} {{ each.display_name }}">\
{{ "Deactivate" if each.active else "Activate" }}</button></form></td></tr>
{% endfor %}</tbody></table>
"""

_TEMPLATES: Mapping[str, str] = MappingProxyType(
    {"applications": _APPLICATIONS, "add": _ADD, "provisioning": _PROVISIONING, "people": _PEOPLE}
)


@dataclass(frozen=True, slots=True)
class Said:
    """How something went."""

    text: str
    good: bool


def show(template: str, title: str, said: Said | None = None, *, status: int = 200, **values: object) -> Response:
    """One page of the console, with what was just done."""
    current = "Applications" if template == "add" else title
    text = render_template_string(_AROUND + _TEMPLATES[template], name=provider().name, current=current, said=said, **values)
    return pages.page(title, Markup(text), status, _STYLE)  # noqa: S704 - the template escaped it
