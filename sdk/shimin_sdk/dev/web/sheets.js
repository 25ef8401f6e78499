// What the phone shows over a page: consent, cashier, inbox, forms, subscriptions, the camera.

import { at, chosen, desk, fieldList, make, money, no, post, say, words, yes } from "./desk.js";

let closing = null;

export const closeSheet = () => closing?.("closed");

function sheet(title, content, buttons) {
  closeSheet();
  const dialog = at("sheet");
  const before = document.activeElement;
  return new Promise((resolve) => {
    closing = (choice) => {
      closing = null;
      dialog.close();
      at("screen").inert = false;
      at("scrim").hidden = true;
      before?.focus?.();
      resolve(choice);
    };
    const heading = make("h2", title);
    heading.id = "sheet-title";
    heading.tabIndex = -1;
    const body = make("div", "", "content");
    body.append(...content);
    const actions = make("div", "", "actions");
    for (const [choice, word, className = ""] of buttons) {
      const button = make("button", say(word), className);
      button.type = "button";
      button.dataset.choice = choice;
      button.addEventListener("click", () => closing?.(choice));
      actions.append(button);
    }
    dialog.replaceChildren(heading, body, actions);
    at("screen").inert = true;
    at("scrim").hidden = false;
    dialog.show();
    (body.querySelector("input, select, textarea") ?? heading).focus();
  });
}

at("sheet").addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeSheet();
});
at("scrim").addEventListener("click", closeSheet);

function kept(retention) {
  const days = /^P(\d+)D$/.exec(retention)?.[1];
  if (days === "0") return say("not_kept");
  return `${say("keeps")} ${days ? `${days} ${say("days")}` : retention}`;
}

export async function askConsent(detail) {
  const content = [make("p", detail.purpose, "purpose"), fieldList(detail.fields), make("p", kept(detail.retention), "quiet")];
  const choice = await sheet(say("ask"), content, [["refuse", "refuse"], ["grant", "agree", "main"]]);
  if (choice === "closed") return false;
  await post("decide", { document: detail.document, decision: choice });
  return choice === "grant";
}

export async function requestConsent({ document }) {
  const found = await post("sheet", { document });
  if (!found.ok) return found;
  const { state } = found.result;
  if (state !== "open") return yes(state);
  return yes((await askConsent(found.result)) ? "granted" : "refused");
}

export async function askCashier({ paymentId }) {
  const shown = await post("payment", { paymentId });
  if (!shown.ok) return shown;
  const { amount, currency, reference } = shown.result;
  const content = [make("p", money(amount, currency), "amount"), make("p", `${say("bill")} ${reference}`, "quiet")];
  const choice = await sheet(say("cashier"), content, [
    ["paid", "paid", "main wide"],
    ["failed", "failed"],
    ["late", "late"],
    ["twice", "twice"],
    ["refunded", "refunded"],
    ["cancelled", "cancelled", "wide plain"],
  ]);
  return post("pay", { paymentId, outcome: choice === "closed" ? "cancelled" : choice });
}

export function showInbox() {
  const list = make("ul", "", "messages");
  for (const one of desk.known.inbox) {
    const item = make("li");
    const about = [one.amount && money(one.amount, one.currency), one.reference, one.at].filter(Boolean).join(" · ");
    item.append(make("strong", one.title[chosen.locale]));
    if (one.body) item.append(make("p", one.body[chosen.locale]));
    item.append(make("p", about, "quiet"));
    list.append(item);
  }
  return sheet(say("inbox"), [list.children.length ? list : make("p", say("empty"), "quiet")], [["closed", "close", "wide"]]);
}

function input(field) {
  if (field.type === "choice") {
    const select = make("select");
    select.append(...field.choices.map((one) => new Option(words(one.label), one.value)));
    return select;
  }
  const found = make("input");
  found.type = field.type === "date" ? "date" : "text";
  if (field.maxLength) found.maxLength = field.maxLength;
  return found;
}

export async function openForm({ name }) {
  const form = Object.hasOwn(desk.known.app.forms, name) ? desk.known.app.forms[name] : null;
  if (!form) return no("NOT_FOUND", "no such form");
  const inputs = form.fields.map((field) => [field, input(field)]);
  const content = inputs.map(([field, element]) => {
    const label = make("label", words(field.label) + (field.required ? " *" : ""));
    element.name = field.name;
    element.required = Boolean(field.required);
    label.append(element);
    if (field.help) label.append(make("small", words(field.help), "quiet"));
    return label;
  });
  for (;;) {
    const choice = await sheet(words(form.title), content, [["closed", "cancelled"], ["send", "send", "main"]]);
    if (choice === "closed") return yes(null);
    if (inputs.every(([, element]) => element.checkValidity())) break;
    for (const [, element] of inputs) element.setAttribute("aria-invalid", String(!element.checkValidity()));
  }
  const filled = inputs.filter(([, element]) => element.value !== "");
  return yes(Object.fromEntries(filled.map(([field, element]) => [field.name, element.value])));
}

export async function scan() {
  const label = make("label", say("code_says"));
  const code = make("input");
  code.name = "code";
  label.append(code);
  const choice = await sheet(say("scan"), [label], [["closed", "cancelled"], ["send", "send", "main"]]);
  return yes(choice === "send" ? code.value : null);
}

const banned = new Set();

export async function requestSubscribe({ templates }) {
  if (!Array.isArray(templates) || !templates.length || templates.length > 3) return no("INVALID_INPUT", "1 to 3 templates");
  const strange = templates.find((one) => !desk.known.app.messages.includes(one));
  if (strange !== undefined) return no("MESSAGE_NOT_DECLARED", `${strange} is not in shimin.messages of manifest.json`);
  const key = (one) => `${chosen.subject} ${one}`;
  const open = templates.filter((one) => !banned.has(key(one)));
  const list = make("ul", "", "messages");
  list.append(...open.map((one) => make("li", one)));
  const buttons = [["reject", "refuse"], ["accept", "agree", "main"], ["ban", "ban", "wide plain"]];
  const choice = open.length ? await sheet(say("subscribe"), [list], buttons) : "ban";
  if (choice === "ban") for (const one of open) banned.add(key(one));
  const word = choice === "closed" ? "reject" : choice;
  return yes(Object.fromEntries(templates.map((one) => [one, open.includes(one) ? word : "ban"])));
}
