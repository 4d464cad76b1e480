/* What the card helper asks: a secret, yes or no, one of several. Each promise is the answer, or null: cancelled. */
import { part, place, show, say, word } from "./card-show.js";

const input = document.getElementById("card-secret");
const again = document.getElementById("card-secret-again");
let giveUp = null;

export function cancelQuestion() {
  if (giveUp) {
    giveUp();
  }
}

/* Shows the part until it is sent or given up. read() returns an answer, or undefined: it is not yet one. */
function question(name, focus, read) {
  const form = part(name);
  return new Promise((resolve) => {
    function close(answer) {
      form.removeEventListener("submit", send);
      giveUp = null;
      show(name, false);
      resolve(answer);
    }
    function send(event) {
      event.preventDefault();
      const answer = read();
      if (answer !== undefined) {
        close(answer);
      }
    }
    cancelQuestion();
    giveUp = () => close(null);
    form.addEventListener("submit", send);
    show(name);
    focus.focus();
  });
}

function complain(text) {
  const error = place("secret-error");
  error.hidden = text === "";
  error.textContent = text;
  input.setAttribute("aria-invalid", text === "" ? "false" : "true");
  if (text !== "") {
    input.focus();
  }
}

function clearSecret() {
  input.value = "";
  again.value = "";
  complain("");
}

function wrongWith(kind) {
  if (input.value === "") {
    return word("empty");
  }
  if ((kind === "pin" || kind === "new-pin") && !/^[0-9]{6,8}$/.test(input.value)) {
    return word("pin-form");
  }
  return kind === "new-pin" && input.value !== again.value ? word("pin-different") : "";
}

export async function askSecret(event) {
  const kind = event.secret, isPin = kind === "pin" || kind === "new-pin";
  clearSecret();
  place("secret-label").textContent = event.text.replace(/[：:]\s*$/, "");
  place("secret-hint").textContent = word("hint-" + kind);
  input.inputMode = isPin ? "numeric" : "text";
  again.inputMode = "numeric";
  show("secret-again", kind === "new-pin");
  say(event.text);
  const answer = await question("secret", input, () => {
    const wrong = wrongWith(kind);
    complain(wrong);
    return wrong === "" ? { secret: input.value } : undefined;
  });
  clearSecret();
  return answer;
}

export function askConfirm(event, text) {
  place("confirm").textContent = event.text;
  place("confirm-text").hidden = !text;
  place("confirm-text").textContent = text || "";
  say(event.text);
  return question("confirm", part("confirm").querySelector("button"), () => ({ yes: true }));
}

export function askChoice(event) {
  const options = place("options");
  place("choose").textContent = event.text;
  say(event.text);
  options.replaceChildren(...event.options.map((option, i) => {
    const holder = document.createElement("div"), radio = document.createElement("input"), label = document.createElement("label");
    holder.className = "choice";
    radio.type = "radio";
    radio.name = "card-option";
    radio.id = "card-option-" + i;
    radio.value = String(i);
    radio.checked = i === 0;
    label.htmlFor = radio.id;
    label.textContent = option.name;
    holder.append(radio, label);
    return holder;
  }));
  return question("choose", options.querySelector("input"),
                  () => ({ chosen: Number(options.querySelector("input:checked").value) }));
}
