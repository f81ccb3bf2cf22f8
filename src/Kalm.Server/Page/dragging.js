// Moves names and the ground by pointer. What moved a little was a click.

const SLACK = 4;
const WHEEL = 1.0015;

export function startDragging(svg, drawn) {
  let drag = null;
  let wasDragged = false;

  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !drawn() || event.target.closest(".plus"))
      return;
    drag = { id: event.pointerId, node: event.target.closest("a")?.node ?? null, x: event.clientX, y: event.clientY, isMoving: false };
    wasDragged = false;
  });
  svg.addEventListener("pointermove", (event) => {
    if (drag?.id !== event.pointerId || !drawn())
      return;
    const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.isMoving && Math.hypot(x, y) < SLACK)
      return;
    if (!drag.isMoving)
      svg.setPointerCapture(event.pointerId);
    [drag.isMoving, wasDragged, drag.x, drag.y] = [true, true, event.clientX, event.clientY];
    const { view } = drawn();
    if (drag.node) {
      view.move(drag.node, x / view.scale, y / view.scale);
    } else {
      [view.x, view.y] = [view.x + x, view.y + y];
      view.show();
    }
  });
  for (const end of ["pointerup", "pointercancel"])
    svg.addEventListener(end, () => drag = null);
  svg.addEventListener("click", (event) => {
    if (wasDragged) {
      event.preventDefault();
      event.stopPropagation();
    }
    wasDragged = false;
  }, { capture: true });
  svg.addEventListener("dragstart", (event) => event.preventDefault());
  // The wheel alone scrolls the page, as everywhere.
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey || !drawn())
      return;
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    drawn().view.zoom(WHEEL ** -event.deltaY, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
}
