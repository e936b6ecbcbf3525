"use strict";
// Steward's service worker: shows what is pushed, and acknowledges from the notification's own button.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let data = {};
  try {
    data = event.data ? event.data.json() : {};
  } catch {
    data = { title: "Steward", body: event.data ? event.data.text() : "" };
  }
  const actions = data.token ? [{ action: "acknowledge", title: data.acknowledge }, { action: "open", title: data.open }] : [];
  event.waitUntil(
    self.registration.showNotification(data.title || "Steward", {
      body: data.body || "",
      tag: data.tag || undefined,
      icon: "/static/ui/mark.svg",
      requireInteraction: Boolean(data.urgent),
      data: { url: data.url || "/", token: data.token || "" },
      actions,
    }),
  );
});

async function open(url) {
  const wanted = new URL(url, self.location.origin);
  if (wanted.origin !== self.location.origin) return;
  for (const client of await self.clients.matchAll({ type: "window", includeUncontrolled: true })) {
    if (client.url === wanted.href) {
      await client.focus();
      return;
    }
  }
  await self.clients.openWindow(wanted.href);
}

async function acknowledge(data) {
  try {
    const answer = await fetch("/channels/webpush/press", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ verb: "acknowledge", token: data.token }),
    });
    if (!answer.ok) throw new Error(String(answer.status));
    const said = await answer.json();
    await self.registration.showNotification(said.text || "Steward", { icon: "/static/ui/mark.svg", data: { url: data.url } });
  } catch {
    // Nobody may believe that it is acknowledged: the page says how it stands.
    await open(data.url);
  }
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const data = event.notification.data || {};
  event.waitUntil(event.action === "acknowledge" && data.token ? acknowledge(data) : open(data.url || "/"));
});
