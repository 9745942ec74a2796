// A click on a box says what it is; a correction goes to the API, and the page asks again for what now counts.
"use strict";

(() => {
  let chosen = null; // {facing} of a box, or {box} of one that was missed
  const part = () => document.getElementById("fixture");
  const by = (id) => document.getElementById(id);

  const choose = (what, title, more) => {
    chosen = what;
    const form = by("correct");
    if (!form) return;
    form.hidden = false;
    by("none-chosen").hidden = true;
    by("chosen").textContent = title;
    by("chosen-more").textContent = more;
    by("where").hidden = !what.box;
    by("no-facing").hidden = Boolean(what.box);
    by("refused").hidden = true;
    form.elements.sku.value = what.sku ?? "";
    form.elements.sku.focus({ preventScroll: window.innerWidth > 900 });
  };

  const open = (box) => {
    if (box.dataset.facing === "") return;
    document.querySelectorAll(".box-chosen").forEach((one) => one.classList.remove("box-chosen"));
    box.classList.add("box-chosen");
    const { facing, sku, name, kind, shelf, position, score } = box.dataset;
    choose({ facing: Number(facing), sku }, name, [kind, `${shelf}-${position}`, score].filter(Boolean).join(" · "));
  };

  const send = async (says) => {
    const at = part().dataset, form = by("correct");
    const body = { device: at.device, epoch: at.epoch, seq: Number(at.seq), says };
    if (says === "sku") body.sku = form.elements.sku.value.trim();
    if (chosen.box) Object.assign(body, { box: chosen.box, shelf: Number(form.elements.shelf.value), position: Number(form.elements.position.value) });
    else body.facing = chosen.facing;
    const answer = await fetch(`/api/v1/corrections?tenant=${at.tenant}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "X-CSRF-Token": await askWord() },
    });
    if (answer.ok) return htmx.ajax("GET", window.location.href, { target: "#fixture", select: "#fixture", swap: "outerHTML" });
    by("refused").textContent = (await answer.json()).detail;
    by("refused").hidden = false;
  };

  // A facing that was missed is drawn with finger or mouse.
  let corner = null, drawn = null;
  const shareOf = (event) => {
    const area = by("canvas").getBoundingClientRect();
    const clip = (value) => Math.min(1, Math.max(0, value));
    return [clip((event.clientX - area.left) / area.width), clip((event.clientY - area.top) / area.height)];
  };
  const between = (one, other) => [0, 1].map((i) => Math.min(one[i], other[i])).concat([0, 1].map((i) => Math.max(one[i], other[i])));
  const draw = (box) => {
    const svg = by("canvas").querySelector("svg"), side = svg.viewBox.baseVal.width;
    drawn ??= svg.appendChild(document.createElementNS(svg.namespaceURI, "rect"));
    drawn.setAttribute("class", "box-new");
    const [x1, y1, x2, y2] = box.map((value) => value * side);
    for (const [name, value] of Object.entries({ x: x1, y: y1, width: x2 - x1, height: y2 - y1 })) drawn.setAttribute(name, value);
  };

  const drawing = () => by("missed")?.getAttribute("aria-pressed") === "true";
  const setDrawing = (on) => {
    by("missed").setAttribute("aria-pressed", String(on));
    by("missed-help").hidden = !on;
    by("canvas").classList.toggle("photo-drawing", on);
  };

  document.addEventListener("pointerdown", (event) => {
    if (!drawing() || !event.target.closest("#canvas")) return;
    event.preventDefault();
    corner = shareOf(event);
  });
  document.addEventListener("pointermove", (event) => corner && draw(between(corner, shareOf(event))));
  document.addEventListener("pointerup", (event) => {
    if (!corner) return;
    const box = between(corner, shareOf(event)).map((value) => Math.round(value * 10000) / 10000);
    corner = null;
    setDrawing(false);
    if (box[2] - box[0] < 0.005 || box[3] - box[1] < 0.005) return;
    const middle = (box[1] + box[3]) / 2;
    const near = [...document.querySelectorAll(".box")].sort((a, b) => distance(a, middle) - distance(b, middle))[0];
    if (near) by("correct").elements.shelf.value = near.dataset.shelf;
    choose({ box }, by("missed").textContent, "");
  });
  const distance = (box, middle) => {
    const rect = box.querySelector("rect"), side = rect.ownerSVGElement.viewBox.baseVal.width;
    return Math.abs((Number(rect.getAttribute("y")) + Number(rect.getAttribute("height")) / 2) / side - middle);
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("#missed")) return setDrawing(!drawing());
    const box = event.target.closest(".box");
    if (box && !drawing()) open(box);
  });
  document.addEventListener("keydown", (event) => {
    const box = event.target.closest?.(".box");
    if (box && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      open(box);
    }
  });
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "correct") return;
    event.preventDefault();
    send(event.submitter?.value ?? "sku");
  });
  document.addEventListener("htmx:afterSwap", () => {
    chosen = drawn = null;
  });
})();
