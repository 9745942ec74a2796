// Judging without a mouse: a number takes a product, a letter another answer; inside the search field with Alt.
"use strict";

document.addEventListener("keydown", (event) => {
  const form = document.getElementById("judge");
  if (!form || event.ctrlKey || event.metaKey) return;
  const typing = event.target.matches("input:not([type=radio]), textarea, select");
  if (event.key === "Enter" && event.target.id === "search") {
    event.preventDefault();
    return take(form.querySelector("#products input"));
  }
  if (typing && !event.altKey) return;
  const digit = /^Digit([1-9])$/.exec(event.code), letter = /^Key([A-Z])$/.exec(event.code);
  const wanted = digit
    ? form.querySelectorAll("#products input")[Number(digit[1]) - 1]
    : letter && form.querySelector(`[data-key="${letter[1]}"]`);
  if (wanted) {
    event.preventDefault();
    take(wanted);
  } else if (event.key === "/") {
    event.preventDefault();
    document.getElementById("search").focus();
  }
});

// What is taken has the focus, so that Enter saves it.
const take = (radio) => {
  if (!radio) return;
  radio.checked = true;
  radio.focus();
};

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("#judge [type=radio]")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

// On a phone the search field would bring up the keyboard before anybody saw the picture.
document.addEventListener("DOMContentLoaded", () => {
  if (window.matchMedia("(hover: hover)").matches) document.getElementById("search")?.focus({ preventScroll: true });
});
