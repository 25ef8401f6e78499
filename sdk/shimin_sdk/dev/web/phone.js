// The phone around a mini-app's page: bridge, consent sheet, cashier, inbox, and the panel beside it.
//
// The page lives in a frame of an opaque origin. Each time it loads it gets a port of its own; a port of an earlier page
// is closed, so that no answer reaches another page or another citizen.

import { WORDS } from "./words.js";

const VERSION = 1;
const SLOW_MS = 1500;
const at = (id) => document.getElementById(id);
const chosen = { subject: "", locale: "zh-Hans", network: "fast", scheme: "auto" };
let known = null;
let port = null;
let seen = 0;

const say = (word) => WORDS[chosen.locale][word] ?? word;

function make(tag, text = "", className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

async function post(verb, body = {}) {
  const sent = JSON.stringify({ subject: chosen.subject, locale: chosen.locale, ...body });
  const answer = await fetch(verb, { method: "POST", body: sent });
  if (!answer.ok) throw new Error(`${verb}: ${answer.status}`);
  return answer.json();
}

const no = (code, message = "") => ({ ok: false, error: { code, message, detail: null } });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ------------------------------------------------------------------------------------------------- sheets
let closing = null;

function sheet(title, content, buttons) {
  closing?.("closed");
  const dialog = at("sheet");
  return new Promise((resolve) => {
    closing = (choice) => {
      closing = null;
      dialog.close();
      resolve(choice);
    };
    const heading = make("h2", title);
    heading.id = "sheet-title";
    const actions = make("div", "", "actions");
    for (const [choice, word, className = ""] of buttons) {
      const button = make("button", say(word), className);
      button.type = "button";
      button.dataset.choice = choice;
      button.addEventListener("click", () => closing?.(choice));
      actions.append(button);
    }
    dialog.replaceChildren(heading, ...content, actions);
    dialog.show();
    actions.querySelector("button").focus();
  });
}

at("sheet").addEventListener("keydown", (event) => {
  if (event.key === "Escape") closing?.("closed");
});

async function askConsent(detail) {
  const fields = make("ul");
  fields.append(...detail.fields.map((name) => make("li", name)));
  const kept = make("p", `${say("keeps")}: ${detail.retention}`, "quiet");
  const choice = await sheet(say("ask"), [make("p", detail.purpose), fields, kept], [
    ["refuse", "refuse"],
    ["grant", "agree", "main"],
  ]);
  if (choice === "closed") return false;
  await post("decide", { document: detail.document, decision: choice });
  return choice === "grant";
}

async function askCashier(paymentId) {
  const shown = await post("payment", { paymentId });
  if (!shown.ok) return shown;
  const { amount, currency, reference } = shown.result;
  const sum = make("p", `${currency === "CNY" ? "¥" : `${currency} `}${amount}`, "amount");
  const choice = await sheet(say("cashier"), [sum, make("p", `${say("bill")} ${reference}`, "quiet")], [
    ["paid", "paid", "main wide"],
    ["failed", "failed"],
    ["late", "late"],
    ["twice", "twice"],
    ["refunded", "refunded"],
    ["cancelled", "cancelled", "wide"],
  ]);
  return post("pay", { paymentId, outcome: choice === "closed" ? "cancelled" : choice });
}

function showInbox() {
  seen = known.inbox.length;
  show();
  const list = make("ul");
  for (const one of known.inbox) {
    const item = make("li");
    item.append(make("strong", one.title[chosen.locale]), make("p", `¥${one.amount} · ${one.reference} · ${one.at}`, "quiet"));
    list.append(item);
  }
  return sheet(say("inbox"), [known.inbox.length ? list : make("p", say("empty"), "quiet")], [["closed", "close", "wide"]]);
}

// ------------------------------------------------------------------------------------------------- bridge
async function call({ operation, input, idempotencyKey }) {
  const body = { operation, input, idempotencyKey };
  const answer = await post("call", body);
  if (answer.error?.code !== "CONSENT_REQUIRED") return answer;
  if (await askConsent(JSON.parse(answer.error.detail))) return post("call", body);
  return no("CONSENT_DENIED");
}

const METHODS = {
  ready: async () => ({ ok: true, result: { locale: chosen.locale, texts: known.texts } }),
  call: (params) => call(params),
  requestPayment: ({ paymentId }) => askCashier(paymentId),
};

async function answer(method, params) {
  if (!Object.hasOwn(METHODS, method)) return no("UNSUPPORTED");
  if (method !== "ready" && chosen.network === "off") return no("NETWORK", say("offline"));
  if (method !== "ready" && chosen.network === "slow") await pause(SLOW_MS);
  try {
    return await METHODS[method](params ?? {});
  } catch {
    return no("INTERNAL");
  }
}

at("frame").addEventListener("load", () => {
  port?.close();
  const channel = new MessageChannel();
  const own = (port = channel.port1);
  own.onmessage = async ({ data }) => {
    if (data?.shimin !== VERSION || !Number.isSafeInteger(data.id)) return;
    const said = await answer(data.method, data.params);
    if (own === port) own.postMessage({ shimin: VERSION, id: data.id, ...said });
  };
  // an opaque origin has no name to address; the window is the frame's own
  at("frame").contentWindow.postMessage({ shimin: VERSION, type: "open" }, "*", [channel.port2]);
});

function openPage() {
  closing?.("closed");
  port?.close();
  port = null;
  at("frame").src = `${known.pages}${known.app.page}?g=${known.generation}`;
}

// ------------------------------------------------------------------------------------------------- panel
function callLine(one) {
  const item = make("li");
  const head = make("div", "", "row");
  head.append(make("strong", one.operation), make("span", one.code, one.code === "OK" ? "ok" : "no"));
  const figures = `${say("cpu")} ${one.cpu_ms} ms · ${say("memory")} ${one.memory_kib} KiB · ${one.host_calls.length} ${say("host_calls")}`;
  item.append(head, make("p", figures, "figures"));
  if (one.fields.length) {
    const fields = make("div", "", "fields");
    fields.append(make("span", `${say("reads")}:`, "quiet"), ...one.fields.map((name) => make("code", name)));
    item.append(fields);
  }
  for (const line of one.lines) item.append(make("p", line, "quiet"));
  if (one.trace) item.append(make("pre", one.trace));
  return item;
}

function consentLine(document) {
  const item = make("li", "", "row");
  const button = make("button", say("withdraw"), "pill");
  button.type = "button";
  button.addEventListener("click", () => post("decide", { document, decision: "withdraw" }));
  item.append(make("code", document), button);
  return item;
}

function choices(id, options, value) {
  at(id).replaceChildren(...options.map(([key, text]) => new Option(text, key, false, key === value)));
}

function show() {
  document.documentElement.lang = chosen.locale;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  at("app-name").textContent = known.app.name;
  choices("citizen", known.citizens.map((one) => [one.subject, one.name[chosen.locale] ?? one.subject]), chosen.subject);
  choices("network", ["fast", "slow", "off"].map((key) => [key, say(key)]), chosen.network);
  choices("scheme", ["auto", "light", "dark"].map((key) => [key, say(key)]), chosen.scheme);
  const unread = known.inbox.length - seen;
  at("unread").hidden = unread <= 0;
  at("unread").textContent = String(unread);
  at("problem").hidden = !known.problem;
  at("problem").querySelector("pre").textContent = known.problem;
  at("granted").replaceChildren(...(known.granted.length ? known.granted.map(consentLine) : [make("li", say("none"), "quiet")]));
  at("calls").replaceChildren(...(known.calls.length ? known.calls.map(callLine) : [make("li", say("no_calls"), "quiet")]));
}

for (const id of ["citizen", "locale", "network", "scheme"]) {
  at(id).addEventListener("change", async () => {
    chosen[id === "citizen" ? "subject" : id] = at(id).value;
    const scheme = chosen.scheme === "auto" ? "light dark" : chosen.scheme;
    document.documentElement.style.colorScheme = at("frame").style.colorScheme = scheme;
    known = await post("state");
    if (id === "citizen") seen = known.inbox.length;
    show();
    if (id !== "network" && id !== "scheme") openPage();
  });
}
at("inbox-button").addEventListener("click", showInbox);

async function follow() {
  for (;;) {
    try {
      const asked = chosen.subject + chosen.locale;
      const fresh = await post("state", { after: known.number });
      if (asked !== chosen.subject + chosen.locale) continue; // another citizen meanwhile: never show the former's
      const reload = fresh.generation !== known.generation && !fresh.problem;
      known = fresh;
      show();
      if (reload) openPage();
    } catch {
      await pause(1000);
    }
  }
}

known = await post("state");
chosen.subject = known.citizens[0]?.subject ?? "";
known = await post("state");
show();
openPage();
follow();
