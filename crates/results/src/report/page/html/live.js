// ---- a run goes on: the page loads itself again, and the reader stays where they are ----
(() => {
  const KEY = `pt4al-live ${location.pathname}`;
  const folds = () => [...document.querySelectorAll("section > details")];
  const paused = () => pause.getAttribute("aria-pressed") === "true";
  const keep = () => {
    const open = folds().filter((fold) => fold.open).map((fold) => fold.parentElement.id);
    const known = folds().map((fold) => fold.parentElement.id);
    // Storage may be forbidden; then the page begins at its top.
    try { sessionStorage.setItem(KEY, JSON.stringify({ top: scrollY, open, known, paused: paused() })); } catch { /* as it is */ }
  };

  const time = document.getElementById("updated");
  const minutes = Math.round((Date.now() - new Date(time.dateTime)) / 60000);
  // A run that was killed leaves its last page behind.
  time.textContent = new Date(time.dateTime).toLocaleTimeString() + (minutes > 1 ? ` (${minutes} min ago)` : "");
  const pause = document.createElement("button");
  pause.type = "button";
  const show = (isPaused) => {
    pause.setAttribute("aria-pressed", isPaused);
    pause.textContent = isPaused ? "Paused: update again" : "Pause updates";
  };
  show(false);
  document.getElementById("run").append(pause);

  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY));
    if (kept) {
      for (const fold of folds()) {
        // A section that was not there before keeps its own state.
        if (kept.known.includes(fold.parentElement.id)) fold.open = kept.open.includes(fold.parentElement.id);
      }
      show(kept.paused);
      scrollTo({ top: kept.top, behavior: "instant" });
    }
  } catch { /* nothing was kept */ }

  addEventListener("pagehide", keep);
  const again = () => {
    if (paused() || document.hidden) return;
    keep();
    location.reload();
  };
  setInterval(again, SECONDS * 1000);
  document.addEventListener("visibilitychange", again);
  pause.addEventListener("click", () => { show(!paused()); keep(); again(); });
})();
