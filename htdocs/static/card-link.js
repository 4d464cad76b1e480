/* The link to the card helper (xca-card serve) on this computer: where it listens and its token, which came behind # in the address, and
 * what the browser says about connecting there. */
const KEPT = "xca-card-link";
const PORT = 17886; /* where the helper listens unless told otherwise */

let link = null;
/* The other tabs of this site with a card page: the link may be opened in one of them. */
const tabs = new BroadcastChannel(KEPT);

function keep(given) {
  link = given;
  sessionStorage.setItem(KEPT, JSON.stringify(given));
}

/* Out of the address and the history at once; kept for the tabs that are open only. */
export function takeLink() {
  const given = /^#bridge=(\d{1,5})\.([0-9a-f]{32})$/.exec(location.hash);
  if (given) {
    history.replaceState(null, "", location.pathname + location.search);
    keep({ port: Number(given[1]), token: given[2] });
    tabs.postMessage({ link });
    return true;
  }
  try {
    link = JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    link = null;
  }
  if (!link) {
    tabs.postMessage({ asks: true });
  }
  return false;
}

/* Calls taken() when another tab has got the link. */
export function onOthersLink(taken) {
  tabs.addEventListener("message", (event) => {
    if (event.data.asks && link) {
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
  if (link) {
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

/* What stands in the way of a job: "", "no-helper", "no-token", "denied". */
export async function findHelper() {
  const hello = await call("/v1");
  if (hello.status !== 200 || hello.data.program !== "xca-card") {
    return (await permission()) === "denied" ? "denied" : "no-helper";
  }
  return link ? "" : "no-token";
}
