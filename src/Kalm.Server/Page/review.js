// The review queue: suggested facts to accept, correct or reject.

import { addressOf, byId, make, percent } from "./dom.js";
import { isAborted, review, suggestions, takeBack } from "./service.js";

const button = byId("review-button");
const note = byId("review-note");
const list = byId("review");

let turn = 0;

export function startReview() {
  button.addEventListener("click", find);
}

async function find() {
  button.disabled = true;
  note.textContent = "Asking the model about some entities…";
  try {
    const found = await suggestions(++turn);
    list.replaceChildren(...found.map(row));
    note.textContent = found.length === 0 ? "Nothing worth a look was found this time." : "";
    button.textContent = "Find others";
  } catch (error) {
    note.textContent = isAborted(error) ? "" : error.message;
  }
  button.disabled = false;
}

function row({ head, relation, tail, fact_probability: probability, support }) {
  const corrected = make("input", { type: "text", value: tail.id, "aria-label": "The right tail, by id or name", hidden: "" });
  const said = make("span", { class: "quiet", role: "status" });
  const accept = make("button", { type: "button" }, "Accept");
  const correct = make("button", { type: "button" }, "Correct");
  const reject = make("button", { type: "button" }, "Reject");
  const undo = make("button", { type: "button", hidden: "" }, "Undo");
  let id = null;
  const show = (isOpen, words) => {
    for (const choice of [accept, correct, reject])
      choice.hidden = !isOpen;
    undo.hidden = isOpen;
    said.textContent = words;
  };
  const attempt = async (act) => {
    try {
      await act();
    } catch (error) {
      said.textContent = error.message;
    }
  };
  const say = (isAccepted) => attempt(async () => {
    const other = isAccepted && !corrected.hidden ? corrected.value.trim() : tail.id;
    id = await review({ head: head.id, relation: relation.id, tail: other }, isAccepted);
    corrected.hidden = true;
    show(false, isAccepted ? other === tail.id ? "Accepted." : `Accepted with ${other}.` : "Rejected.");
  });
  accept.addEventListener("click", () => say(true));
  reject.addEventListener("click", () => say(false));
  correct.addEventListener("click", () => {
    corrected.hidden = !corrected.hidden;
    if (!corrected.hidden)
      corrected.focus();
  });
  undo.addEventListener("click", () => attempt(async () => {
    await takeBack(id);
    show(true, "Taken back.");
  }));
  const like = support[0];
  return make("li", {},
    make("p", {}, link(head), ` ${relation.text} `, link(tail), ` · ${percent(probability)}`),
    ...(like ? [make("p", { class: "quiet" }, `like ${like.head.name} ${like.relation.text} ${like.tail.name}`)] : []),
    make("p", { class: "choices" }, accept, correct, reject, corrected, undo, said));
}

const link = (entity) => make("a", { href: addressOf(entity.id) }, entity.name);
