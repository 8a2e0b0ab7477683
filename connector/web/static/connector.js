// Pages work without this. It sends the forms that go on by themselves, and keeps a form from being sent twice.
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
