// The phone's end of the bridge, and the pages in its frame.
//
// The page lives in a frame of an opaque origin. Each time it loads it gets a port of its own; a port of an earlier page
// is closed, so that no answer reaches another page or another citizen.

import { at, chosen, desk, no, pause, post, say, yes } from "./desk.js";
import { askCashier, askConsent, closeSheet, openForm, requestConsent, requestSubscribe, scan } from "./sheets.js";

const VERSION = 1;
const SLOW_MS = 1500;
const UNLOAD_MS = 50;
const dark = matchMedia("(prefers-color-scheme: dark)");
let port = null;
let visits = [];

const theme = () => ({
  fontScale: Number(chosen.font),
  colorScheme: chosen.scheme === "auto" ? (dark.matches ? "dark" : "light") : chosen.scheme,
});

export const tellPage = (event, detail = null) => port?.postMessage({ shimin: VERSION, event, detail });
export const tellTheme = () => tellPage("theme", theme());
dark.addEventListener("change", tellTheme);
document.addEventListener("visibilitychange", () => tellPage(document.hidden ? "hide" : "show"));

async function call({ operation, input, idempotencyKey }, still) {
  const body = { operation, input, idempotencyKey };
  const answer = await post("call", body);
  if (answer.error?.code !== "CONSENT_REQUIRED" || !still()) return answer;
  if ((await askConsent(JSON.parse(answer.error.detail))) && still()) return post("call", body);
  return no("CONSENT_DENIED");
}

async function go({ page, query }, forget) {
  const wanted = String(page).endsWith(".html") ? String(page) : `${page}.html`;
  if (!desk.known.app.pages.includes(wanted)) return no("NOT_FOUND", "manifest.json names no such page");
  if (forget) visits.pop();
  visits.push({ page: wanted, query: query ?? {} });
  await load();
  return yes(null);
}

export async function back() {
  if (visits.length < 2) return no("NOT_FOUND", "this is the first page");
  visits.pop();
  await load();
  return yes(null);
}

const METHODS = {
  ready: async () => yes({ locale: chosen.locale, texts: desk.known.texts, theme: theme() }),
  launch: async () => yes({ ...visits.at(-1), entryPoint: "search" }),
  canIUse: async ({ method }) => yes(Object.hasOwn(METHODS, method)),
  login: async () => yes({ subject: chosen.subject }),
  call,
  requestConsent,
  requestPayment: askCashier,
  requestSubscribe,
  navigate: (params) => go(params, false),
  redirect: (params) => go(params, true),
  back,
  "form.open": openForm,
  scan,
  error: async ({ message }) => post("wrong", { message: String(message) }),
};
const LOCAL = new Set(["ready", "launch", "canIUse", "navigate", "redirect", "back", "error"]);

async function answer({ app, method, params }, still) {
  if (app !== desk.known.app.id) return no("FORBIDDEN", "another mini-app's envelope");
  if (!Object.hasOwn(METHODS, method)) return no("UNSUPPORTED");
  if (!LOCAL.has(method) && chosen.network === "off") return no("NETWORK", say("offline"));
  if (!LOCAL.has(method) && chosen.network === "slow") await pause(SLOW_MS);
  if (!still()) return no("CANCELLED");
  try {
    return await METHODS[method](params ?? {}, still);
  } catch {
    return no("INTERNAL");
  }
}

at("frame").addEventListener("load", () => {
  closePort();
  if (!visits.length) return;
  const channel = new MessageChannel();
  const own = (port = channel.port1);
  const still = () => own === port;
  own.onmessage = async ({ data }) => {
    if (data?.shimin !== VERSION || !Number.isSafeInteger(data.id)) return;
    const said = await answer(data, still);
    if (still()) own.postMessage({ shimin: VERSION, id: data.id, ...said });
  };
  // an opaque origin has no name to address; the window is the frame's own
  const opened = { shimin: VERSION, type: "open", app: desk.known.app.id };
  at("frame").contentWindow.postMessage(opened, "*", [channel.port2]);
});

function closePort() {
  closeSheet();
  port?.close();
  port = null;
}

async function load() {
  if (port) {
    tellPage("unload");
    await pause(UNLOAD_MS); // the page hears it before it is gone
  }
  closePort();
  at("back").hidden = visits.length < 2;
  const { page, query } = visits.at(-1);
  at("frame").src = `${desk.known.pages}${page}?${new URLSearchParams({ ...query, g: desk.known.generation })}`;
}

// Nothing of one citizen is left when another takes the phone.
export const leave = closePort;

export function openFirst() {
  visits = [{ page: desk.known.app.page, query: {} }];
  return load();
}

export function reopen() {
  const same = visits.length && visits.every((one) => desk.known.app.pages.includes(one.page));
  return same ? load() : openFirst();
}
