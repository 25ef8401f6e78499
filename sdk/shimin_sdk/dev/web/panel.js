// Beside the phone: what each call used, what the citizen agreed to, and what is broken.

import { at, chosen, desk, fieldList, make, post, say } from "./desk.js";

function figure(word, value) {
  const found = make("span", "", "figure");
  found.append(make("b", value), make("span", say(word), "quiet"));
  return found;
}

function callLine(one) {
  const item = make("li");
  const head = make("div", "", "row");
  head.append(make("strong", one.operation), make("span", one.code, one.code === "OK" ? "ok" : "no"));
  const figures = make("div", "", "figures");
  figures.append(
    figure("cpu", `${one.cpu_ms} ms`),
    figure("memory", `${one.memory_kib} KiB`),
    figure("host_calls", String(one.host_calls.length)),
    figure("wall", `${one.wall_ms} ms`),
  );
  item.append(head, figures);
  if (one.fields.length) item.append(make("p", say("reads"), "quiet"), fieldList(one.fields));
  for (const line of one.lines) item.append(make("p", line, "line"));
  if (one.trace) {
    const trace = make("pre", one.trace);
    trace.tabIndex = 0;
    item.append(trace);
  }
  return item;
}

function consentLine(document, state) {
  const item = make("li", "", "row");
  const button = make("button", say(state === "granted" ? "withdraw" : "allow"), "pill");
  button.type = "button";
  button.setAttribute("aria-label", `${button.textContent} ${document}`);
  const decision = state === "granted" ? "withdraw" : "grant";
  button.addEventListener("click", () => post("decide", { document, decision }));
  item.append(make("code", document), make("span", say(state), state === "granted" ? "ok" : "no"), button);
  return item;
}

function choices(id, options, value) {
  at(id).replaceChildren(...options.map(([key, text]) => new Option(text, key, false, key === value)));
}

const fill = (id, items, none) => at(id).replaceChildren(...(items.length ? items : [make("li", say(none), "quiet")]));

export function show(unread) {
  const { known } = desk;
  document.documentElement.lang = chosen.locale;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
  at("app-name").textContent = known.app.name;
  at("frame").title = known.app.name;
  choices("citizen", known.citizens.map((one) => [one.subject, one.name[chosen.locale] ?? one.subject]), chosen.subject);
  choices("network", ["fast", "slow", "off"].map((key) => [key, say(key)]), chosen.network);
  choices("scheme", ["auto", "light", "dark"].map((key) => [key, say(key)]), chosen.scheme);
  choices("font", ["0.85", "1", "1.3", "2"].map((key) => [key, `${key * 100}%`]), chosen.font);
  at("unread").hidden = unread <= 0;
  at("unread").textContent = String(unread);
  at("building").hidden = !known.building;
  at("building").textContent = `${say("building")} ${known.building}`;
  at("problem").hidden = !known.problem;
  at("problem").querySelector("pre").textContent = known.problem;
  const consents = [...known.granted.map((one) => [one, "granted"]), ...known.denied.map((one) => [one, "refused"])];
  fill("granted", consents.map((one) => consentLine(...one)), "none");
  fill("calls", known.calls.map(callLine), "no_calls");
}
