// Shows the text of a label that was scanned. It is in this address, behind #, and is sent nowhere.
const box = document.querySelector("[data-claim]");
if (box && location.hash.startsWith("#1.")) {
  const text = box.querySelector("textarea");
  text.value = location.href;
  box.hidden = false;
  box.querySelector("button").addEventListener("click", async () => {
    text.select();
    await navigator.clipboard.writeText(text.value);
    box.querySelector("[role=status]").hidden = false;
  });
}
