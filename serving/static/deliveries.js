"use strict";
// Uploads that go on where they were broken off. Without it the page says what else can be done.
(() => {
  const MEGABYTE = 1e6;
  const PIECE = 48 * MEGABYTE;
  const DELAYS = [0, 1000, 3000, 5000, 10000, 20000, 30000, 60000];

  // what the server says is wrong, in the visitor's language
  const said = (error) => {
    const body = error.originalResponse?.getBody();
    if (!body) return null;
    try {
      const details = JSON.parse(body);
      return [details.detail, details.remedy].filter(Boolean).join(" ");
    } catch {
      return null;
    }
  };

  const begin = (form) => {
    const sending = form.querySelector(".sending");
    const status = sending.querySelector(".said");
    const bar = sending.querySelector("progress");
    const pause = sending.querySelector(".pause");
    const failed = form.querySelector(".failed");
    const send = form.querySelector("button.primary");
    let upload = null;
    let told = 0;

    const running = (is) => {
      send.disabled = is;
      sending.hidden = !is;
      for (const field of form.elements) if (field !== pause && field !== send) field.disabled = is;
    };
    const leaving = (event) => event.preventDefault();
    const ended = () => window.removeEventListener("beforeunload", leaving);

    pause.addEventListener("click", () => {
      const paused = pause.dataset.paused === "yes";
      pause.dataset.paused = paused ? "" : "yes";
      pause.textContent = paused ? form.dataset.pause : form.dataset.resume;
      if (paused) upload.start(); else upload.abort();
    });

    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const file = form.querySelector("input[type=file]").files[0];
      if (!file) return;
      failed.hidden = true;
      const metadata = { filename: file.name };
      for (const field of form.elements) if (field.name && field.value) metadata[field.name] = field.value;
      upload = new tus.Upload(file, {
        endpoint: form.dataset.uploads,
        headers: { "X-CSRF-Token": form.dataset.csrf },
        metadata,
        chunkSize: PIECE,
        retryDelays: DELAYS,
        removeFingerprintOnSuccess: true,
        // the same file with other answers is another upload
        fingerprint: async () => ["vitrina", form.dataset.uploads, file.size, file.lastModified, JSON.stringify(metadata)].join(" "),
        onShouldRetry: (error) => {
          const code = error.originalResponse?.getStatus() ?? 0;
          const again = code === 0 || code === 409 || code === 423 || code === 429 || (code >= 500 && code !== 507);
          if (again) status.textContent = form.dataset.again;
          return again;
        },
        onProgress: (done, all) => {
          const share = all ? (100 * done) / all : 100;
          bar.value = share;
          // screen readers are told now and then, not with every packet
          if (share - told >= 5 || share === 100 || told === 0 || all < PIECE) {
            told = share;
            const written = (bytes) => (bytes / MEGABYTE).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
            status.textContent = form.dataset.said.replace("{done}", written(done)).replace("{all}", written(all));
          }
        },
        onError: (error) => {
          ended();
          running(false);
          failed.textContent = said(error) ?? form.dataset.failed;
          failed.hidden = false;
          console.warn(String(error));
        },
        onSuccess: () => {
          ended();
          location.assign(form.dataset.then + upload.url.split("/").pop());
        },
      });
      const earlier = await upload.findPreviousUploads();
      if (earlier.length > 0) upload.resumeFromPreviousUpload(earlier[0]);
      running(true);
      told = 0;
      window.addEventListener("beforeunload", leaving);
      upload.start();
    });
  };

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("form.upload").forEach(begin));
})();
