"use strict";
{
  const status = document.getElementById("status");

  // A page over plain HTTP from another machine has no navigator.clipboard.
  const copyBySelection = (text) => {
    const area = document.createElement("textarea");
    area.className = "sr";
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyBySelection(text);
    }
  };

  for (const button of document.querySelectorAll("button[data-copy]")) {
    const word = button.querySelector(".word");
    button.hidden = false;
    button.addEventListener("click", async () => {
      const done = await copy(document.getElementById(button.dataset.copy).textContent);
      button.focus();
      word.textContent = done ? "Copied" : "Not copied";
      status.textContent = done ? "Copied." : "Not copied: select the text and copy it by hand.";
      setTimeout(() => { word.textContent = "Copy"; status.textContent = ""; }, 3000);
    });
  }
}
