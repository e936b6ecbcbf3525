"use strict";
// The button that has this browser take pushes. Shown only where the browser can.
(() => {
  const box = document.querySelector("[data-push]");
  if (!box || !("serviceWorker" in navigator) || !("PushManager" in window)) return;
  const button = box.querySelector("button");
  const state = box.querySelector("[data-push-state]");
  const say = (name) => {
    state.textContent = box.dataset[name] || "";
  };
  const token = document.querySelector('meta[name="csrf-token"]')?.content || "";
  const post = async (url, values) => {
    const answer = await fetch(url, { method: "POST", headers: { "X-CSRFToken": token }, body: new URLSearchParams(values) });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  async function switchOn() {
    button.disabled = true;
    say("asking");
    try {
      if ((await Notification.requestPermission()) !== "granted") {
        say("denied");
        return;
      }
      const registration = await navigator.serviceWorker.register("/service-worker.js");
      await navigator.serviceWorker.ready;
      const { key } = await post(box.dataset.keyUrl, {});
      const made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
      await post(box.dataset.subscribeUrl, {
        endpoint: made.endpoint,
        p256dh: text(made.getKey("p256dh")),
        auth: text(made.getKey("auth")),
        device: navigator.userAgentData?.platform || navigator.platform || "",
      });
      window.location.reload();
    } catch (error) {
      say("failed");
      state.title = String(error);
    } finally {
      button.disabled = false;
    }
  }

  button.addEventListener("click", switchOn);
  box.hidden = false;
})();
