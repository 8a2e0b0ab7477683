// Pages work without this. It sends forms that go on by themselves, keeps a form from being sent twice, and copies values.
"use strict";
addEventListener("submit", (event) => {
  const form = event.target;
  if (form.target === "_blank") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  if (event.submitter) event.submitter.setAttribute("aria-disabled", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
});
const waiting = document.querySelector("form[data-goes-on]");
if (waiting) waiting.requestSubmit();

// What is said to who does not see the page.
const region = document.createElement("div");
region.className = "sr";
region.setAttribute("role", "status");
document.body.append(region);
const say = (text) => { region.textContent = ""; region.textContent = text; };

// A button copies the value beside it; style hides it where scripts are off.
addEventListener("click", async (event) => {
  const button = event.target.closest?.(".copier");
  if (!button) return;
  const value = button.parentElement.querySelector(".copy-value");
  try {
    await navigator.clipboard.writeText(value.textContent);
  } catch {
    getSelection().selectAllChildren(value);
    document.execCommand("copy");
  }
  button.textContent = "Copied";
  say("Copied");
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
});
