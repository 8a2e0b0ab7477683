"""What is looked at in a page that a browser shows: accessibility, weight, width, and whether the keyboard gets everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")
"""The rules of axe that together are WCAG 2.2 AA, as far as a program can tell."""

HEAVIEST = 100_000
"""Bytes of a page with everything it loads."""

INNER_STOPS = 4
"""Times that Tab stops at most within one field: a date has day, month, year and calendar."""

ALIKE = "tbody tr:nth-child(n+12), ul > li:nth-child(n+40), details.fold:nth-child(n+12), ol > li:nth-child(n+12)"
"""The rest of long lists, which is made by the same lines of a template: axe takes long over each of them."""

_RULES = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}, "resultTypes": ["violations"]}
_AXE = "([rules, alike]) => axe.run(document.querySelector(alike) ? {exclude: [alike]} : document, rules)"
_WEIGHT = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .map((each) => [each.name, each.decodedBodySize])"""
_WIDER = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  return [...document.body.querySelectorAll("*")].filter((each) => each.getBoundingClientRect().right > room + 1)
    .map((each) => each.outerHTML.slice(0, 120)).slice(0, 5);
}"""
_REACHABLE = """() => {
  const kinds = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]:not([tabindex='-1'])";
  const seen = (each) => !each.disabled && each.checkVisibility({visibilityProperty: true});
  const one = (each) => each.type !== "radio" || each.checked
    || (!document.querySelector(`input[name="${CSS.escape(each.name)}"]:checked`)
        && each === document.querySelector(`input[name="${CSS.escape(each.name)}"]`));
  const all = [...document.querySelectorAll(kinds)].filter((each) => seen(each) && one(each));
  all.forEach((each, index) => { each.dataset.stop = index; });
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  return all.map((each) => each.outerHTML.slice(0, 160));
}"""
_FOCUSED = """() => {
  const each = document.activeElement;
  if (!each || each === document.body || each.dataset.stop === undefined) return null;
  const style = getComputedStyle(each), box = each.getBoundingClientRect();
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return {stop: Number(each.dataset.stop), marked: ring || style.boxShadow !== "none",
          inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth};
}"""
_CONTENT = """() => {
  const texts = (kinds) => [...document.querySelectorAll(kinds)].map((each) => each.textContent.trim().replace(/\\s+/g, " "));
  return {
    headings: texts("h1, h2, h3"), cells: texts("th"), labels: texts("label, legend"),
    links: [...document.querySelectorAll("a[href]")].map((each) => each.getAttribute("href")),
    forms: [...document.forms].map((each) => each.getAttribute("action")),
  };
}"""


def accessible(page: Page) -> None:
    """Fail when axe finds that the page, as it is shown now, breaks WCAG 2.2 AA; says rule, target and HTML of each place."""
    _ask_axe(page, _RULES)


def accessible_in_both_schemes(page: Page) -> None:
    """The same in light; and in dark, where only the colours are others."""
    page.emulate_media(color_scheme="light")
    accessible(page)
    page.emulate_media(color_scheme="dark")
    _ask_axe(page, _COLOURS)


def _ask_axe(page: Page, rules: Mapping[str, Any]) -> None:
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(_AXE, [rules, ALIKE])["violations"]
    assert not found, f"{page.url} ({_shown_as(page)}):\n" + "\n".join(map(_told, found))


def _shown_as(page: Page) -> str:
    scheme = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")
    return f"{scheme}, {page.viewport_size and page.viewport_size['width']} wide"


def _told(violation: Mapping[str, Any]) -> str:
    places = [f"    {' '.join(map(str, node['target']))}\n      {node['html'][:300]}" for node in violation["nodes"][:8]]
    return "\n".join([f"  {violation['id']}: {violation['help']}", *places])


def light(page: Page) -> None:
    """Fail when the page weighs too much with everything it loaded, before any compression."""
    loaded: list[tuple[str, int]] = page.evaluate(_WEIGHT)
    weight = sum(size for _, size in loaded)
    assert 0 < weight < HEAVIEST, f"{page.url} weighs {weight} bytes: {loaded}"


def narrow(page: Page) -> None:
    """Fail when the page is wider than its window and has to be scrolled sideways; says what sticks out."""
    sticking_out = page.evaluate(_WIDER)
    assert not sticking_out, f"{page.url} ({_shown_as(page)}) is wider than the window: {sticking_out}"


def keyboard_reaches_everything(page: Page) -> None:
    """Fail unless Tab comes to everything that can be used, in the order of the page, visibly marked and in sight."""
    stops: list[str] = page.evaluate(_REACHABLE)
    came: list[int] = []
    for _ in range(INNER_STOPS * len(stops)):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused is None or focused["stop"] in came[:-1]:  # after the last, browsers go to their own buttons or begin again
            break
        if came and focused["stop"] == came[-1]:
            continue
        came.append(focused["stop"])
        assert focused["marked"], f"{page.url}: the focus cannot be seen on {stops[came[-1]]}"
        assert focused["inside"], f"{page.url}: the focus is out of sight on {stops[came[-1]]}"
    page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
    assert came == sorted(came), f"{page.url}: Tab jumps: {[stops[each] for each in came]}"
    missed = [text for index, text in enumerate(stops) if index not in came]
    assert not missed, f"{page.url}: Tab does not come to {missed}"


def content(page: Page) -> dict[str, list[str]]:
    """What a page offers: headings, headers of tables, labels, where links and forms lead."""
    offered: dict[str, list[str]] = page.evaluate(_CONTENT)
    return offered
