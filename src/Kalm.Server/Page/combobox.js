// A field that finds entities as one types. Arrows choose, Enter takes, Escape closes.

import { make } from "./dom.js";
import { isAborted, search } from "./service.js";
import { dot, hasTypes, typeOf } from "./types.js";

const PAUSE = 150;
const MOST = 8;

const REASONS = { alias: "also called so", spelling: "spelt like it", text: "in its description" };

let made = 0;

// A field with its list below; value() is the id that was chosen, or else what was typed.
export function picker(label) {
  const id = `picked-${++made}`;
  const field = make("input", {
    type: "text", role: "combobox", "aria-label": label, placeholder: label, autocomplete: "off", autocapitalize: "off", spellcheck: "false",
    "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id,
  });
  const list = make("ul", { id, role: "listbox", "aria-label": `${label}: entities found` });
  const note = make("p", { role: "status", class: "quiet" });
  const box = make("div", { class: "found", hidden: "" }, list, note);
  let chosen = null;
  const choose = (entity) => {
    chosen = entity;
    field.value = entity?.name ?? "";
  };
  combobox({ field, list, note, box, take: choose });
  return { element: make("div", { class: "search" }, field, box), field, choose, value: () => chosen?.name === field.value ? chosen.id : field.value.trim() };
}

export function combobox({ field, list, note, box, take }) {
  let found = [];
  let foundFor = "";
  let active = -1;
  let timer = 0;
  let request = new AbortController();

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
  // A click must not take the focus, or the list would be gone before it counts.
  box.addEventListener("mousedown", (event) => event.preventDefault());
  return { find: () => words() !== "" && find() };

  function words() {
    return field.value.trim();
  }

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
      show(entities.length === 0 ? `Nothing is called “${asked}”.`
        : entities[0].found_by === "name" ? "" : `Nothing is called “${asked}”; nearest to it:`);
    } catch (error) {
      if (isAborted(error))
        return;
      [found, foundFor] = [[], ""];
      show(error.message);
    }
  }

  function show(said) {
    list.replaceChildren(...found.map((entity, index) => {
      const option = make("li", { role: "option", id: `${list.id}-${index}`, "aria-selected": "false" }, title(entity),
        make("span", { class: "text" }, entity.text));
      option.addEventListener("click", () => choose(entity));
      return option;
    }));
    list.hidden = found.length === 0;
    note.textContent = said;
    note.hidden = said === "";
    box.hidden = false;
    field.setAttribute("aria-expanded", "true");
    mark(-1);
  }

  function close() {
    box.hidden = true;
    field.setAttribute("aria-expanded", "false");
    mark(-1);
  }

  function mark(index) {
    active = index;
    [...list.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === index)));
    if (index < 0) {
      field.removeAttribute("aria-activedescendant");
      return;
    }
    field.setAttribute("aria-activedescendant", list.children[index].id);
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
      mark((active + 1 + (event.key === "ArrowDown" ? 1 : places - 1)) % places - 1);
    } else if (event.key === "Enter" && words() !== "" && (take.always || !box.hidden)) {
      event.preventDefault();
      if (active < 0 && foundFor !== words())
        await find();
      if (foundFor !== words())
        return;
      const entity = found[Math.max(active, 0)];
      if (entity)
        choose(entity);
    } else if (event.key === "Escape") {
      event.preventDefault();
      cancel();
      if (box.hidden)
        field.value = "";
      else
        close();
    }
  }

  function choose(entity) {
    cancel();
    close();
    take(entity);
  }
}

function title(entity) {
  const line = make("span", { class: "name" }, ...(hasTypes() ? [dot(entity)] : []), entity.name);
  const beside = [typeOf(entity), REASONS[entity.found_by]].filter(Boolean).join(" · ");
  if (beside)
    line.append(" ", make("span", { class: "kind" }, beside));
  return line;
}
