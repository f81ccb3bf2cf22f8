// The facts of an entity, a row a relation: what is known on the left, what is predicted on the right.

import { bar, button, byId, count, make, percent, queryAddress } from "./dom.js";
import { entity as load } from "./service.js";
import { entityLink } from "./types.js";
import { whyButton } from "./why.js";

const FIRST = 12;
const MORE = 100;

const place = byId("facts");

// Relations in the order of the service, the known ones first.
export function byRelation(entity) {
  const rows = new Map();
  const rowOf = (relation) => {
    const key = `${relation.inverse} ${relation.id}`;
    if (!rows.has(key))
      rows.set(key, { relation, text: relation.text, known: [], total: 0, predicted: [] });
    return rows.get(key);
  };
  for (const fact of entity.known)
    rowOf(fact.relation).known.push(fact);
  for (const { relation, facts } of entity.known_relations ?? [])
    rowOf(relation).total = facts;
  for (const { relation, answers } of entity.predicted)
    rowOf(relation).predicted.push(...answers);
  return [...rows.values()];
}

// While the model is still asked, what is known is there already.
export function showFacts(entity, rows, { isPending = false } = {}) {
  const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  place.hidden = false;
  if (isPending)
    place.setAttribute("aria-busy", "true");
  else
    place.removeAttribute("aria-busy");
  if (rows.length === 0) {
    place.replaceChildren(make("p", { class: "quiet" }, isPending ? "Asking the model…" : "Nothing is known or predicted of it."));
    return;
  }
  place.replaceChildren(
    make("div", { class: "kinds", "aria-hidden": "true" }, make("span", { class: "known" }, "Known"),
      make("span", { class: "predicted" }, isPending ? "Predicted: asking the model…" : "Predicted")),
    ...rows.map((row) => relationRow(entity, row)));
  if (focused)
    [...place.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus({ preventScroll: true });
}

function relationRow(entity, { relation, text, known, total, predicted }) {
  const row = make("section", { class: "relation" },
    make("h2", {}, make("a", { href: queryAddress(entity.id, relation), title: "All that the model answers" }, text)));
  if (known.length > 0)
    row.append(knownList(entity, relation, known, Math.max(total, known.length)));
  const stated = predicted.filter(isStated);
  const unsure = predicted.filter((fact) => !isStated(fact));
  if (stated.length > 0)
    row.append(make("ul", { class: "predicted", "aria-label": "Predicted" }, ...stated.map((fact) => prediction(entity, relation, fact))));
  if (unsure.length > 0)
    row.append(make("details", { class: "predicted unsure" },
      make("summary", {}, stated.length > 0 ? "Less sure" : "Not sure enough to say"),
      make("ul", { "aria-label": "Not sure enough to say" }, ...unsure.map((fact) => prediction(entity, relation, fact)))));
  return row;
}

function knownList(entity, relation, facts, total) {
  const list = make("ul", { class: "known", "aria-label": "Known" }, ...facts.slice(0, FIRST).map(knownFact));
  let loaded = facts.slice(FIRST);
  let shown = Math.min(facts.length, FIRST);
  const label = () => `${count(total - shown)} more`;
  const more = button(label(), async () => {
    more.disabled = true;
    try {
      const next = loaded.length > 0 ? loaded
        : (await load(entity.id, undefined, { relation: relation.inverse ? relation.text : relation.id, skip: shown, limit: MORE, predict: 0 })).known;
      loaded = [];
      shown += next.length;
      const items = next.map(knownFact);
      more.parentNode.before(...items);
      items[0]?.querySelector("a").focus();
      more.textContent = label();
      if (shown >= total || next.length === 0)
        more.parentNode.remove();
    } catch (error) {
      more.textContent = error.message;
    }
    more.disabled = false;
  });
  if (total > shown)
    list.append(make("li", {}, more));
  return list;
}

function knownFact({ entity, split }) {
  const item = make("li", {}, entityLink(entity));
  if (split === "added")
    item.append(" ", make("span", { class: "split", title: "Accepted on this service" }, "accepted"));
  else if (split !== "train")
    item.append(" ", make("span", { class: "split", title: `Held out from training: in the ${split} split` }, split));
  return item;
}

// Only what is sure enough is stated as a fact.
export const isStated = ({ verdict }) => verdict === "true";

function prediction(from, relation, { entity, fact_probability: sure, probability: place }) {
  const probability = sure ?? place;
  const [head, tail] = relation.inverse ? [entity, from] : [from, entity];
  const why = whyButton({ head: head.id, relation: relation.id, tail: tail.id }, `${from.name} ${relation.text} ${entity.name}`);
  return make("li", {}, entityLink(entity), bar(probability), make("span", { class: "percent" }, percent(probability)), why.ask, why.place);
}
