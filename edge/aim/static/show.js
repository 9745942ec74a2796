// Puts on the screen what the device told. Text alone: nothing that was told is ever taken for markup.
export const find = (id) => document.getElementById(id);

let words = {};
let language = "en";

export function speak(all, chosen) {
  words = all;
  language = chosen;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = say("title");
  for (const one of document.querySelectorAll("[data-say]")) one.textContent = say(one.dataset.say);
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", say(one.dataset.label));
  for (const one of document.querySelectorAll("[data-alt]")) one.alt = say(one.dataset.alt);
}

export function say(name, values = {}) {
  const said = (words[name] || {})[language] || name;
  return said.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

const STEPS = { enter: 0, claim: 1, asking: 1, confirm: 1, aim: 2, proving: 3, result: 3, closed: 4 };

export function turnTo(stage) {
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== stage;
  [...find("steps").children].forEach((one, number) => {
    one.classList.toggle("past", number < STEPS[stage]);
    if (number === STEPS[stage]) one.setAttribute("aria-current", "step");
    else one.removeAttribute("aria-current");
  });
}

// Only what changed is written: a screen reader would say it again each second.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function showTrouble(trouble) {
  const box = find("trouble");
  box.hidden = !trouble;
  if (!trouble) return;
  write(box.querySelector("strong"), say(`trouble_${trouble.about}`));
  write(box.querySelector("p"), trouble.said);
}

export function showWaiting(state) {
  write(find("waiting"), state.key ? say("approval", { key: state.key }) : say("asking"));
}

export function showBecomes(becomes) {
  if (!becomes) return;
  write(find("its-store"), `${becomes.store_name} (${becomes.store})`);
  write(find("its-fixture"), becomes.fixture);
  write(find("its-device"), becomes.device);
}

export function showAim(aim, trouble, keptNow) {
  const held = Boolean(aim && aim.camera);
  find("retry").hidden = held;
  if (!held) {
    light("wait", "", say(trouble ? "retry_how" : "looking"), "");
    for (const id of ["keep", "next", "prove", "anyway", "kept"]) find(id).hidden = true;
    return;
  }
  showCameras(aim);
  const failed = aim.findings.filter((one) => one.passed === false);
  const seen = aim.number > 0 && !aim.error;
  find("picture").hidden = !aim.pictured;
  find("no-picture").hidden = aim.pictured;
  write(find("no-picture"), say(seen || aim.error ? "no_picture" : "no_picture_yet"));
  if (aim.error) light("bad", say("mend_first"), say("trouble_cameras"), aim.error);
  else if (!seen) light("wait", "", say("looking"), "");
  else if (failed.length) light("bad", say("mend_first"), failed[0].title[language], failed[0].mend[language]);
  else light("good", "", say("good"), say("good_how"));
  list(find("checklist"), aim.findings.map((one) => ({
    key: one.code, passed: one.passed, title: one.title[language], mend: one.passed === false ? one.mend[language] : "",
  })));
  const kept = !aim.left.includes(aim.camera);
  const others = aim.left.filter((one) => one !== aim.camera);
  find("kept").hidden = !kept;
  find("keep").hidden = kept && !keptNow.anew;
  find("keep").disabled = !seen || !aim.pictured || failed.length > 0;
  find("anyway").hidden = !seen || !aim.pictured || failed.length === 0;
  find("next").hidden = !kept || others.length === 0;
  find("next").dataset.camera = others[0] || "";
  write(find("next"), say("next_camera", { camera: others[0] || "" }));
  find("prove").hidden = aim.left.length > 0;
}

function showCameras(aim) {
  const box = find("cameras");
  box.hidden = aim.cameras.length < 2;
  if (box.hidden) return;
  if (box.children.length !== aim.cameras.length) {
    box.replaceChildren(...aim.cameras.map((camera) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.camera = camera;
      return button;
    }));
  }
  for (const button of box.children) {
    const camera = button.dataset.camera;
    button.setAttribute("aria-pressed", String(camera === aim.camera));
    write(button, aim.left.includes(camera) ? camera : say("camera_kept", { camera }));
  }
}

function light(kind, small, title, mend) {
  find("light").className = `light ${kind}`;
  write(find("light-kind"), small);
  write(find("light-title"), title);
  write(find("light-mend"), mend);
}

const MARKS = new Map([[true, ["yes", "✓", "passed"]], [false, ["no", "✗", "failed"]], [null, ["open", "–", "unknown"]]]);

function list(box, lines) {
  const told = JSON.stringify([language, lines]);
  if (box.dataset.told === told) return;
  box.dataset.told = told;
  box.replaceChildren(...lines.map((line) => {
    const [kind, sign, word] = MARKS.get(line.passed);
    const item = document.createElement("li");
    item.className = kind;
    item.dataset.code = line.key;
    const mark = element("span", sign, "mark");
    mark.setAttribute("aria-hidden", "true");
    const text = document.createElement("div");
    text.append(element("span", `${say(word)}: `, "unseen"), element("b", line.title));
    if (line.note) text.append(" ", element("small", `(${line.note})`));
    for (const one of [line.said, line.mend]) if (one) text.append(element("p", one));
    item.append(mark, text);
    return item;
  }));
}

function element(name, text, kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = kind;
  return made;
}

export function showProof(proof) {
  write(find("waits"), proof.waits ? say(`wait_${proof.waits}`) : say("looking"));
  const lines = proof.steps.map((step) => ({
    key: step.name, passed: step.passed, title: step.title[language], said: step.said, mend: step.mend[language],
    note: step.passed && step.tries > 1 ? say("tried", { tries: step.tries }) : "",
  }));
  lines.sort((one, other) => Number(one.passed) - Number(other.passed)); // what is to be mended stands first
  for (const box of document.querySelectorAll(".proof")) list(box, lines);
  if (proof.passed === null) return;
  const verdict = find("verdict");
  verdict.className = `light ${proof.passed ? "good" : "bad"}`;
  write(verdict.querySelector("strong"), say(proof.passed ? "works" : "works_not"));
  write(verdict.querySelector("p"), say(proof.passed ? "works_how" : "works_not_how"));
  write(find("recorded"), say(!proof.recorded ? "not_recorded" : proof.pictured ? "pictured" : "not_pictured"));
  write(find("whole"), proof.page[language]);
  find("done").hidden = !proof.passed;
  find("again").hidden = find("aim-again").hidden = proof.passed;
}
