// The button says which step is taken; a photograph goes first, and the step carries its hash.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target.closest(".task-step [data-state]");
  if (button) button.form.elements.state.value = button.dataset.state;
});

document.addEventListener("change", async (event) => {
  if (!event.target.matches("[data-photograph]") || !event.target.files.length) return;
  const form = event.target.form, buttons = form.querySelectorAll("button");
  buttons.forEach((one) => (one.disabled = true));
  const answer = await fetch(`/tasks/${form.dataset.task}/photograph`, {
    method: "POST",
    body: event.target.files[0],
    headers: { "Content-Type": "image/jpeg", "X-CSRF-Token": await askWord() },
  });
  form.elements.photograph.value = answer.ok ? await answer.text() : "";
  event.target.setCustomValidity(answer.ok ? "" : (await answer.json().catch(() => ({}))).detail ?? answer.statusText);
  event.target.reportValidity();
  buttons.forEach((one) => (one.disabled = false));
});
