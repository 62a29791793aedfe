"use strict";
(() => {
  const list = document.getElementById("list");
  const portion = Number(list.dataset.portion);
  const count = document.getElementById("count");
  const more = document.getElementById("more");
  const text = document.getElementById("text");
  const level = document.getElementById("level");
  const kind = document.getElementById("kind");
  const exempt = document.getElementById("exempt");
  const index = document.getElementById("index").textContent;
  const portions = Array.from(document.getElementsByClassName("portion"));
  const rows = Array.from(list.children, (element) => ({ ...element.dataset, element }));
  const first = rows.length;
  if (index) rows.push(...JSON.parse(index).map((row, place) => ({ ...row, place })));
  let limit = portion;

  const read = (number) => {
    for (const [i, html] of JSON.parse(portions[number].textContent).entries()) rows[first + number * portion + i].html = html;
    portions[number].textContent = "";
  };

  // Of very many findings only those are elements that somebody looks at, and only the portions with them are read. In their
  // markup the template has escaped each value.
  const element = (row) => {
    if (!row.element) {
      if (!row.html) read(Math.floor(row.place / portion));
      const made = document.createElement("ol");
      made.insertAdjacentHTML("beforeend", row.html);
      row.element = made.firstElementChild;
      row.html = "";
    }
    return row.element;
  };

  const filter = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = rows.filter((row) => (!level.value || row.level === level.value) && (!kind.value || row.kind === kind.value)
      && (exempt.checked || !row.exempt) && words.every((word) => row.words.includes(word)));
    list.replaceChildren(...found.slice(0, limit).map(element));
    more.hidden = found.length <= limit;
    count.textContent = `${found.length} of ${rows.length}`;
  };

  document.getElementById("filter").addEventListener("input", () => { limit = portion; filter(); });
  document.getElementById("filter").addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => { limit += portion; filter(); });

  // Where a page from a disk may not write to the clipboard, the fix is marked, so that it can be copied by hand.
  const mark = (fix) => {
    const range = document.createRange();
    range.selectNodeContents(fix);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };
  list.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    const fix = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(fix.textContent);
      button.textContent = "Copied";
    } catch {
      mark(fix);
      button.textContent = "Marked: press Ctrl+C";
    }
  });

  // On paper nothing can be unfolded.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = Array.from(list.querySelectorAll("details:not([open])"));
    for (const part of opened) part.open = true;
  });
  addEventListener("afterprint", () => { for (const part of opened) part.open = false; });
  filter();
})();
