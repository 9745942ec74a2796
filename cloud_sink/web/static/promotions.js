// What is wrong with a form stands in the form: the server's page of the problem is for who came without script.
"use strict";
document.addEventListener("htmx:responseError", (event) => {
  const place = event.detail.elt.querySelector?.("[data-error]");
  if (!place) return;
  const told = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html").querySelector(".detail");
  place.querySelector("span").textContent = told?.textContent ?? event.detail.xhr.statusText;
  place.hidden = false;
});
document.addEventListener("htmx:beforeRequest", (event) => {
  const place = event.detail.elt.querySelector?.("[data-error]");
  if (place) place.hidden = true;
});
