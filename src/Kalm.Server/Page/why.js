// Why a fact is believed or not, and what a person says of it: accepted, rejected, taken back.

import { button, make, percent } from "./dom.js";
import { isAborted, review, takeBack, verify } from "./service.js";
import { entityLink } from "./types.js";

const VERDICTS = { true: "True", false: "False", unknown: "Not sure enough to say" };

// A button that shows below it why a fact is so; head, relation and tail are ids or names.
export function whyButton(fact, name, canChoose = true) {
  const place = make("div", { class: "why", hidden: "" });
  const ask = button("Why?", async () => {
    const isOpen = ask.getAttribute("aria-expanded") === "true";
    ask.setAttribute("aria-expanded", String(!isOpen));
    place.hidden = isOpen;
    if (!isOpen && !place.hasChildNodes())
      await explain(fact, place, { canChoose });
  }, { class: "small", "aria-expanded": "false", "aria-label": `Why? ${name}` });
  return { ask, place };
}

// Fills a place with what speaks for a fact and against it.
export async function explain(fact, place, { signal, canChoose = true } = {}) {
  place.replaceChildren(make("p", { class: "quiet" }, "Asking the model…"));
  try {
    place.replaceChildren(...reasons(await verify(fact, signal), canChoose));
  } catch (error) {
    if (!isAborted(error))
      place.replaceChildren(make("p", { class: "fault" }, error.message));
  }
}

function reasons(said, canChoose) {
  const { head, relation, tail } = said;
  return [
    make("p", { class: "claim" }, nameOf(head), ` ${relation.text} `, nameOf(tail)),
    verdict(said),
    ...list("For", said.for.map((words) => make("li", {}, words))),
    ...list("Against", said.against.map((words) => make("li", {}, words))),
    ...list("Like it in the graph", said.explanation.map(like)),
    ...(canChoose && said.split === null && head.id !== null && tail.id !== null
      ? [choices({ head: head.id, relation: relation.id, tail: tail.id })] : []),
  ];
}

const nameOf = (entity) => entity.id === null ? entity.text : entityLink(entity);

function verdict({ verdict: word, probability, threshold, split }) {
  const line = make("p", { class: "verdict" }, make("strong", { class: `is-${word}` }, split === "added" ? "Accepted" : split ? "Known" : VERDICTS[word]));
  if (split)
    line.append(split === "added" ? " on this service" : ` in ${split}`);
  else if (probability !== null)
    line.append(` · true with a probability of ${percent(probability)}${threshold === null ? "" : `; stated from ${percent(threshold)} on`}`);
  return line;
}

function list(title, items) {
  return items.length === 0 ? [] : [make("p", { class: "what" }, title), make("ul", {}, ...items)];
}

// A fact of the graph that is like the one asked about.
export function like({ head, relation, tail, similarity }) {
  return make("li", {}, entityLink(head), ` ${relation.text} `, entityLink(tail),
    make("span", { class: "percent", title: "How like it is: the mean of two cosines" }, ` ${similarity.toFixed(2)}`));
}

// Accept, reject, undo. What is said is told to those who listen on the document.
export function choices(fact, more = []) {
  const said = make("span", { class: "quiet", role: "status" });
  let id = null;
  const show = (isOpen, words) => {
    for (const choice of [accept, reject, ...more])
      choice.hidden = !isOpen;
    undo.hidden = isOpen;
    said.textContent = words;
    document.dispatchEvent(new Event("reviewed"));
  };
  const attempt = async (act) => {
    try {
      await act();
    } catch (error) {
      said.textContent = error.message;
    }
  };
  const say = (isAccepted) => attempt(async () => {
    const chosen = isAccepted ? fact : { ...fact, tail: fact.proposed ?? fact.tail };
    id = await review({ head: chosen.head, relation: chosen.relation, tail: chosen.tail }, isAccepted);
    show(false, isAccepted ? fact.words?.() ?? "Accepted." : "Rejected.");
    undo.focus();
  });
  const accept = button("Accept", () => say(true));
  const reject = button("Reject", () => say(false));
  const undo = button("Undo", () => attempt(async () => {
    await takeBack(id);
    show(true, "Taken back.");
    accept.focus();
  }), { hidden: "" });
  return make("p", { class: "choices" }, accept, reject, ...more, undo, said);
}
