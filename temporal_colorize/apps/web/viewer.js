// element, trigger, props and watch are Gradio's, see its "Custom HTML components".
const find = (part) => element.querySelector(part);
const stage = find(".stage"), marks = find(".marks"), divide = find(".divide");
const shown = () => JSON.parse(props.value || "{}");
let stroke = null, cross = null;

const at = (event) => {
  const box = stage.getBoundingClientRect();
  const share = (value, length) => Math.min(1, Math.max(0, value / length));
  return [share(event.clientX - box.left, box.width), share(event.clientY - box.top, box.height)];
};
const draw = (kind, attributes) => {
  const shape = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const name in attributes) shape.setAttribute(name, attributes[name]);
  marks.append(shape);
  return shape;
};
const points = (places) => {
  const { width, height } = marks.viewBox.baseVal;
  return places.map(([x, y]) => `${x * width},${y * height}`).join(" ");
};
const paint = () => {
  const { width = 1, height = 1, marks: given = [], radius = 8 } = shown();
  marks.setAttribute("viewBox", `0 0 ${width} ${height}`);
  marks.replaceChildren();
  for (const mark of given) draw(mark.kind, mark.attributes);
  if (stroke) {
    draw("polyline", { points: points(stroke), class: "stroke", "stroke-width": 2 * radius });
  }
  if (cross) {
    const [x, y] = [cross[0] * width, cross[1] * height], arm = width / 40;
    draw("path", { d: `M${x - arm} ${y}h${2 * arm}M${x} ${y - arm}v${2 * arm}`, class: "cross" });
  }
};
const refresh = () => {
  const { grey, color, sure } = shown();
  element.querySelector(".viewer").dataset.empty = !color;
  for (const [name, source] of Object.entries({ grey, color, sure })) {
    const picture = find(`.${name}`);
    picture.hidden = !source;
    if (source && picture.src !== source) picture.src = source;
  }
  paint();
};
const split = () => stage.style.setProperty("--divide", `${divide.value}%`);
const mode = () => props.mode;
const begin = () => { stage.dataset.mode = mode(); cross = null; paint(); };

stage.addEventListener("pointerdown", (event) => {
  if (mode() !== "paint" || !shown().color) return;
  stage.setPointerCapture(event.pointerId);
  stroke = [at(event)];
  paint();
});
stage.addEventListener("pointermove", (event) => {
  if (!stroke) return;
  stroke.push(at(event));
  paint();
});
const finish = (event) => {
  if (!stroke) return;
  const places = stroke;
  stroke = null;
  if (event.type === "pointerup") trigger("stroke", { places });
};
stage.addEventListener("pointerup", finish);
stage.addEventListener("pointercancel", finish);
stage.addEventListener("click", (event) => {
  if (!shown().color || mode() === "paint") return;
  if (mode() !== "look") return trigger("pick", { place: at(event) });
  divide.value = 100 * at(event)[0];
  split();
});
stage.addEventListener("keydown", (event) => {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (!shown().color || mode() === "look") return;
  if (event.key in steps) {
    const step = event.shiftKey ? 0.05 : 0.01, [x, y] = cross || [0.5, 0.5];
    cross = [x + step * steps[event.key][0], y + step * steps[event.key][1]].map((to) => Math.min(1, Math.max(0, to)));
    paint();
  } else if ((event.key === "Enter" || event.key === " ") && cross) {
    mode() === "paint" ? trigger("stroke", { places: [cross] }) : trigger("pick", { place: cross });
  } else return;
  event.preventDefault();
});
divide.addEventListener("input", split);
watch("value", refresh);
watch("mode", begin);
split();
begin();
refresh();
