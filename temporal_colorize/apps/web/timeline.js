// element, trigger, props and watch are Gradio's, see its "Custom HTML components".
const [bar, graph, said] = ["input", ".graph", "output"].map((part) => element.querySelector(part));
const read = () => JSON.parse(props.value || "{}");
const say = () => { said.textContent = `${Number(bar.value).toFixed(2)} s`; };
let held = false, sent = null;

const refresh = () => {
  const { graph: drawn = "", seconds = 0, time = 0, ready = false } = read();
  graph.innerHTML = drawn;
  bar.max = seconds;
  bar.disabled = !ready;
  if (!held) bar.value = time;
  element.querySelector(".timeline").hidden = !drawn;
  say();
};
const seek = () => {
  held = false;
  if (bar.value !== sent) trigger("seek", { time: Number(bar.value) });
  sent = bar.value;
};
bar.addEventListener("input", () => { held = true; sent = null; say(); });
bar.addEventListener("change", seek);
graph.addEventListener("click", (event) => {
  if (bar.disabled) return;
  const box = graph.getBoundingClientRect();
  bar.value = bar.max * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  sent = null;
  say();
  seek();
});
watch("value", refresh);
refresh();
