// The search field: finds entities as one types. Arrows choose, Enter opens, Escape closes.

import { addressOf, byId, make } from "./dom.js";
import { isAborted, search } from "./service.js";

const PAUSE = 150;
const MOST = 8;

const field = byId("search");
const box = byId("found-box");
const list = byId("found");
const note = byId("found-note");

let found = [];
let foundFor = "";
let active = -1;
let timer = 0;
let request = new AbortController();

export function startSearch() {
  field.addEventListener("input", () => {
    cancel();
    if (words() === "")
      close();
    else
      timer = setTimeout(find, PAUSE);
  });
  field.addEventListener("keydown", press);
  field.addEventListener("blur", () => {
    cancel();
    close();
  });
  field.addEventListener("focus", () => words() !== "" && find());
  // A click must not take the focus, or the list would be gone before it counts.
  box.addEventListener("mousedown", (event) => event.preventDefault());
}

const words = () => field.value.trim();

function cancel() {
  clearTimeout(timer);
  request.abort();
}

async function find() {
  const asked = words();
  cancel();
  request = new AbortController();
  try {
    const entities = await search(asked, MOST, request.signal);
    [found, foundFor] = [entities, asked];
    show(entities.length === 0 ? `Nothing is called “${asked}”.` : "");
  } catch (error) {
    if (isAborted(error))
      return;
    [found, foundFor] = [[], ""];
    show(error.message);
  }
}

function show(words) {
  list.replaceChildren(...found.map((entity, index) => {
    const option = make("li", { role: "option", id: `found-${index}`, "aria-selected": "false" },
      make("span", { class: "name" }, entity.name), make("span", { class: "text" }, entity.text));
    option.addEventListener("click", () => open(entity));
    return option;
  }));
  list.hidden = found.length === 0;
  note.textContent = words;
  note.hidden = words === "";
  box.hidden = false;
  field.setAttribute("aria-expanded", "true");
  choose(-1);
}

function close() {
  box.hidden = true;
  field.setAttribute("aria-expanded", "false");
  choose(-1);
}

function choose(index) {
  active = index;
  [...list.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === index)));
  if (index < 0) {
    field.removeAttribute("aria-activedescendant");
    return;
  }
  field.setAttribute("aria-activedescendant", `found-${index}`);
  list.children[index].scrollIntoView({ block: "nearest" });
}

async function press(event) {
  if (event.isComposing)
    return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (box.hidden && words() !== "")
      await find();
    // One place more than there are entities: the field itself.
    const places = found.length + 1;
    choose((active + 1 + (event.key === "ArrowDown" ? 1 : places - 1)) % places - 1);
  } else if (event.key === "Enter" && words() !== "") {
    event.preventDefault();
    if (active < 0 && foundFor !== words())
      await find();
    if (foundFor !== words())
      return;
    const entity = found[Math.max(active, 0)];
    if (entity)
      open(entity);
  } else if (event.key === "Escape") {
    event.preventDefault();
    cancel();
    if (box.hidden)
      field.value = "";
    else
      close();
  }
}

function open(entity) {
  cancel();
  field.value = "";
  close();
  location.hash = addressOf(entity.id);
}
