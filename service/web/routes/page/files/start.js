// What happens when: the form predicts, and figures are shown with a key.

import { clearAnswer, showAnswer, showRefusal } from "./answer.js";
import { showCommands } from "./commands.js";
import { describeDrift } from "./drift.js";
import { find, make } from "./elements.js";
import { describeMetrics, describeVersion } from "./figures.js";
import { matchNulls, readBody } from "./instance.js";
import { ask, Refusal } from "./service.js";

const AGAIN_MILLISECONDS = 15_000;

const PANELS = [["version-figures", describeVersion], ["live-figures", describeMetrics], ["drift-figures", describeDrift]];

const predict = find("predict"), figures = find("figures");

// A press while an answer is under way would ask twice.
async function holdButton(form, action) {
  const button = form.querySelector("[type=submit]");
  if (button.disabled) return;
  button.disabled = true;
  try {
    await action();
  } finally {
    button.disabled = false;
  }
}

function showChange() {
  matchNulls();
  showCommands();
}

predict.addEventListener("submit", (event) => {
  event.preventDefault();
  holdButton(predict, async () => {
    clearAnswer();
    try {
      const headers = { "Content-Type": "application/json" };
      showAnswer(await ask("v1/predict", { method: "POST", headers, body: readBody() }));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      showRefusal(error);
    }
  });
});
predict.addEventListener("input", showChange);
predict.addEventListener("reset", () => {
  clearAnswer();
  setTimeout(showChange); // once the browser has put the values back
});

// Each panel shows its figures, or why this key does not open them. Where the key itself
// is refused, or nothing answers, no other panel asks.
async function showFigures() {
  let state = `As of ${new Date().toLocaleTimeString()}.`;
  for (const [id, show] of PANELS) {
    try {
      find(id).replaceChildren(...await show());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const isOfPanel = error.status === 403 || error.status === 404;
      find(id).replaceChildren(...isOfPanel ? [make("p", { class: "hint" }, error.message)] : []);
      if (isOfPanel) continue;
      state = error.message;
      break;
    }
  }
  find("figures-state").textContent = state;
}

figures.addEventListener("submit", (event) => {
  event.preventDefault();
  holdButton(figures, showFigures);
});
setInterval(() => {
  if (find("again").checked && !document.hidden) holdButton(figures, showFigures);
}, AGAIN_MILLISECONDS);

find("key-form").addEventListener("submit", (event) => event.preventDefault());

find("without-script").remove();
for (const fieldset of document.querySelectorAll("fieldset")) fieldset.disabled = false;
showChange();
