// What every page does in a browser: changes carry the session's word, and what is live follows the collector.
"use strict";

// The word is asked for when the first change is made: a page that held it could be made to tell it by its packed size.
let word = null;
const askWord = () =>
  (word ??= fetch("/api/v1/session", { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : {}))
    .then((me) => me.csrf ?? ""));

document.addEventListener("htmx:confirm", (event) => {
  if (event.detail.verb === "get") return;
  event.preventDefault();
  if (event.detail.question && !window.confirm(event.detail.question)) return;
  askWord().then((known) => {
    event.detail.elt.dataset.word = known;
    event.detail.issueRequest(true);
  });
});

document.addEventListener("htmx:configRequest", (event) => {
  const known = event.detail.elt.dataset.word;
  if (event.detail.verb !== "get" && known) event.detail.headers["X-CSRF-Token"] = known;
});

// A change that was refused or not sent is told; a form with a place of its own (`data-error`) tells it there.
const tellRefused = (event) => {
  const { elt, requestConfig, xhr } = event.detail;
  const notice = document.getElementById("refused");
  if (!notice || requestConfig.verb === "get" || elt.querySelector?.("[data-error]")) return;
  const page = new DOMParser().parseFromString(xhr?.responseText ?? "", "text/html");
  notice.querySelector("span").textContent = page.querySelector(".detail")?.textContent ?? notice.dataset.unsent;
  notice.hidden = false;
};
document.addEventListener("htmx:responseError", tellRefused);
document.addEventListener("htmx:sendError", tellRefused);
document.addEventListener("htmx:beforeRequest", (event) => {
  const notice = document.getElementById("refused");
  if (notice && event.detail.requestConfig.verb !== "get") notice.hidden = true;
});

// Elements with hx-trigger="live" ask again when something of theirs is stored; `data-store` narrows it to one store.
// A page that nobody looks at waits until somebody does, and one that has just asked waits a second.
const REST = 1000;
const stale = new Set();
let timer = null;

const refresh = () => {
  timer = null;
  if (document.hidden) return;
  for (const part of document.querySelectorAll("[data-live]")) {
    const wanted = part.dataset.store;
    if (stale.has("*") || (wanted ? stale.has(wanted) : stale.size)) part.dispatchEvent(new CustomEvent("live"));
  }
  stale.clear();
};

const soon = (stores) => {
  for (const store of stores) stale.add(store);
  if (timer === null && stale.size) timer = setTimeout(refresh, stale.has("*") ? 0 : REST / 4);
};

// A page that nobody looks at does not listen: browsers open few connections to one host, for all pages together.
const listen = () => {
  const lamp = document.getElementById("live");
  if (!lamp || !document.querySelector("[data-live]")) return;
  let source = null;
  let away = false;
  const show = (on) => {
    lamp.className = on ? "live live-on" : "live live-off";
    lamp.textContent = on ? lamp.dataset.on : lamp.dataset.off;
  };
  const open = () => {
    source = new EventSource("/live");
    source.addEventListener("open", () => {
      show(true);
      if (away) soon(["*"]); // what came while nobody listened
      away = false;
    });
    source.addEventListener("error", () => {
      away = true;
      show(false);
    });
    source.addEventListener("stored", (event) => soon(JSON.parse(event.data)));
  };
  const close = () => {
    away = true;
    source?.close();
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  if (!document.hidden) open();
};

document.addEventListener("DOMContentLoaded", listen);
