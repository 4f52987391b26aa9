"use strict";
// What pages do in the browser beside HTMX: charts, values beside sliders, announcements. Without it they can still be read.
(() => {
  const chartsAddress = document.currentScript.dataset.charts;
  let loading = null;

  const loadCharts = () => {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = chartsAddress;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
    return loading;
  };

  const draw = async (root) => {
    const figures = [...root.querySelectorAll("figure.chart:not([data-drawn])")];
    if (figures.length === 0) return;
    figures.forEach((figure) => { figure.dataset.drawn = "soon"; });
    await loadCharts();
    for (const figure of figures) {
      const specification = JSON.parse(figure.querySelector("script.specification").textContent);
      await globalThis.vitrinaEmbed(figure.querySelector(".drawing"), specification, {
        actions: false, renderer: "svg", defaultStyle: false, tooltip: { disableDefaultStyle: true }, mode: "vega-lite",
      });
      figure.dataset.drawn = "yes";
    }
  };

  // <input type="range" data-shows="id of an output">
  const follow = (root) => {
    for (const slider of root.querySelectorAll("input[type=range][data-shows]")) {
      const output = document.getElementById(slider.dataset.shows);
      const show = () => { output.textContent = slider.value; };
      slider.addEventListener("input", show);
      show();
    }
    for (const field of root.querySelectorAll("[data-submits]")) {
      field.addEventListener("change", () => field.form.requestSubmit());
    }
    for (const form of root.querySelectorAll("form[data-asks]")) {
      form.addEventListener("submit", (event) => { if (!globalThis.confirm(form.dataset.asks)) event.preventDefault(); });
    }
  };

  const announce = (text) => { document.getElementById("announce").textContent = text; };

  const prepare = (root) => { draw(root).catch((error) => console.error(error)); follow(root); };

  document.addEventListener("DOMContentLoaded", () => prepare(document));
  document.addEventListener("htmx:afterSwap", (event) => {
    const target = document.contains(event.detail.target) ? event.detail.target : document;
    prepare(target);
    const told = target.querySelector?.("[data-announce]");
    if (told) announce(told.dataset.announce);
  });
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("figure details")) details.open = true;
  });
})();
