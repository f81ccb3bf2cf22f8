// The search field at the top, which leads to what it finds. A slash goes to it.

import { combobox } from "./combobox.js";
import { addressOf, byId } from "./dom.js";

export function startSearch() {
  const field = byId("search");
  const open = (entity) => {
    field.value = "";
    location.hash = addressOf(entity.id);
  };
  open.always = true;
  const { find } = combobox({ field, list: byId("found"), note: byId("found-note"), box: byId("found-box"), take: open });
  field.addEventListener("focus", find);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select"))
      return;
    event.preventDefault();
    field.focus();
  });
}
