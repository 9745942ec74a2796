// Asks the device about once a second how things stand, and does what is tapped.
import { find, say, showAim, showBecomes, showProof, showTrouble, showWaiting, speak, turnTo } from "/show.js";

const EVERY = 1000;
const words = await (await fetch("/words")).json();
let language = localStorage.getItem("language") || (navigator.language.startsWith("zh") ? "zh" : "en");
let state = null;
let inside = true; // until the device says that the PIN is missing
let over = false;
let busy = false;
let shown = 0; // number of the picture on the screen
let anew = false;
let refusal = null;

function show() {
  speak(words, language);
  find("refused").hidden = !refusal;
  if (refusal) find("refused").textContent = say(refusal.error, refusal);
  if (over) return turnTo("closed");
  if (!inside || !state) {
    showTrouble(null);
    return turnTo(inside ? "" : "enter");
  }
  turnTo(state.stage);
  showTrouble(state.trouble);
  showWaiting(state);
  showBecomes(state.becomes);
  showAim(state.aim, state.trouble, { anew });
  showProof(state.proof);
}

async function ask(path, body) {
  const request = { signal: AbortSignal.timeout(20000), cache: "no-store" };
  if (body !== undefined) {
    Object.assign(request, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  }
  return fetch(path, request);
}

async function take(answer) {
  if (answer.ok || answer.status === 409) state = await answer.json();
  if (answer.status === 401 || state?.stage === "enter") {
    inside = false;
    state = null;
  }
  show();
}

async function look() {
  const answer = await ask("/state");
  if (over) return;
  await take(answer);
  if (state?.stage !== "aim" || !state.aim?.pictured) return;
  const picture = await ask("/picture");
  if (picture.status !== 200) return;
  const image = find("picture");
  const before = image.src;
  image.src = URL.createObjectURL(await picture.blob());
  shown = Number(picture.headers.get("Picture-Number"));
  image.dataset.number = String(shown);
  if (before.startsWith("blob:")) URL.revokeObjectURL(before);
}

async function tap(path, body = {}) {
  if (busy) return null;
  busy = true;
  document.body.setAttribute("aria-busy", "true");
  try {
    const answer = await ask(path, body);
    await take(answer);
    return answer;
  } catch {
    find("silent").hidden = false;
    return null;
  } finally {
    busy = false;
    document.body.removeAttribute("aria-busy");
  }
}

async function keep() {
  find("newer").hidden = true;
  const answer = await tap("/reference", { number: shown });
  if (answer?.status === 409) find("newer").hidden = false;
  if (answer?.ok) anew = false;
}

const name = () => find("by").value.trim() || localStorage.getItem("by") || "";
const onTap = (id, work) => find(id).addEventListener("click", work);

find("enter").querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  localStorage.setItem("by", name());
  const answer = await ask("/enter", { pin: find("pin").value }).catch(() => null);
  if (!answer) {
    find("silent").hidden = false;
    return;
  }
  refusal = answer.ok ? null : await answer.json();
  if (answer.ok) {
    find("pin").value = "";
    inside = true;
    await look().catch(() => {});
  }
  show();
});
find("claim").querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await tap("/claim", { claim: find("text").value });
  if (answer?.ok && state?.stage !== "claim") find("text").value = "";
});
onTap("language", () => {
  language = language === "en" ? "zh" : "en";
  localStorage.setItem("language", language);
  show();
});
onTap("right", () => tap("/confirm", { right: true }));
onTap("not-right", () => tap("/confirm", { right: false }));
onTap("keep", keep);
onTap("keep-anyway", keep);
onTap("anew", () => { anew = true; show(); });
onTap("next", () => tap("/camera", { camera: find("next").dataset.camera }));
find("cameras").addEventListener("click", (event) => {
  const camera = event.target.closest("button")?.dataset.camera;
  if (camera) tap("/camera", { camera });
});
onTap("prove", () => tap("/prove", { by: name() }));
onTap("again", () => tap("/again").then((answer) => answer?.ok && tap("/prove", { by: name() })));
onTap("retry", () => tap("/again"));
onTap("aim-again", () => tap("/again"));
onTap("done", async () => {
  over = true;
  await ask("/finish", {}).catch(() => {});
  show();
});

// The PIN of the label stands behind #, is sent nowhere by itself, and leaves the address at once.
const pin = /^#(\d{8})$/.exec(location.hash);
if (pin) {
  find("pin").value = pin[1];
  history.replaceState(null, "", location.pathname);
}
find("by").value = localStorage.getItem("by") || "";
show();
for (;;) {
  const began = performance.now();
  try {
    if (!over && !busy && inside) await look();
    find("silent").hidden = true;
  } catch {
    if (state?.proof.passed) over = true; // it closed by itself, some time after the proof
    find("silent").hidden = over;
    if (over) show();
  }
  if (over) break;
  await new Promise((done) => setTimeout(done, Math.max(100, EVERY - (performance.now() - began))));
}
