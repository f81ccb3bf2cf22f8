// The page: what is open stands in the address, so that back and forward work.

import { startAsk, suggest } from "./ask.js";
import { checkAbout, startCheck } from "./check.js";
import { button, byId, count, make, placeAt } from "./dom.js";
import { hideDrawing, showDrawing, startDrawing } from "./drawing.js";
import { byRelation, showFacts } from "./facts.js";
import { showQuery } from "./query.js";
import { showReviewed, startReview } from "./review.js";
import { startSearch } from "./search.js";
import { Fault, deleteEntity, entity as load, health, isAborted } from "./service.js";
import { dot, typeOf } from "./types.js";
import { entityCount, learnGraph, questions, relations, showCounts, startWelcome } from "./welcome.js";

const PATIENCE = 1000;

const fault = byId("entity-fault");
let request = new AbortController();
let model = "";

async function open({ moveFocus }) {
  request.abort();
  request = new AbortController();
  const { signal } = request;
  const place = placeAt(location.hash);
  document.body.setAttribute("aria-busy", "true");
  try {
    if (place === null)
      await showWelcome(moveFocus);
    else if (place.relation === undefined)
      await showEntity(place.entity, signal, moveFocus);
    else
      await showAnswers(place, signal, moveFocus);
  } catch (error) {
    if (isAborted(error))
      return;
    showFault(error, moveFocus);
  }
  document.body.removeAttribute("aria-busy");
}

// What is known is there at once, what is predicted as soon as the model has been asked.
async function showEntity(id, signal, moveFocus) {
  const known = await load(id, signal, { predict: 0 });
  const head = show(known);
  if (moveFocus)
    byId("name").focus({ preventScroll: true });
  document.body.removeAttribute("aria-busy");
  showFacts(known, byRelation(known), { isPending: true });
  showDrawing(known, byRelation(known));
  try {
    head(await load(id, signal));
  } catch (error) {
    if (isAborted(error))
      throw error;
    showFacts(known, byRelation(known));
    tellFault(error);
  }
}

function show(entity) {
  document.title = `${entity.name} · Kalm`;
  byId("name").textContent = entity.name;
  byId("text").textContent = entity.text;
  byId("about").replaceChildren(...(typeOf(entity) ? [dot(entity), typeOf(entity), " · "] : []), entity.id,
    ...(entity.added ? [" · added by a client ", button("Delete", remove, { class: "small" })] : []));
  only("head");
  const other = entity.known[0]?.entity.name;
  suggest([...(other ? [`What is the relation between ${entity.name} and ${other}?`] : []), `Where is ${entity.name}?`]);
  checkAbout(entity);
  return (whole) => {
    const rows = byRelation(whole);
    showFacts(whole, rows);
    showDrawing(whole, rows);
  };

  async function remove(event) {
    try {
      await deleteEntity(entity.id);
      location.hash = "#/";
    } catch (error) {
      event.target.after(` ${error.message}`);
    }
  }
}

async function showAnswers(place, signal, moveFocus) {
  const words = await showQuery(place, relations(), entityCount(), signal);
  only("query");
  byId("answers").hidden = false;
  document.title = `${words} · Kalm`;
  if (moveFocus)
    byId("query-title").focus({ preventScroll: true });
}

async function showWelcome(moveFocus) {
  document.title = "Kalm";
  only("welcome");
  if (moveFocus)
    byId("welcome-title").focus({ preventScroll: true });
  await learnGraph();
  showCounts(model);
  suggest(questions());
  await showReviewed();
}

function showFault(error, moveFocus) {
  only("entity-fault");
  const title = make("h1", { tabindex: "-1" }, error.status === 404 ? "Not found" : "That did not work");
  tellFault(error, title);
  if (moveFocus)
    title.focus({ preventScroll: true });
}

function tellFault(error, ...title) {
  const again = button("Try again", () => open({ moveFocus: true }));
  const home = make("a", { href: "#/" }, "Begin anew");
  fault.replaceChildren(...title, make("p", {}, error.message), error.isPassing ? again : make("p", {}, home));
  fault.hidden = false;
}

function only(id) {
  for (const part of ["welcome", "entity-fault", "head", "query"])
    byId(part).hidden = part !== id;
  document.body.dataset.place = id;
  byId("facts").hidden = true;
  byId("answers").hidden = true;
  if (id !== "head")
    hideDrawing();
}

// Tells how far the model is until it is ready, then opens what the address says.
async function whenReady() {
  const bar = byId("loading-progress");
  for (;;) {
    try {
      const state = await health();
      model = state.model;
      byId("served").textContent = state.entities === null ? model : `${model} · ${count(state.entities)} entities`;
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
startWelcome();
await whenReady();
startCheck((await learnGraph()).relations);
window.addEventListener("hashchange", () => {
  window.scrollTo(0, 0);
  open({ moveFocus: true });
});
await open({ moveFocus: false });
