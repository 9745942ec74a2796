"use strict";

document.addEventListener("click", (event) => event.target.closest("#print") && window.print());
