// What all parts of the desk share: what is chosen, what the server knows, words, and small hands.

import { WORDS } from "./words.js";

export const chosen = { subject: "", locale: "zh-Hans", network: "fast", scheme: "auto", font: "1" };
export const desk = { known: null };
export const at = (id) => document.getElementById(id);
export const say = (word) => WORDS[chosen.locale][word] ?? word;
export const words = (code) => desk.known.texts[code] ?? code;
export const no = (code, message = "") => ({ ok: false, error: { code, message, detail: null } });
export const yes = (result) => ({ ok: true, result });
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const money = (amount, currency) => `${currency === "CNY" ? "¥" : `${currency} `}${amount}`;

export function make(tag, text = "", className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

export async function post(verb, body = {}) {
  const sent = JSON.stringify({ subject: chosen.subject, locale: chosen.locale, ...body });
  const answer = await fetch(verb, { method: "POST", body: sent });
  if (!answer.ok) throw new Error(`${verb}: ${answer.status}`);
  return answer.json();
}

// Fields by the object they belong to; an amount is one thing, though it has two parts.
export function grouped(fields) {
  const groups = new Map();
  for (const field of fields) {
    const path = field.replace(/\.(amountMinor|currency)$/, "").split(".");
    const name = path.pop();
    const names = groups.get(path.join(" › ")) ?? groups.set(path.join(" › "), new Set()).get(path.join(" › "));
    names.add(name);
  }
  return [...groups].map(([group, names]) => ({ group, names: [...names] }));
}

export function fieldList(fields) {
  const list = make("dl", "", "fields");
  for (const { group, names } of grouped(fields)) {
    const values = make("dd");
    values.append(...names.map((name) => make("code", name)));
    list.append(make("dt", group), values);
  }
  return list;
}
