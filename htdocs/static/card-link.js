/* The link to the card helper (xca-card serve) on this computer: where it listens, and a ticket for its token, which came behind # in the
 * address; and what the browser says about connecting there. */
const KEPT = "xca-card-link";
const PORT = 17886; /* where the helper listens unless told otherwise */

let link = null;    /* {port, ticket} or {port, token} */
/* The other tabs of this site with a card page: the link may be opened in one of them. */
const tabs = new BroadcastChannel(KEPT);

function keep(given) {
  link = given;
  sessionStorage.setItem(KEPT, JSON.stringify(given));
}

function recall() {
  try {
    link = JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    link = null;
  }
}

/* Out of the address at once; the browser's own history may keep it, but the ticket is good for once. */
export function takeLink() {
  const given = /^#bridge=(\d{1,5})\.([0-9a-f]{32})$/.exec(location.hash);
  if (given) {
    history.replaceState(null, "", location.pathname + location.search);
    keep({ port: Number(given[1]), ticket: given[2] });
    return true;
  }
  recall();
  if (!link) {
    tabs.postMessage({ asks: true });
  }
  return false;
}

let redeeming = null;

async function redeem() {
  const port = link.port;
  const answer = await call("/v1/token", { method: "POST", body: { ticket: link.ticket } });
  if (answer.status === 200) {
    keep({ port, token: answer.data.token });
    tabs.postMessage({ link });
  } else if (answer.status === 403) {
    forgetToken();
  }
}

/* The token for the ticket, kept for the tabs that are open. A page that is left before it has it leaves the ticket to the next one. */
export function redeemTicket() {
  if (link && link.ticket && !redeeming) {
    redeeming = redeem().finally(() => {
      redeeming = null;
    });
  }
  return redeeming;
}

/* Whether the link has become a token. */
export async function isConnected() {
  await redeemTicket();
  return Boolean(link && link.token);
}

/* Calls taken() when another tab has got the link. */
export function onOthersLink(taken) {
  tabs.addEventListener("message", (event) => {
    if (event.data.asks && link && link.token) {
      tabs.postMessage({ link });
    } else if (event.data.link && JSON.stringify(event.data.link) !== JSON.stringify(link)) {
      keep(event.data.link);
      taken();
    }
  });
}

function forgetToken() {
  sessionStorage.removeItem(KEPT);
  link = null;
}

/* "granted", "prompt", "denied", or "" where the browser knows no such permission. Chromium has "loopback-network" since 145, before
 * that "local-network-access"; Firefox names it as the former does. */
export async function permission() {
  for (const name of ["loopback-network", "local-network-access"]) {
    try {
      return (await navigator.permissions.query({ name })).state;
    } catch {
      /* not by this name */
    }
  }
  return "";
}

function language() {
  return document.documentElement.lang.startsWith("en") ? "en" : "zh-Hant";
}

function request(path, options) {
  const port = link ? link.port : PORT;
  const headers = { "Accept-Language": language() };
  const settings = { method: options.method || "GET", mode: "cors", credentials: "omit", cache: "no-store", headers,
                     referrerPolicy: "no-referrer", redirect: "error", keepalive: Boolean(options.keepalive), signal: options.signal };
  if (link && link.token) {
    headers["X-XCA-Token"] = link.token;
  }
  if (options.body !== undefined) {
    headers["Content-Type"] = "application/json";
    settings.body = JSON.stringify(options.body);
  }
  const url = "http://127.0.0.1:" + port + path;
  try {
    return new Request(url, { ...settings, targetAddressSpace: "loopback" });
  } catch {
    return new Request(url, settings); /* a browser with other words for it */
  }
}

/* {status, data}; status 0: nobody answered. */
export async function call(path, options = {}) {
  let answer;
  try {
    answer = await fetch(request(path, options));
  } catch {
    return { status: 0, data: {} };
  }
  let data = {};
  try {
    data = answer.status === 204 ? {} : await answer.json();
  } catch {
    return { status: 0, data: {} };
  }
  if (data.fault && data.fault.id === "T_BRIDGE_TOKEN") {
    forgetToken();
  }
  return { status: answer.status, data };
}

/* Whether another job is in the way; a helper that is gone is not busy. */
export async function isBusy() {
  return (await call("/v1")).data.busy !== undefined;
}

/* What stands in the way of a job: "", "no-helper", "no-token", "denied". */
export async function findHelper() {
  await redeeming;
  const hello = await call("/v1");
  if (hello.status !== 200 || hello.data.program !== "xca-card") {
    return (await permission()) === "denied" ? "denied" : "no-helper";
  }
  await redeemTicket();
  return link && link.token ? "" : "no-token";
}
