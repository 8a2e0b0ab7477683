// The console works without this; it looks again by itself, shows previews and searches while one types.
"use strict";
// What was just done is said once: a reload must not say it again.
const here = new URL(location.href);
if (here.searchParams.has("done")) {
  here.searchParams.delete("done");
  history.replaceState(null, "", here);
}
document.querySelector("[data-focus]")?.focus();

// The part of another page (or of this one) with the id of `part` takes its place; what is data-beside it follows.
async function fetched(part, address, options = {}) {
  const response = await fetch(address, { headers: { Accept: "text/html" }, credentials: "same-origin", ...options });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const found = page.getElementById(part.id);
  for (const old of [part, ...document.querySelectorAll("[data-beside]")]) {
    const anew = page.getElementById(old.id);
    if (anew && anew.innerHTML !== old.innerHTML) old.innerHTML = anew.innerHTML;
  }
  return found;
}

// data-live: looks again every so many seconds while somebody looks, at data-at or at the page itself; stops where the answer has
// no data-live any more.
for (const part of document.querySelectorAll("[data-live]")) {
  const again = async () => {
    if (!document.hidden) {
      try {
        const found = await fetched(part, part.dataset.at ?? location.href);
        if (!found || !("live" in found.dataset)) return;
      } catch { /* the network may come back */ }
    }
    setTimeout(again, Number(part.dataset.live) * 1000);
  };
  setTimeout(again, Number(part.dataset.live) * 1000);
}

// A form with data-shows="ID" sends itself while it is edited, and what comes back is shown in that part.
for (const form of document.querySelectorAll("form[data-shows]")) {
  const part = document.getElementById(form.dataset.shows);
  let timer = 0;
  let running = null;
  const send = async (quiet = false) => {
    running?.abort();
    running = new AbortController();
    const data = new URLSearchParams(new FormData(form));
    let found = null;
    if (!quiet) part.setAttribute("aria-busy", "true");
    try {
      if (form.method === "get") {
        const address = new URL(form.action);
        address.search = data;
        found = await fetched(part, address, { signal: running.signal });
        history.replaceState(null, "", address);
      } else {
        found = await fetched(part, form.dataset.preview ?? form.action, { method: "POST", body: data, signal: running.signal });
      }
      part.removeAttribute("aria-busy");
      if (!quiet) say(part.dataset.said ?? "Updated");
    } catch (error) {
      if (error.name !== "AbortError") part.removeAttribute("aria-busy");
    }
    return found;
  };
  // data-again: also by itself, every so many seconds, while somebody looks and the answer waits (data-waits).
  const again = async () => {
    const found = document.hidden ? part : await send(true);
    if (!found || "waits" in found.dataset) setTimeout(again, Number(form.dataset.again) * 1000);
  };
  if (form.dataset.again) setTimeout(again, Number(form.dataset.again) * 1000);
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => send(), 300);
  });
}

// Menus close by Escape and by a click elsewhere.
addEventListener("keydown", (event) => {
  const open = document.querySelector("details.menu[open]");
  if (event.key === "Escape" && open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});
addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
