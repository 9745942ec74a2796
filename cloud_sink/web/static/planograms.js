// A planogram's file goes to the server as it is: first to be read and drawn, then to be kept.
"use strict";

const form = document.getElementById("upload");
const answer = document.getElementById("upload-answer");
let content = null; // of the file when it was chosen; a file that is mended meanwhile has to be chosen again

const nameOf = (file) =>
  file.name.toLowerCase().replace(/\.[a-z]+$/, "").replace(/[^a-z0-9_-]+/g, "-").replace(/^[^a-z0-9]+/, "").slice(0, 63);

const send = async (method, address) =>
  fetch(address, {
    method,
    body: content,
    headers: { "Content-Type": "text/csv", "X-CSRF-Token": await askWord() },
  });

const read = async () => {
  if (content === null || !form.reportValidity()) return;
  answer.setAttribute("aria-busy", "true");
  const said = await send("POST", `/planograms/${form.elements.name.value}/check`);
  answer.innerHTML = await said.text();
  answer.removeAttribute("aria-busy");
  document.getElementById("keep")?.addEventListener("click", keep);
};

const choose = async (file) => {
  if (!file) return;
  content = await file.arrayBuffer();
  if (!form.elements.name.value) form.elements.name.value = nameOf(file);
  await read();
};

const keep = async () => {
  const name = form.elements.name.value;
  const note = encodeURIComponent(form.elements.note.value);
  const said = await send("PUT", `/api/v1/planograms/${name}?note=${note}&tenant=${form.dataset.tenant}`);
  if (said.ok) window.location.assign(`/planograms/${name}`);
  else read();
};

if (form) {
  const drop = form.querySelector(".upload-drop"), input = form.elements.file;
  input.addEventListener("click", () => (input.value = "")); // so that the same file can be chosen again
  input.addEventListener("change", () => choose(input.files[0]));
  form.elements.name.addEventListener("change", read);
  form.addEventListener("submit", (event) => event.preventDefault() ?? read());
  for (const [kind, over] of [["dragover", true], ["dragleave", false], ["drop", false]])
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("upload-over", over);
      if (kind === "drop") choose(event.dataTransfer.files[0]);
    });
}
