// Puts the desk together: the choices above, the phone, the panel, and following what the developer saves.

import { at, chosen, desk, pause, post } from "./desk.js";
import { back, leave, openFirst, reopen, tellTheme } from "./host.js";
import { show } from "./panel.js";
import { showInbox } from "./sheets.js";

const seen = new Map();
const draw = () => show(desk.known.inbox.length - (seen.get(chosen.subject) ?? 0));

async function choose(id) {
  const other = id === "citizen" || id === "locale";
  if (other) leave();
  chosen[id === "citizen" ? "subject" : id] = at(id).value;
  const scheme = chosen.scheme === "auto" ? "light dark" : chosen.scheme;
  document.documentElement.style.colorScheme = at("frame").style.colorScheme = scheme;
  tellTheme();
  if (!other) return;
  const asked = chosen.subject + chosen.locale;
  const fresh = await post("state");
  if (asked !== chosen.subject + chosen.locale) return;
  desk.known = fresh;
  draw();
  await openFirst();
}

for (const id of ["citizen", "locale", "network", "scheme", "font"]) at(id).addEventListener("change", () => choose(id));
at("back").addEventListener("click", back);
at("inbox-button").addEventListener("click", () => {
  seen.set(chosen.subject, desk.known.inbox.length);
  draw();
  showInbox();
});

async function follow() {
  for (;;) {
    try {
      const asked = chosen.subject + chosen.locale;
      const fresh = await post("state", { after: desk.known.number });
      if (asked !== chosen.subject + chosen.locale) continue; // another citizen meanwhile: never show the former's
      const reload = fresh.generation !== desk.known.generation && !fresh.problem;
      desk.known = fresh;
      draw();
      if (reload) await reopen();
    } catch {
      await pause(1000);
    }
  }
}

desk.known = await post("state");
chosen.subject = desk.known.citizens[0]?.subject ?? "";
desk.known = await post("state");
draw();
if (desk.known.app.page) openFirst();
follow();
