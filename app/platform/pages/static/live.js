// New events appear at the top while the page is open. Without this script the page is complete as it was loaded.
"use strict";

(() => {
  const KEPT = 200;
  const list = document.getElementById("events");
  const template = document.getElementById("event-line");
  const state = document.getElementById("live");
  const empty = document.getElementById("empty");
  if (!list || !template || !state || !("EventSource" in window)) return;

  const show = (text, kind) => {
    state.textContent = text;
    state.className = `pill ${kind}`;
    state.hidden = false;
  };

  const instant = (iso) => new Date(iso).toISOString().slice(0, 19).replace("T", " ");

  const add = (event) => {
    const row = template.content.firstElementChild.cloneNode(true);
    for (const cell of row.querySelectorAll("[data-field]")) {
      const name = cell.dataset.field;
      cell.textContent = name === "at" ? instant(event.at) : String(event[name] ?? "");
      if (name === "at") cell.dateTime = event.at;
    }
    row.classList.add("fresh");
    list.prepend(row);
    empty.hidden = true;
    while (list.rows.length > KEPT) list.deleteRow(-1);
  };

  let last = Number(list.dataset.since);
  const wanted = list.dataset.type;
  const receive = (message) => {
    const event = JSON.parse(message.data);
    if (!event.seq || event.seq <= last) return;
    last = event.seq;
    if (!wanted || event.type === wanted) add(event);
  };

  const source = new EventSource(`/api/events/stream?since_seq=${last}`);
  source.addEventListener("open", () => show("Live", "ok"));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) show("Not live", "still");
    else show("Reconnecting", "still");
  });
  source.addEventListener("message", receive);
  for (const option of document.querySelectorAll("select[name=type] option")) {
    if (option.value) source.addEventListener(option.value, receive);
  }
})();
