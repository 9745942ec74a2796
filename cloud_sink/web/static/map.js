// Stores as points: on the tiles of a server where one is configured, else on a plain ground with a scale.
"use strict";
(() => {
  const NEAR = 30; // pixels within which points would hide each other

  const pin = (text, kind) => L.divIcon({ html: text, className: `pin ${kind}`, iconSize: [26, 26] });

  const words = (stores) => {
    const told = document.createElement("div");
    for (const store of stores.slice(0, 8)) {
      const line = document.createElement("div");
      line.append(Object.assign(document.createElement("strong"), { textContent: store.name }), ` ${store.letter ?? "–"} · ${store.text}`);
      told.append(line);
    }
    if (stores.length > 8) told.append("…");
    return told;
  };

  // Stores that would hide each other are one point with their number, until one comes nearer.
  const gather = (map, stores) => {
    const groups = new Map();
    for (const store of stores) {
      const at = map.project([store.latitude, store.longitude]);
      const cell = `${Math.round(at.x / NEAR)} ${Math.round(at.y / NEAR)}`;
      groups.set(cell, [...(groups.get(cell) ?? []), store]);
    }
    return [...groups.values()];
  };

  const draw = (map, layer, stores) => {
    layer.clearLayers();
    for (const group of gather(map, stores)) {
      const place = L.latLngBounds(group.map((one) => [one.latitude, one.longitude]));
      const [first] = group;
      const alone = group.length === 1;
      const title = alone ? first.name : group.map((one) => one.name).join(", ");
      const icon = alone ? pin(first.letter ?? "–", `grade grade-${first.letter ?? "none"}`) : pin(group.length, "pin-many");
      L.marker(place.getCenter(), { icon, title, alt: title })
        .bindTooltip(words(group))
        .on("click", () => (alone ? location.assign(first.address) : map.fitBounds(place.pad(0.3), { maxZoom: 17 })))
        .addTo(layer);
    }
  };

  const show = async (element) => {
    if (element.shown) return;
    element.shown = true;
    const answer = await fetch(element.dataset.map, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const stores = await answer.json();
    const map = L.map(element, { preferCanvas: false, attributionControl: Boolean(element.dataset.attribution) });
    if (element.dataset.tiles) {
      const said = document.createElement("span"); // Leaflet takes what it is told for HTML
      said.textContent = element.dataset.attribution;
      // Servers of tiles want to know which site asks; of the page's own address they learn nothing.
      L.tileLayer(element.dataset.tiles, { attribution: said.innerHTML, referrerPolicy: "origin" }).addTo(map);
    }
    L.control.scale({ imperial: false }).addTo(map);
    const layer = L.layerGroup().addTo(map);
    map.setView([0, 0], 2);
    if (stores.length) map.fitBounds(L.latLngBounds(stores.map((one) => [one.latitude, one.longitude])).pad(0.15), { maxZoom: 13, animate: false });
    draw(map, layer, stores);
    map.on("zoomend", () => draw(map, layer, stores));
  };

  const showAll = () => document.querySelectorAll("[data-map]").forEach(show);
  document.addEventListener("DOMContentLoaded", showAll);
  document.addEventListener("htmx:afterSettle", showAll);
})();
