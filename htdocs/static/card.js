/* A page at which a card is worked with: the button, and what comes of it. */
import { findHelper, isBusy, isConnected, onOthersLink, permission, redeemTicket, takeLink } from "./card-link.js";
import { Job, pause, stopOther } from "./card-job.js";
import { askChoice, askConfirm, askSecret, cancelQuestion } from "./card-ask.js";
import { closeContact, noteContact, onContact, openContact } from "./card-contact.js";
import { noteSigned, orderOf, sendSigned } from "./card-sign.js";
import { beginGroup, clearFacts, fact, forgetPin, hideAll, newPin, outcome, part, place, progress, put, say, show, word,
         words } from "./card-show.js";

const desk = document.getElementById("card-desk");
const CONDITIONS = ["no-helper", "no-token", "denied", "busy", "fault", "done", "wait", "here", "progress"];
const OBSTACLES = ["no-helper", "no-token", "denied"];
/* The card or the reader is gone for a moment: the next job waits for it. */
const COMES_BACK = ["T_CARD_REMOVED", "T_READER_GONE"];
/* What a job says of its good end. */
const RESULTS = ["T_ACTIVATED", "T_UNLOCKED", "T_PIN_CHANGED", "T_CONTACT_CHANGED"];
const RETURN_MS = 1500;

let order = null;   /* other than what the page is for: a change of the contact */
let job = null;
let other = "";     /* a job that keeps the helper busy */
let signedText = ""; /* what a confirmation is about     */
let run = 0;        /* counts, so that an old run knows */
let connecting = 0; /* the run that looks for the helper */

function operation() {
  return order ? order.operation : desk.dataset.operation;
}

/* A new PIN keeps the focus: it has to be noted first. */
function condition(name) {
  hideAll(...CONDITIONS);
  show(name);
  say(part(name).querySelector("h2, p").textContent);
  if (part("new-pin").hidden) {
    part(name).focus();
  }
}

/* What had the focus may have gone: those who cannot see the page are where something happens. */
function stayAt(name) {
  if (document.activeElement === document.body || !document.activeElement.checkVisibility()) {
    part(name).focus();
  }
}

function onSay(event) {
  if (event.id.startsWith("T_RANK_")) {
    fact("kind", word("kind"), word(event.id));
  } else if (event.id.endsWith("_TRIES_LEFT")) {
    fact(event.id, word(event.id), event.arg);
    say(event.text);
  } else if (event.id.startsWith("T_CERTIFICATE_")) {
    beginGroup(event.text);
  } else if (event.id.startsWith("T_WAITING_")) {
    put(place("wait"), event.id, event.text);
    show("wait");
    say(place("wait").textContent);
    stayAt("wait");
  } else if (RESULTS.includes(event.id)) {
    place("done").textContent = event.text;
  } else {
    say(words(event.id) ? word(event.id) : event.text, true);
  }
}

function onShow(event) {
  hideAll("wait");
  if (event.id === "T_SIGN_TEXT" || event.id === "T_LOGIN_CHALLENGE") {
    signedText = event.words;
    return;
  }
  if (event.id.startsWith("T_CONTACT_")) {
    noteContact(event);
    if (operation() === "contact-show") {
      return; /* it stands in the form */
    }
  }
  const label = words(event.id) ? word(event.id) : event.text;
  fact(event.id, label, words(event.id + "-" + event.value) ? word(event.id + "-" + event.value) : event.value);
}

async function onAsk(event) {
  const mine = job;
  hideAll("wait", "progress");
  const answer = event.kind === "secret" ? await askSecret(event)
    : event.kind === "confirm" ? await askConfirm(event, signedText) : await askChoice(event);
  if (mine !== job) {
    return;
  }
  if (answer) {
    await mine.answer(event.n, answer);
  } else {
    cancel();
  }
}

function onEvent(event) {
  switch (event.type) {
    case "say": onSay(event); break;
    case "show": onShow(event); break;
    case "outcome": hideAll("wait"); outcome(event); break;
    case "secret": newPin(event); break;
    case "progress":
      hideAll("here", "wait");
      progress(event);
      stayAt("progress");
      break;
    case "ask": onAsk(event); break;
    case "result": noteSigned(event); break;
    case "here":
      hideAll("wait");
      place("here").textContent = event.text;
      say(event.text);
      show("here");
      stayAt("here");
      break;
    default:
  }
}

function finish() {
  hideAll("wait", "progress", "here");
  if (operation() === "contact-show") {
    say("");
    openContact();
    show("begin", false);
    return;
  }
  order = null;
  if (place("done").textContent === "") {
    place("done").textContent = word("done");
  }
  condition("done");
  sendSigned();
}

function fail(event) {
  if (event.id === "T_PIN_WRONG" || event.id === "T_PIN_BLOCKED") {
    fact("T_PIN_TRIES_LEFT", word("T_PIN_TRIES_LEFT"), event.arg || "0");
  }
  put(place("fault"), event.id, event.text);
  condition("fault");
  if (part("new-pin").hidden === false) { /* not the card's PIN for sure any more, but it may be */
    put(place("new-pin-label"), operation() === "activate" ? "T_AGAIN_ACTIVATE" : "", event.text);
  }
}

function cancel() {
  run += 1;
  cancelQuestion();
  if (job) {
    job.stop();
    job = null;
  }
  order = null;
  hideAll(...CONDITIONS);
  clearFacts();
  closeContact();
  say("");
  show("begin");
  part("begin").querySelector("button").focus();
}

async function follow(mine) {
  const last = await job.follow((event) => {
    if (mine === run) {
      onEvent(event);
    }
  });
  if (mine !== run) {
    return;
  }
  cancelQuestion();
  job = null;
  if (last === null) {
    place("fault").textContent = word("lost");
    condition("fault");
  } else if (last.type === "done") {
    finish();
  } else if (last.id === "T_CANCELLED") {
    cancel();
  } else {
    fail(last);
    if (COMES_BACK.includes(last.id)) {
      setTimeout(() => mine === run && begin(), RETURN_MS);
    }
  }
}

async function begin() {
  const mine = run += 1, goesOn = !part("fault").hidden && part("new-pin").hidden;
  if (job) {
    job.stop();
    job = null;
  }
  cancelQuestion();
  if (!goesOn) {
    say(word("connecting"), true);
    permission().then((state) => state === "prompt" && connecting === mine && say(part("permission").textContent, true));
  }
  connecting = mine;
  hideAll(...CONDITIONS.filter((name) => name !== "fault" || !goesOn), "begin");
  place("done").textContent = "";
  const obstacle = await findHelper();
  connecting = 0;
  if (mine !== run) {
    return;
  }
  if (obstacle !== "") {
    condition(obstacle);
    return;
  }
  const begun = await Job.begin(order || orderOf(operation()));
  if (mine !== run) {
    return;
  }
  hideAll("fault");
  if (begun.job) {
    forgetPin();
    clearFacts();
    closeContact();
    say("");
    job = begun.job;
    await follow(mine);
  } else if (begun.busy) {
    other = begun.busy.job;
    place("busy").textContent = begun.fault.text;
    condition("busy");
    waitForOther(mine);
  } else if (begun.fault && begun.fault.id === "T_BRIDGE_TOKEN") {
    condition("no-token");
  } else {
    place("fault").textContent = begun.fault ? begun.fault.text : word("lost");
    condition("fault");
  }
}

/* The page said that the other job's end is waited for. */
async function waitForOther(mine) {
  do {
    await pause(RETURN_MS);
  } while (mine === run && (await isBusy()));
  if (mine === run) {
    begin();
  }
}

async function takeOver() {
  const mine = run += 1;
  await stopOther(other);
  if (mine === run) {
    begin();
  }
}

const ACTIONS = { begin, cancel, noted: forgetPin, "take-over": takeOver, no: cancelQuestion };

desk.addEventListener("click", (event) => {
  const action = event.target.closest("[data-do]");
  if (action) {
    ACTIONS[action.dataset.do]();
  }
});
onContact((changed) => {
  order = changed;
  begin();
});
/* Nothing secret stays in a page that is left, nor a job without its page. */
addEventListener("pagehide", () => {
  forgetPin();
  cancelQuestion();
  if (job) {
    job.stop(true);
    job = null;
  }
});

/* Said when the token is here: whoever reads it may close this tab. */
async function tellConnected() {
  const mine = run;
  if ((await isConnected()) && mine === run) {
    say(word("connected"), true);
  }
}

/* A link that came while the page said what is missing: it goes on by itself. */
function connected() {
  if (OBSTACLES.some((name) => !part(name).hidden)) {
    begin();
  } else if (!job) {
    tellConnected();
  }
}

/* Where the link leads to is open when it is read. */
function openTarget() {
  const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
  }
}

const isNew = takeLink();
redeemTicket();
addEventListener("hashchange", () => {
  if (takeLink()) {
    redeemTicket();
    connected();
  } else {
    openTarget();
  }
});
onOthersLink(connected);
openTarget();
show("no-script", false);
show("begin");
if (isNew) {
  tellConnected();
}
permission().then((state) => show("permission", state === "prompt"));
