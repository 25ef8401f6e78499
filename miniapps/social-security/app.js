// What every page of this mini-app shares: words and amounts in the citizen's language.

import { shimin } from "./common/bridge.js";

let locale = "zh-Hans";
let texts = {};

export async function start() {
  const opened = await shimin.ready();
  locale = opened.locale;
  texts = opened.texts;
  document.documentElement.lang = locale;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  document.title = say("manifest.name");
}

export function say(code, values = {}) {
  const words = texts[code] ?? code;
  return words.replace(/\{([a-z_]+)\}/g, (slot, name) => (name in values ? String(values[name]) : slot));
}

// Amounts are whole minor units in a string; no float ever holds money.
export function money({ amountMinor, currency }) {
  const negative = amountMinor.startsWith("-");
  const digits = amountMinor.replace("-", "").padStart(3, "0");
  const whole = BigInt(digits.slice(0, -2)).toLocaleString(locale);
  return `${negative ? "−" : ""}${currency === "CNY" ? "¥" : `${currency} `}${whole}.${digits.slice(-2)}`;
}

export function day(iso) {
  const [year, month, date] = iso.slice(0, 10).split("-").map(Number);
  const noon = new Date(Date.UTC(year, month - 1, date, 12));
  return new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" }).format(noon);
}
