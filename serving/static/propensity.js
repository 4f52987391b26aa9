"use strict";
// The budget's slider and its field show the same number; in between, small budgets get as much room as large ones.
(() => {
  const STEPS = 1000;

  const rounded = (value) => {
    const step = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
    return Math.round(value / step) * step;
  };

  document.addEventListener("DOMContentLoaded", () => {
    const form = document.querySelector("form.budget");
    if (!form) return;
    const field = form.querySelector("#contacts");
    const slider = form.querySelector("#budget-slider");
    const most = Math.max(1, Number(form.dataset.most));
    const contactsAt = (place) => (place >= STEPS ? most : Math.min(most, Math.max(1, rounded(most * (place / STEPS) ** 2))));
    const placeOf = (contacts) => Math.round(STEPS * Math.sqrt(Math.min(most, Math.max(0, contacts)) / most));
    const tell = () => { slider.setAttribute("aria-valuetext", new Intl.NumberFormat(document.documentElement.lang).format(Number(field.value))); };

    slider.min = 0;
    slider.max = STEPS;
    slider.value = placeOf(Number(field.value));
    slider.disabled = false;
    tell();
    slider.addEventListener("input", () => { field.value = contactsAt(Number(slider.value)); tell(); });
    field.addEventListener("input", () => { slider.value = placeOf(Number(field.value)); tell(); });
  });
})();
