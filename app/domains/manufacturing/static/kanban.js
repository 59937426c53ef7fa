// The board is fetched anew when a card was moved. Without this script it is complete as it was loaded.
"use strict";

(() => {
  const SETTLE = 150;
  const state = document.getElementById("live");
  let board = document.getElementById("board");
  if (!board || !state || !("EventSource" in window)) return;

  const show = (text, kind) => {
    state.textContent = text;
    state.className = `pill ${kind}`;
    state.hidden = false;
  };

  // Whoever is writing a reason keeps the board as it is until they have left the field.
  const writing = () => [...board.querySelectorAll("details[open] input:not([type=hidden])")].some((field) => field.value || field === document.activeElement);

  const swap = (fresh) => {
    const focused = board.contains(document.activeElement) ? document.activeElement.id : "";
    const open = [...board.querySelectorAll("details[open] > summary")].map((summary) => summary.id);
    board.replaceWith(fresh);
    board = fresh;
    for (const id of open) document.getElementById(id)?.closest("details")?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus();
  };

  const load = async () => {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("board");
    if (fresh) swap(document.importNode(fresh, true));
  };

  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (writing()) soon();
      else load().catch(() => show("Not live", "still"));
    }, SETTLE);
  };

  const source = new EventSource(`/api/events/stream?since_seq=${board.dataset.since}`);
  source.addEventListener("open", () => show("Live", "ok"));
  source.addEventListener("error", () => show(source.readyState === EventSource.CLOSED ? "Not live" : "Reconnecting", "still"));
  for (const type of board.dataset.watched.split(" ")) source.addEventListener(type, soon);
})();
