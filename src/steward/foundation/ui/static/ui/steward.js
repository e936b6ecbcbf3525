// Steward in the browser: plain JavaScript over server-rendered pages; nothing here is needed to read or to write.
(function () {
  "use strict";

  const root = document.documentElement;
  const script = document.currentScript;
  const assets = { echarts: script.dataset.echarts, icons: script.dataset.icons };
  const one = (selector, within) => (within || document).querySelector(selector);
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));
  const shown = (element) => element.getClientRects().length > 0;
  const words = () => (one("#ui-strings") || { dataset: {} }).dataset;

  // --- drawing helpers -------------------------------------------------------------------------------------------
  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    svg.setAttribute("class", "ic");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", assets.icons + "#" + name);
    svg.append(use);
    return svg;
  }

  // --- theme -----------------------------------------------------------------------------------------------------
  function setTheme(theme) {
    root.setAttribute("data-bs-theme", theme);
    root.removeAttribute("data-theme-auto");
    try { localStorage.setItem("steward-theme", theme); } catch (error) { /* the cookie is enough */ }
    document.cookie = "steward_theme=" + theme + ";path=/;max-age=31536000;samesite=lax";
    charts.redraw();
  }

  // --- toasts ----------------------------------------------------------------------------------------------------
  const TOAST_ICONS = { success: "circle-check", error: "alert-octagon", warning: "alert-triangle", info: "info-circle" };

  function toast(text, kind) {
    const holder = one("#toasts");
    if (!holder || !text) return;
    // The same sentence twice says nothing new.
    all("[data-toast]", holder).filter((each) => each.dataset.text === text).forEach((each) => each.remove());
    const box = document.createElement("div");
    const name = TOAST_ICONS[kind] ? kind : "info";
    box.className = "toast-i toast-" + name;
    box.dataset.toast = "";
    box.dataset.text = text;
    const line = document.createElement("span");
    line.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.dataset.toastClose = "";
    close.setAttribute("aria-label", words().dismiss || "Dismiss");
    close.append(icon("x"));
    box.append(icon(TOAST_ICONS[name]), line, close);
    holder.append(box);
    fade(box);
  }

  function fade(box) {
    // Errors stay until they are read and dismissed.
    if (box.classList.contains("toast-error")) return;
    let timer = 0;
    const start = () => { timer = setTimeout(() => dismiss(box), 6000); };
    box.addEventListener("mouseenter", () => clearTimeout(timer));
    box.addEventListener("mouseleave", start);
    start();
  }

  function dismiss(box) {
    box.classList.add("leaving");
    setTimeout(() => box.remove(), 200);
  }

  // --- relative times: the same words as spans.py ------------------------------------------------------------------
  const fill = (pattern, values) => (pattern || "").replace(/%\((\w+)\)s/g, (_all, name) => values[name]);

  function spanWords(seconds) {
    const text = words();
    const minutes = Math.floor(Math.abs(seconds) / 60);
    const hours = Math.floor(minutes / 60);
    const days = Math.floor(hours / 24);
    if (minutes < 1) return "";
    if (hours === 0) return fill(text.min, { min: minutes });
    if (days === 0) return hours < 6 && minutes % 60 ? fill(text.hmin, { h: hours, min: minutes % 60 }) : fill(text.h, { h: hours });
    return days < 3 && hours % 24 ? fill(text.dh, { d: days, h: hours % 24 }) : fill(text.d, { d: days });
  }

  function relativeWords(moment, now, short) {
    const seconds = (now - moment) / 1000;
    const span = spanWords(seconds);
    if (!span) return short ? words().now : words().justNow;
    return short ? span : fill(seconds > 0 ? words().ago : words().in, { span: span });
  }

  function freshen(within) {
    const now = Date.now();
    all("time[data-relative][datetime]", within).forEach((element) => {
      const moment = Date.parse(element.getAttribute("datetime"));
      const text = relativeWords(moment, now, element.dataset.relative === "short");
      if (!Number.isNaN(moment) && text && element.textContent !== text) element.textContent = text;
    });
  }

  // --- lengths given as data: a strict CSP forbids style attributes, but not these properties ----------------------
  function measure(within) {
    all("[data-percent]", within).forEach((el) => { el.style.width = clamp(el.dataset.percent) + "%"; });
    all("[data-left]", within).forEach((el) => { el.style.left = clamp(el.dataset.left) + "%"; });
    all("[data-width]", within).forEach((el) => { el.style.width = clamp(el.dataset.width) + "%"; });
    all("[data-height]", within).forEach((el) => { el.style.height = clamp(el.dataset.height) + "%"; });
  }
  const clamp = (text) => Math.max(0, Math.min(100, Number.parseFloat(text) || 0));

  // --- charts ----------------------------------------------------------------------------------------------------
  const charts = (function () {
    let loading = null;
    const drawn = new Map();

    function library() {
      if (window.echarts) return Promise.resolve();
      loading = loading || new Promise((resolve, reject) => {
        const tag = document.createElement("script");
        tag.src = assets.echarts;
        tag.onload = resolve;
        tag.onerror = reject;
        document.head.append(tag);
      });
      return loading;
    }

    // An option may name our colours as "var(--down)", so that charts follow the theme.
    function coloured(value, style) {
      if (typeof value === "string") {
        const found = /^var\((--[\w-]+)\)$/.exec(value);
        return found ? style.getPropertyValue(found[1]).trim() : value;
      }
      if (Array.isArray(value)) return value.map((each) => coloured(each, style));
      if (value && typeof value === "object") {
        return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, coloured(each, style)]));
      }
      return value;
    }

    function base(style) {
      const token = (name) => style.getPropertyValue(name).trim();
      const axis = {
        axisLine: { lineStyle: { color: token("--line") } },
        axisTick: { show: false },
        axisLabel: { color: token("--ink-2"), fontSize: 11 },
        splitLine: { lineStyle: { color: token("--line") } },
      };
      return {
        axis: axis,
        option: {
          color: ["--accent-fill", "--info", "--degraded", "--maintenance", "--down", "--unknown"].map(token),
          textStyle: { fontFamily: style.fontFamily, color: token("--ink-2") },
          animation: false, // pages that refresh themselves would twitch
          grid: { left: 8, right: 12, top: 16, bottom: 8, containLabel: true },
          // Rich text is drawn on the canvas; HTML tooltips would need inline styles.
          tooltip: {
            trigger: "axis", renderMode: "richText", backgroundColor: token("--card"), borderColor: token("--line-2"),
            textStyle: { color: token("--ink"), fontSize: 12 }, axisPointer: { lineStyle: { color: token("--line-2") } },
          },
          legend: { textStyle: { color: token("--ink-2") }, itemWidth: 12, itemHeight: 8, icon: "roundRect" },
          aria: { enabled: true },
        },
      };
    }

    function merged(option, style) {
      const own = coloured(option, style);
      const defaults = base(style);
      const result = Object.assign({}, defaults.option, own);
      ["tooltip", "grid", "textStyle"].forEach((name) => {
        if (own[name] && !Array.isArray(own[name])) result[name] = Object.assign({}, defaults.option[name], own[name]);
      });
      if (own.legend && !Array.isArray(own.legend)) result.legend = Object.assign({}, defaults.option.legend, own.legend);
      else if (!own.legend) delete result.legend;
      ["xAxis", "yAxis"].forEach((name) => {
        if (!own[name]) return;
        const dress = (each) => Object.assign({}, defaults.axis, each, {
          axisLabel: Object.assign({}, defaults.axis.axisLabel, each.axisLabel),
        });
        result[name] = Array.isArray(own[name]) ? own[name].map(dress) : dress(own[name]);
      });
      return result;
    }

    function draw(element) {
      const source = one(element.dataset.chart);
      if (!source) return;
      forget();
      const chart = drawn.get(element) || window.echarts.init(element, null, { renderer: "canvas" });
      chart.setOption(merged(JSON.parse(source.textContent), getComputedStyle(root.querySelector("body"))), true);
      if (!drawn.has(element)) new ResizeObserver(() => chart.resize()).observe(element);
      drawn.set(element, chart);
    }

    // Fragments that htmx has replaced leave their charts behind.
    function forget() {
      drawn.forEach((chart, element) => {
        if (!element.isConnected) { chart.dispose(); drawn.delete(element); }
      });
    }

    return {
      init(within) {
        const found = all("[data-chart]", within);
        if (within.matches && within.matches("[data-chart]")) found.push(within);
        if (found.length) library().then(() => found.filter((each) => each.isConnected).forEach(draw)).catch(() => {});
      },
      redraw() { drawn.forEach((_chart, element) => { if (element.isConnected) draw(element); }); },
    };
  })();

  // --- dialogs ---------------------------------------------------------------------------------------------------
  function openDialog(dialog) {
    if (dialog && !dialog.open) dialog.showModal();
  }

  function confirmFirst(text, go) {
    const dialog = one("#ui-confirm");
    if (!dialog) { if (window.confirm(text)) go(); return; }
    one("#ui-confirm-text").textContent = text;
    const yes = one("[data-confirm-yes]", dialog);
    const fresh = yes.cloneNode(true);
    yes.replaceWith(fresh);
    fresh.addEventListener("click", () => { dialog.close(); go(); }, { once: true });
    dialog.showModal();
    fresh.focus();
  }

  // Capture comes before htmx and before the browser's own action.
  document.addEventListener("click", (event) => {
    const element = event.target.closest("[data-confirm]");
    if (!element || element.tagName === "FORM" || element.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    confirmFirst(element.dataset.confirm, () => {
      element.dataset.confirmed = "1";
      element.click();
      delete element.dataset.confirmed;
    });
  }, true);

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.confirm || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const submitter = event.submitter;
    confirmFirst(form.dataset.confirm, () => {
      form.dataset.confirmed = "1";
      form.requestSubmit(submitter);
      delete form.dataset.confirmed;
    });
  }, true);

  // --- menus, rail, filters ----------------------------------------------------------------------------------------
  function closeMenus(except) {
    all("details.menu[open]").forEach((menu) => { if (menu !== except) menu.open = false; });
  }

  function setRail(open) {
    document.body.classList.toggle("rail-open", open);
    all("[data-rail-open]").forEach((each) => each.setAttribute("aria-expanded", String(open)));
    const target = open ? one("#rail .on") || one("#rail a") : one("[data-rail-open]");
    if (target) target.focus({ preventScroll: true });
  }

  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches || !menu.matches("details.filter-multi") || menu.open || !menu.dataset.changed) return;
    menu.closest("form").requestSubmit();
  }, true);

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-filters]");
    if (form) {
      const multi = event.target.closest("details.filter-multi");
      if (multi) multi.dataset.changed = "1";
      else form.requestSubmit();
    }
    const auto = event.target.closest("form[data-autosubmit]");
    if (auto) auto.requestSubmit();
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("form[data-filters]")) {
      // Empty fields would only make the address long; those that switch a default off must stay.
      Array.from(form.elements).forEach((each) => {
        if (each.name && each.value === "" && !("keep" in each.dataset)) each.disabled = true;
        if (each.name === "sort" && each.selectedIndex === 0) each.disabled = true;
      });
    }
    if (event.defaultPrevented || form.method !== "post" || form.closest("[hx-post]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
    // An answer that is a download leaves the page standing.
    setTimeout(() => release(form), 8000);
  });

  function release(form) {
    delete form.dataset.sent;
    all("[aria-busy=true]", form).forEach((each) => each.removeAttribute("aria-busy"));
  }

  // A page from the back-forward cache is used again.
  window.addEventListener("pageshow", () => {
    all("form[data-sent]").forEach(release);
    all("form[data-filters] :disabled").forEach((each) => { each.disabled = false; });
  });

  // --- copying -----------------------------------------------------------------------------------------------------
  function copy(text) {
    const done = () => toast(words().copied, "success");
    if (navigator.clipboard && window.isSecureContext) { navigator.clipboard.writeText(text).then(done); return; }
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    done();
  }

  function copyText(element) {
    if (!element.dataset.copy.startsWith("#")) return element.dataset.copy;
    const source = one(element.dataset.copy);
    return source ? (source.value || source.textContent).trim() : "";
  }

  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest(selector);
    const dialog = event.target.closest("dialog");
    closeMenus(on("details.menu"));
    if (on("[data-theme-toggle]")) setTheme(root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark");
    else if (on("[data-toast-close]")) dismiss(on("[data-toast]"));
    else if (on("[data-rail-open]")) setRail(!document.body.classList.contains("rail-open"));
    else if (on("[data-rail-close]")) setRail(false);
    else if (on("[data-copy]")) copy(copyText(on("[data-copy]")));
    else if (on("[data-focus]") && one(on("[data-focus]").dataset.focus)) { event.preventDefault(); one(on("[data-focus]").dataset.focus).focus(); }
    else if (on("[data-dialog]")) { event.preventDefault(); closeMenus(null); openDialog(one(on("[data-dialog]").dataset.dialog)); }
    else if (dialog && (on("[data-close]") || event.target === dialog)) dialog.close();
  });

  // --- keyboard ----------------------------------------------------------------------------------------------------
  const typing = (element) => element.closest && element.closest("input, textarea, select, [contenteditable=true]");
  let waitingForGo = 0;

  function rows() {
    return all("[data-row], a.row-i, table.list tbody tr").filter(shown);
  }

  function moveRow(step) {
    const found = rows();
    if (!found.length) return;
    const at = found.findIndex((each) => each.classList.contains("kfocus"));
    const next = found[Math.max(0, Math.min(found.length - 1, at < 0 ? (step > 0 ? 0 : found.length - 1) : at + step))];
    found.forEach((each) => each.classList.remove("kfocus"));
    next.classList.add("kfocus");
    const target = next.matches("a, button") ? next : one("a.rowlink, a, button", next);
    if (target) target.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  function press(key) {
    const near = one(".kfocus [data-key='" + key + "']");
    const found = near || all("[data-key='" + key + "']").filter(shown)[0];
    if (found) found.click();
    return Boolean(found);
  }

  function escape(event) {
    if (typing(event.target)) { event.target.blur(); return; }
    closeMenus(null);
    if (document.body.classList.contains("rail-open")) setRail(false);
    all(".kfocus").forEach((each) => each.classList.remove("kfocus"));
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") { escape(event); return; }
    if (typing(event.target) || one("dialog[open]")) return;
    if (waitingForGo && Date.now() - waitingForGo < 1500) {
      waitingForGo = 0;
      const entry = one("[data-go='" + CSS.escape(event.key) + "']");
      if (entry) { event.preventDefault(); entry.click(); }
      return;
    }
    const search = one("[data-search]");
    if (event.key === "g") waitingForGo = Date.now();
    else if (event.key === "/" && search) { event.preventDefault(); search.focus(); search.select(); }
    else if (event.key === "?") openDialog(one("#help"));
    else if (event.key === "j") moveRow(1);
    else if (event.key === "k") moveRow(-1);
    else if (/^[a-z]$/.test(event.key) && press(event.key)) event.preventDefault();
  });

  // --- htmx --------------------------------------------------------------------------------------------------------
  let toldOffline = 0;

  document.addEventListener("htmx:configRequest", (event) => {
    const token = one("meta[name=csrf-token]");
    if (token) event.detail.headers["X-CSRFToken"] = token.content;
  });
  document.addEventListener("toast", (event) => toast(event.detail.text || event.detail.value, event.detail.kind));
  document.addEventListener("closeModal", () => { const modal = one("#ui-modal"); if (modal) modal.close(); });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "ui-modal-body") openDialog(one("#ui-modal"));
  });
  // A list that refreshes itself keeps the row that the keyboard stands on.
  let keptRow = -1;
  document.addEventListener("htmx:beforeSwap", () => {
    keptRow = rows().findIndex((each) => each.classList.contains("kfocus"));
  });
  document.addEventListener("htmx:afterSettle", () => {
    const found = rows();
    if (keptRow < 0 || !found[keptRow] || one(".kfocus")) return;
    const focused = document.activeElement === document.body;
    found[keptRow].classList.add("kfocus");
    const target = found[keptRow].matches("a, button") ? found[keptRow] : one("a.rowlink, a", found[keptRow]);
    if (focused && target) target.focus({ preventScroll: true });
  });
  document.addEventListener("htmx:load", (event) => start(event.detail.elt));
  document.addEventListener("htmx:responseError", (event) => {
    const answer = event.detail.xhr;
    // The server's own words are better than ours.
    if ((answer.getResponseHeader("HX-Trigger") || "").includes("toast") || answer.getResponseHeader("HX-Redirect")) return;
    toast(answer.status === 401 ? words().expired : words().failed, "error");
  });
  document.addEventListener("htmx:sendError", () => {
    // A page that refreshes itself would otherwise repeat this every few seconds.
    if (Date.now() - toldOffline < 30000) return;
    toldOffline = Date.now();
    toast(words().offline, "error");
  });

  // Tabs that do not fit are scrolled to the open one.
  function showTab(within) {
    all(".subnav [aria-current]", within).forEach((tab) => {
      const bar = tab.parentElement;
      if (bar.scrollWidth > bar.clientWidth) bar.scrollLeft += tab.getBoundingClientRect().left - bar.getBoundingClientRect().left - 28;
    });
  }

  function start(within) {
    freshen(within);
    showTab(within);
    measure(within);
    charts.init(within);
  }

  start(document);
  all("[data-toast]").forEach(fade);
  setInterval(() => { if (!document.hidden) freshen(document); }, 15000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) freshen(document); });
})();
