/* The calendar of a schedule: drag over days, or press a shift, to have somebody step in. The dialog that opens is the
   override form with its times filled in; without this file the button above the calendar opens it empty. */
(function () {
  "use strict";

  const STEP = 1800; // seconds: what is marked begins and ends at half hours
  const CLICK = 6; // pixels: less is a press, not a drag
  const space = "http://www.w3.org/2000/svg";

  const midnights = (week) => week.dataset.midnights.split(" ").map(Number);

  // The Unix time under a place in a week. Days have their real length, also when the clocks change.
  function instant(week, x) {
    const box = week.getBoundingClientRect();
    const days = midnights(week);
    const place = Math.min(Math.max((x - box.left) / box.width, 0), 1) * 7;
    const day = Math.min(Math.floor(place), 6);
    const exact = days[day] + (place - day) * (days[day + 1] - days[day]);
    return days[day] + Math.round((exact - days[day]) / STEP) * STEP;
  }

  function share(week, moment) {
    const days = midnights(week);
    let day = 0;
    while (day < 6 && days[day + 1] <= moment) day += 1;
    return (day + (moment - days[day]) / (days[day + 1] - days[day])) / 7;
  }

  function open(calendar, start, end, user) {
    const asked = new URLSearchParams({ start: start, end: end });
    if (user) asked.set("replaces", user);
    window.htmx.ajax("GET", calendar.dataset.cal + "?" + asked, { target: "#ui-modal-body" });
  }

  function mark(drag, x) {
    const now = instant(drag.week, x);
    drag.from = Math.min(drag.origin, now);
    drag.to = Math.max(drag.origin, now);
    const left = share(drag.week, drag.from) * 100;
    drag.rect.setAttribute("x", left + "%");
    drag.rect.setAttribute("width", Math.max(share(drag.week, drag.to) * 100 - left, 0) + "%");
  }

  document.querySelectorAll("[data-cal]").forEach((calendar) => {
    let drag = null;

    calendar.addEventListener("pointerdown", (event) => {
      const week = event.target.closest(".cal-week");
      // A finger scrolls; it presses a shift instead.
      if (!week || event.button !== 0 || event.pointerType === "touch") return;
      const rect = document.createElementNS(space, "rect");
      rect.setAttribute("class", "cal-mark");
      rect.setAttribute("y", "1");
      rect.setAttribute("height", String(week.getAttribute("height") - 2));
      rect.setAttribute("width", "0");
      week.append(rect);
      drag = { week: week, x: event.clientX, origin: instant(week, event.clientX), rect: rect, moved: false };
      week.setPointerCapture(event.pointerId);
      event.preventDefault();
    });

    calendar.addEventListener("pointermove", (event) => {
      if (!drag) return;
      if (Math.abs(event.clientX - drag.x) > CLICK) drag.moved = true;
      if (drag.moved) mark(drag, event.clientX);
    });

    function stop(event) {
      if (!drag) return;
      const done = drag;
      drag = null;
      done.rect.remove();
      if (event.type === "pointercancel" || !done.moved) return;
      if (done.to > done.from) open(calendar, done.from, done.to);
      calendar.dataset.dragged = "1";
    }
    calendar.addEventListener("pointerup", stop);
    calendar.addEventListener("pointercancel", stop);
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !drag) return;
      drag.rect.remove();
      drag = null;
    });

    function press(bar) {
      open(calendar, bar.dataset.start, bar.dataset.end, bar.dataset.user);
    }
    calendar.querySelectorAll(".cal-bar").forEach((bar) => {
      bar.setAttribute("tabindex", "0");
      bar.setAttribute("role", "button");
      bar.setAttribute("aria-label", bar.querySelector("title").textContent);
      bar.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        press(bar);
      });
    });
    calendar.addEventListener("click", (event) => {
      const dragged = calendar.dataset.dragged;
      delete calendar.dataset.dragged;
      // The captured pointer clicks on the week: what lies under it is the shift.
      const under = document.elementFromPoint(event.clientX, event.clientY);
      const bar = under && under.closest(".cal-bar");
      if (!dragged && bar) press(bar);
    });
  });
})();
