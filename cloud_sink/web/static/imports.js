// A file of the trade goes to the server as it is: first to be read, then, when its report was seen, to be kept.
"use strict";
const MOST = 6 * 1024 * 1024; // bytes of a request; larger files are for `sink import`

for (const form of document.querySelectorAll("[data-import]")) {
  const answer = form.querySelector("[data-answer]");
  const tooLarge = form.querySelector("[data-too-large]");
  const address = `/imports/${form.dataset.import}`;
  let content = null;
  let name = "";

  const send = async (path) => {
    answer.setAttribute("aria-busy", "true");
    const said = await fetch(`${path}?name=${encodeURIComponent(name)}`, {
      method: "POST",
      body: content,
      headers: { "Content-Type": "text/csv", "X-CSRF-Token": await askWord(), "HX-Request": "true" },
    });
    const page = new DOMParser().parseFromString(await said.text(), "text/html");
    answer.replaceChildren(...(said.ok ? page.body.childNodes : page.querySelectorAll(".detail")));
    answer.removeAttribute("aria-busy");
    answer.querySelector("[data-keep]")?.addEventListener("click", () => send(address));
  };

  const input = form.querySelector("input[type=file]");
  input.addEventListener("click", () => (input.value = "")); // so that the same file can be chosen again
  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file) return;
    answer.replaceChildren();
    tooLarge.hidden = file.size <= MOST;
    if (file.size > MOST) return;
    name = file.name;
    content = await file.arrayBuffer();
    send(`${address}/check`);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
}
