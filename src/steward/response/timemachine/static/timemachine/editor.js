/* The editor of a configuration: numbers beside its lines, those with a problem marked with what is wrong; a problem's
   link leads to its line. Without this file the text is edited all the same, and problems are listed with their lines. */
(function () {
  "use strict";

  const LINE = 20;

  function dress(area) {
    const found = document.getElementById("editor-marks");
    const marks = found ? JSON.parse(found.textContent) : {};
    const box = document.createElement("div");
    const gutter = document.createElement("pre");
    box.className = "tm-editor";
    gutter.className = "tm-gutter";
    gutter.setAttribute("aria-hidden", "true");
    area.before(box);
    box.append(gutter, area);
    let count = 0;

    function number() {
      const lines = area.value.split("\n").length;
      for (; count < lines; count += 1) {
        const row = document.createElement("span");
        row.textContent = String(count + 1);
        if (marks[count + 1]) { row.classList.add("tm-wrong"); row.title = marks[count + 1]; }
        gutter.append(row);
      }
      for (; count > lines; count -= 1) gutter.lastElementChild.remove();
      gutter.scrollTop = area.scrollTop;
    }

    area.addEventListener("input", number);
    area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
    number();
  }

  function go(area, line) {
    const before = area.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    const length = area.value.split("\n")[line - 1].length;
    area.focus();
    area.setSelectionRange(before, before + length);
    area.scrollTop = Math.max(0, (line - 4) * LINE);
    area.scrollIntoView({ block: "nearest" });
  }

  document.querySelectorAll("textarea[data-editor]").forEach(dress);

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-line]");
    const area = document.getElementById("id_text");
    if (!link || !area || !area.value) return;
    event.preventDefault();
    go(area, Math.min(Number(link.dataset.line), area.value.split("\n").length));
  });

  const form = document.querySelector("form[data-origin]");
  if (form) {
    const show = () => {
      const chosen = form.querySelector("input[name=origin]:checked");
      form.querySelectorAll("[data-for-origin]").forEach((part) => {
        part.hidden = !chosen || part.dataset.forOrigin !== chosen.value;
      });
    };
    form.addEventListener("change", show);
    show();
  }
})();
