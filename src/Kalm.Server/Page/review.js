// The review queue: suggested facts to accept, correct or reject, and what has been said so far.

import { picker } from "./combobox.js";
import { button, byId, count, make, percent } from "./dom.js";
import { isAborted, reviewed, suggestions, takeBack } from "./service.js";
import { entityLink } from "./types.js";
import { choices, whyButton } from "./why.js";

const MOST = 50;

const find = byId("review-button");
const note = byId("review-note");
const list = byId("review");

let turn = 0;

export function startReview() {
  find.addEventListener("click", more);
  document.addEventListener("reviewed", showReviewed);
}

async function more() {
  if (find.getAttribute("aria-disabled") === "true")
    return;
  find.setAttribute("aria-disabled", "true");
  note.textContent = "Asking the model about some entities…";
  try {
    const found = await suggestions(++turn);
    list.replaceChildren(...found.map(row));
    note.textContent = found.length === 0 ? "Nothing worth a look was found this time." : "";
    find.textContent = "Find others";
  } catch (error) {
    note.textContent = isAborted(error) ? "" : error.message;
  }
  find.removeAttribute("aria-disabled");
}

function row({ head, relation, tail, fact_probability: probability, support }) {
  const other = picker("The right tail");
  other.element.hidden = true;
  const fact = { head: head.id, relation: relation.id, proposed: tail.id, tail: tail.id };
  const correct = button("Correct", () => {
    other.element.hidden = !other.element.hidden;
    if (!other.element.hidden)
      other.field.focus();
  });
  Object.defineProperty(fact, "tail", { get: () => other.element.hidden || other.value() === "" ? tail.id : other.value() });
  fact.words = () => {
    const words = fact.tail === tail.id ? "Accepted." : `Accepted with ${other.field.value}.`;
    other.element.hidden = true;
    return words;
  };
  const why = whyButton({ head: head.id, relation: relation.id, tail: tail.id }, `${head.name} ${relation.text} ${tail.name}`, false);
  const said = choices(fact, [correct]);
  said.prepend(why.ask);
  return make("li", {},
    make("p", {}, entityLink(head), ` ${relation.text} `, entityLink(tail), " · ", make("span", { class: "percent" }, percent(probability))),
    ...(support.length > 0 ? [make("p", { class: "quiet" }, `like ${support[0].head.name} ${support[0].relation.text} ${support[0].tail.name}`)] : []),
    said, other.element, why.place);
}

// What was said so far, each to be taken back.
export async function showReviewed() {
  let found;
  try {
    found = await reviewed(MOST);
  } catch {
    // The queue works without its history.
    return;
  }
  byId("reviewed").hidden = found.facts.length === 0;
  byId("reviewed-title").textContent = `${count(found.facts.length)}${found.next ? " and more" : ""} reviewed so far`;
  byId("reviewed-list").replaceChildren(...found.facts.map(({ id, head, relation, tail, verdict }) => {
    const name = `${head.name} ${relation.text} ${tail.name}`;
    const undo = button("Undo", async () => {
      try {
        await takeBack(id);
        await showReviewed();
        byId(byId("reviewed").hidden ? "review-button" : "reviewed-title").focus();
      } catch (error) {
        undo.textContent = error.message;
      }
    }, { class: "small", "aria-label": `Undo: ${name}` });
    return make("li", {}, `${verdict}: `, entityLink(head), ` ${relation.text} `, entityLink(tail), " ", undo);
  }));
}
