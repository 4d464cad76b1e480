/* What the page shows of a job: parts that come and go, facts of the card, results, progress. */
const desk = document.getElementById("card-desk");

export function part(name) {
  return desk.querySelector('[data-part="' + name + '"]');
}

export function place(name) {
  return desk.querySelector('[data-card="' + name + '"]');
}

export function show(name, shown = true) {
  part(name).hidden = !shown;
}

export function hideAll(...names) {
  names.forEach((name) => show(name, false));
}

/* The page's own words for an id, as an element, or null. */
export function words(id) {
  return place("words").querySelector('[data-id="' + CSS.escape(id) + '"]');
}

export function word(id) {
  const found = words(id);
  return found ? found.textContent : "";
}

/* Our words if there are some (they may hold a link), otherwise the helper's. */
export function put(target, id, text) {
  const own = words(id);
  target.replaceChildren(...(own ? [...own.cloneNode(true).childNodes] : [document.createTextNode(text)]));
}

/* For those who listen; `seen`: it stands nowhere else on the page. */
export function say(text, seen = false) {
  place("status").textContent = text;
  place("status").classList.toggle("unseen", !seen);
}

/* Facts: a list at the head, and one for each certificate. */
let list = null;

export function clearFacts() {
  place("facts").replaceChildren();
  place("outcomes").replaceChildren();
  list = null;
  hideAll("facts", "outcomes");
}

function newList(title) {
  if (title) {
    const head = document.createElement("h3");
    head.textContent = title;
    place("facts").append(head);
  }
  list = document.createElement("dl");
  list.className = "facts";
  place("facts").append(list);
}

export function beginGroup(title) {
  newList(title.trim());
}

export function fact(key, name, value) {
  const holder = key.startsWith("T_FACT") || key.startsWith("T_CONTACT") ? list : place("facts").querySelector("dl");
  if (!holder) {
    newList("");
    fact(key, name, value);
    return;
  }
  let row = [...holder.children].find((one) => one.dataset.key === key);
  if (!row) {
    row = document.createElement("div");
    row.dataset.key = key;
    row.append(document.createElement("dt"), document.createElement("dd"));
    holder.append(row);
  }
  row.firstElementChild.textContent = name.trim();
  row.lastElementChild.textContent = value;
  show("facts");
}

export function outcome(event) {
  const row = document.createElement("div"), name = document.createElement("dt"), result = document.createElement("dd");
  const tag = document.createElement("span");
  name.textContent = event.text;
  tag.className = "tag " + (event.good ? "good" : "bad");
  tag.textContent = word(event.good ? "good" : "bad");
  result.append(tag);
  if (!event.good) {
    result.append(" " + event.result);
  }
  row.append(name, result);
  place("outcomes").append(row);
  show("outcomes");
}

export function progress(event) {
  const bar = document.getElementById("card-progress");
  place("progress").textContent = event.text;
  place("progress-step").textContent = event.at + "／" + event.of;
  bar.max = event.of;
  bar.value = event.at - 0.5; /* it has begun */
  say(event.at + "/" + event.of + " " + event.text);
  show("progress");
}

export function newPin(event) {
  place("new-pin-label").textContent = event.text;
  place("new-pin").textContent = event.value;
  show("new-pin");
  part("new-pin").focus();
}

export function forgetPin() {
  place("new-pin").textContent = "";
  show("new-pin", false);
}
