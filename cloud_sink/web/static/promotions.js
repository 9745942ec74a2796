// What goes wrong is told where it went wrong: in the form that was sent, or in the place of the part that was waited for.
"use strict";
const tell = (event) => {
  const element = event.detail.elt;
  const waited = element.querySelector?.(".waiting-card");
  if (waited) {
    for (const part of waited.querySelectorAll(".waiting, .ghost")) part.remove();
    waited.querySelector("[data-failed]").hidden = false;
    return;
  }
  const place = element.querySelector?.("[data-error]");
  if (!place) return;
  const page = new DOMParser().parseFromString(event.detail.xhr?.responseText ?? "", "text/html");
  place.querySelector("span").textContent = page.querySelector(".detail")?.textContent ?? event.detail.xhr?.statusText;
  place.hidden = false;
};
document.addEventListener("htmx:responseError", tell);
document.addEventListener("htmx:sendError", tell);
document.addEventListener("htmx:beforeRequest", (event) => {
  const place = event.detail.elt.querySelector?.("[data-error]");
  if (place) place.hidden = true;
});
