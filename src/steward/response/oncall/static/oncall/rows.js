/* Rows that can be added, removed and moved. The server reads them in the order in which they stand, so moving a row is
   all there is to do. Without this file the empty rows at the end still work. */
(function () {
  "use strict";

  const list = (element) => element.closest("[data-rows]");
  const row = (element) => element.closest("[data-rows] > li");

  function dress(item) {
    const kind = item.querySelector("[data-row-kind]");
    if (kind) item.dataset.kind = kind.value;
    const when = item.querySelector("[name=step_when]");
    const more = item.querySelector(".row-if");
    if (!when || !more) return;
    more.dataset.when = when.value;
    if (kind.value === "wait_hours" || kind.value === "continue_if") more.open = true;
    // Whose hours they are is asked only where hours are asked; the zone most likely meant stands there already.
    const zone = item.querySelector("[name=step_zone]");
    if (!zone.value && (when.value || kind.value === "wait_hours")) zone.value = item.closest("[data-zone]").dataset.zone;
  }

  let fresh_rows = 0;

  function number(rows) {
    const items = Array.from(rows.children);
    items.forEach((item, index) => {
      const up = item.querySelector("[data-row-up]");
      const down = item.querySelector("[data-row-down]");
      if (up) up.disabled = index === 0;
      if (down) down.disabled = index === items.length - 1;
    });
  }

  // What listens to the form (a preview) hears of rows that come, go and move, too.
  function changed(rows) {
    rows.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function add(rows) {
    const template = document.getElementById(rows.dataset.rows);
    const fresh = template.content.firstElementChild.cloneNode(true);
    // Boxes of several choices carry the row's own name.
    fresh_rows += 1;
    fresh.querySelectorAll("[name*=__row__], [value=__row__]").forEach((field) => {
      field.name = field.name.replace("__row__", "n" + fresh_rows);
      if (field.value === "__row__") field.value = "n" + fresh_rows;
    });
    rows.append(fresh);
    dress(fresh);
    number(rows);
    changed(rows);
    const first = fresh.querySelector("select, input");
    if (first) first.focus();
  }

  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest(selector);
    if (on("[data-row-add]")) {
      add(document.getElementById(on("[data-row-add]").dataset.rowAdd));
      return;
    }
    const button = on("[data-row-up], [data-row-down], [data-row-remove]");
    if (!button) return;
    const item = row(button);
    const rows = list(button);
    if (button.matches("[data-row-up]") && item.previousElementSibling) item.previousElementSibling.before(item);
    else if (button.matches("[data-row-down]") && item.nextElementSibling) item.nextElementSibling.after(item);
    else if (button.matches("[data-row-remove]")) item.remove();
    number(rows);
    changed(rows);
    // Where the button went, the focus goes too; else the keyboard would lose its place.
    if (item.isConnected) (button.disabled ? item.querySelector("[data-row-remove]") : button).focus();
    else { const next = rows.querySelector("[data-row-remove]"); if (next) next.focus(); }
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-row-kind], [name=step_when]")) dress(row(event.target));
    if (event.target.matches("select[name$=unit]")) unit(event.target);
  });

  // The day of the handover is asked for turns of weeks only.
  function unit(select) {
    select.closest("form").dataset.unit = select.value;
  }
  document.querySelectorAll("select[name$=unit]").forEach(unit);

  document.querySelectorAll("[data-rows]").forEach((rows) => {
    Array.from(rows.children).forEach(dress);
    number(rows);
  });
})();
