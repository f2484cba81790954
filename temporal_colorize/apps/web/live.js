// element, props and watch are Gradio's, see its "Custom HTML components".
const refresh = () => {
  const shown = JSON.parse(props.value || "{}");
  element.querySelector(".live").hidden = !shown.color;
  for (const name of ["grey", "color"]) {
    const picture = element.querySelector(`.${name}`);
    picture.hidden = !shown[name];
    if (shown[name]) picture.src = shown[name];
  }
};
watch("value", refresh);
refresh();
