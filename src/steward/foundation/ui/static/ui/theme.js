// Runs in <head> before anything is painted, so that the page never flashes in the wrong theme.
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");
  var theme = null;
  try { theme = localStorage.getItem("steward-theme"); } catch (error) { /* storage may be forbidden */ }
  if (theme !== "light" && theme !== "dark") {
    if (!root.hasAttribute("data-theme-auto")) return;
    theme = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  root.setAttribute("data-bs-theme", theme);
})();
