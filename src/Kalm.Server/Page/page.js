// The page: which entity is open stands in the address, so that back and forward work.

import { startAsk, suggest } from "./ask.js";
import { byId, count, entityAt, make } from "./dom.js";
import { hideDrawing, showDrawing, startDrawing } from "./drawing.js";
import { byRelation, showFacts } from "./facts.js";
import { startReview } from "./review.js";
import { startSearch } from "./search.js";
import { Fault, entity as load, health, isAborted } from "./service.js";

const PATIENCE = 1000;

const fault = byId("entity-fault");
let request = new AbortController();

async function open({ moveFocus }) {
  request.abort();
  request = new AbortController();
  const id = entityAt(location.hash);
  if (id === null) {
    showWelcome();
    return;
  }
  document.body.setAttribute("aria-busy", "true");
  try {
    show(await load(id, request.signal));
    if (moveFocus)
      byId("name").focus({ preventScroll: true });
  } catch (error) {
    if (isAborted(error))
      return;
    showFault(error);
  }
  document.body.removeAttribute("aria-busy");
}

function show(entity) {
  const rows = byRelation(entity);
  document.title = `${entity.name} · Kalm`;
  byId("name").textContent = entity.name;
  byId("text").textContent = entity.text;
  byId("about").textContent = `${entity.id}${entity.added ? " · added by a client" : ""}`;
  only("head");
  showFacts(entity, rows);
  showDrawing(entity, rows);
  const other = entity.known[0]?.entity.name;
  suggest(other ? `What is the relation between ${entity.name} and ${other}?` : "A question in words");
}

function showWelcome() {
  document.title = "Kalm";
  document.body.removeAttribute("aria-busy");
  only("welcome");
}

function showFault(error) {
  const again = make("button", { type: "button" }, "Try again");
  again.addEventListener("click", () => open({ moveFocus: true }));
  fault.replaceChildren(make("p", {}, error.message), ...(error.isPassing ? [again] : []));
  only("entity-fault");
}

function only(id) {
  for (const part of ["welcome", "entity-fault", "head"])
    byId(part).hidden = part !== id;
  byId("facts").hidden = true;
  hideDrawing();
}

// Tells how far the model is until it is ready, then opens what the address says.
async function whenReady() {
  const bar = byId("loading-progress");
  for (;;) {
    try {
      const state = await health();
      byId("served").textContent = state.entities === null ? state.model : `${state.model} · ${count(state.entities)} entities`;
      if (state.status === "ready")
        break;
      byId("loading-text").textContent = `The model is being made ready: ${state.stage}`;
      [bar.max, bar.value, bar.hidden] = [state.total, state.done, state.total < 2];
    } catch (error) {
      if (!(error instanceof Fault))
        throw error;
      byId("loading-text").textContent = error.message;
      bar.hidden = true;
    }
    byId("loading").hidden = false;
    await new Promise((resolve) => setTimeout(resolve, PATIENCE));
  }
  byId("loading").hidden = true;
}

startReview();
startSearch();
startDrawing();
startAsk();
await whenReady();
window.addEventListener("hashchange", () => {
  window.scrollTo(0, 0);
  open({ moveFocus: true });
});
await open({ moveFocus: false });
