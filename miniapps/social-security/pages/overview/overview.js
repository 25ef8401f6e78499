// The first page: both accounts and what is due; one tap asks for a payment, the phone's cashier confirms it.

import { day, money, say, start } from "../../app.js";
import { shimin } from "../../common/bridge.js";

const at = (id) => document.getElementById(id);
// One wish, one key: a second tap on the same bill asks for the same payment, never for another.
const keys = new Map();

function tell(words, { alarm = false, retry = false } = {}) {
  at("status").textContent = words;
  at("status").classList.toggle("alarm", alarm);
  at("retry").hidden = !retry;
}

function account(name, found, fill) {
  at(name).hidden = false;
  at(`${name}-balance`).textContent = found ? money(found.balance) : say("page.no_account");
  fill?.(found);
}

function line(bill) {
  const item = at("bill").content.cloneNode(true);
  item.querySelector(".bill-title").textContent = bill.title;
  item.querySelector(".amount").textContent = money(bill.amount);
  item.querySelector(".bill-due").textContent = say("page.due_on", { date: day(bill.dueOn) });
  const button = item.querySelector("button");
  button.textContent = say("page.pay");
  button.setAttribute("aria-label", say("page.pay_label", { title: bill.title, amount: money(bill.amount) }));
  button.addEventListener("click", () => pay(bill, button));
  return item;
}

function show(overview) {
  account("pension", overview.pension, (pension) => {
    at("pension-months").textContent = pension ? say("page.months_paid", { count: pension.monthsPaid }) : "";
    at("pension-as-of").textContent = pension ? say("page.as_of", { date: day(pension.asOf) }) : "";
  });
  account("medical", overview.medical);
  at("summary").textContent = overview.summary;
  at("bills").replaceChildren(...overview.billsDue.map(line));
  at("content").hidden = false;
}

function failed(error) {
  const known = { CONSENT_REQUIRED: "page.consent_needed", CONSENT_DENIED: "page.consent_needed", TIMEOUT: "page.slow" };
  tell(known[error.code] ? say(known[error.code]) : error.message || say("page.failed"), { alarm: true, retry: true });
}

async function load() {
  tell(say("page.loading"));
  try {
    show(await shimin.call("overview"));
    tell("");
  } catch (error) {
    at("content").hidden = true;
    failed(error);
  }
}

async function pay(bill, button) {
  if (!keys.has(bill.reference)) keys.set(bill.reference, crypto.randomUUID());
  button.disabled = true;
  tell(say("page.paying"));
  try {
    const asked = await shimin.call("pay_bill", { billReference: bill.reference }, { idempotencyKey: keys.get(bill.reference) });
    const outcome = await shimin.requestPayment(asked.paymentId);
    keys.delete(bill.reference);
    if (outcome === "submitted") {
      await load();
      tell(say("page.submitted"));
    } else {
      tell(say("page.cancelled"));
    }
  } catch (error) {
    failed(error);
  } finally {
    button.disabled = false;
  }
}

at("retry").addEventListener("click", load);
await start();
await load();
