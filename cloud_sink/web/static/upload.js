// A file goes to the server as it is: first to be read and shown, then to be kept. The form says where to:
// `data-check` and `data-keep`, with {name} for what its field of that name says, and `data-then` for the page after.
"use strict";

const form = document.getElementById("upload");
const answer = document.getElementById("upload-answer");
let content = null; // of the file when it was chosen; a file that is mended meanwhile has to be chosen again

const nameOf = (file) =>
  file.name.toLowerCase().replace(/\.[a-z]+$/, "").replace(/[^a-z0-9_-]+/g, "-").replace(/^[^a-z0-9]+/, "").slice(0, 63);

const address = (kind) => form.dataset[kind].replace("{name}", form.elements.name?.value ?? "");

const send = async (method, where) =>
  fetch(where, {
    method,
    body: content,
    headers: { "Content-Type": "text/csv", "X-CSRF-Token": await askWord() },
  });

const tell = (text) => {
  answer.textContent = "";
  const said = document.createElement("p");
  said.className = "alert";
  said.setAttribute("role", "alert");
  said.textContent = text;
  answer.append(said);
};

const read = async () => {
  if (content === null || !form.reportValidity()) return;
  answer.setAttribute("aria-busy", "true");
  try {
    const said = await send("POST", address("check"));
    if (said.ok) answer.innerHTML = await said.text();
    else tell(form.dataset.failed);
  } catch {
    tell(form.dataset.failed);
  }
  answer.removeAttribute("aria-busy");
  document.getElementById("keep")?.addEventListener("click", keep);
};

const choose = async (file) => {
  if (!file) return;
  content = await file.arrayBuffer();
  if (form.elements.name && !form.elements.name.value) form.elements.name.value = nameOf(file);
  await read();
};

const keep = async () => {
  const note = encodeURIComponent(form.elements.note.value);
  const said = await send("PUT", `${address("keep")}?note=${note}&tenant=${form.dataset.tenant}`);
  if (said.ok) window.location.assign(address("then"));
  else read();
};

if (form) {
  const drop = form.querySelector(".upload-drop"), input = form.elements.file;
  input.addEventListener("click", () => (input.value = "")); // so that the same file can be chosen again
  input.addEventListener("change", () => choose(input.files[0]));
  form.elements.name?.addEventListener("change", read);
  form.addEventListener("submit", (event) => event.preventDefault() ?? read());
  for (const [kind, over] of [["dragover", true], ["dragleave", false], ["drop", false]])
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("upload-over", over);
      if (kind === "drop") choose(event.dataTransfer.files[0]);
    });
}
