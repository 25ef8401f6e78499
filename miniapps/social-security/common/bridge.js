// @shimin/bridge: the page's only way out, messages to the phone over one private port. Types: bridge.d.ts.
//
// The phone opens it with one message {shimin: 1, type: "open", app} that carries a MessagePort; everything else goes
// over that port. Asked: {shimin: 1, app, id, method, params}. Answered: {shimin: 1, id, ok: true, result} or
// {shimin: 1, id, ok: false, error: {code, message, detail}}. Told: {shimin: 1, event, detail}. A method that the phone
// does not know answers UNSUPPORTED. What a page hears about a payment is a hint for the eye; what counts is what the
// operations answer afterwards.

const VERSION = 1;
const QUICK_MS = 10000;
const CALL_MS = 15000;
const PERSON_MS = 600000;
const TEMPLATES_MAX = 3;

export class BridgeError extends Error {
  constructor({ code, message, detail }) {
    super(message || code);
    this.name = "BridgeError";
    this.code = code;
    this.detail = detail ?? null;
  }
}

function openPort() {
  return new Promise((resolve) => {
    window.addEventListener("message", function hello(event) {
      const opened = event.source === window.parent && event.data?.shimin === VERSION && event.data.type === "open";
      if (opened && event.ports.length === 1) {
        window.removeEventListener("message", hello);
        resolve({ port: event.ports[0], app: event.data.app });
      }
    });
  });
}

function connect() {
  const waiting = new Map();
  const listeners = { show: new Set(), hide: new Set(), error: new Set(), unload: new Set(), theme: new Set() };
  const theme = { fontScale: 1, colorScheme: "light" };
  let last = 0;

  function tell(event, detail) {
    for (const listener of listeners[event] ?? []) listener(detail);
  }

  function apply(found) {
    Object.assign(theme, found);
    document.documentElement.style.fontSize = `${theme.fontScale * 100}%`;
    tell("theme", { ...theme });
  }

  const opened = openPort().then((found) => {
    found.port.onmessage = ({ data }) => {
      if (data?.shimin !== VERSION) return;
      if (data.event === "theme") apply(data.detail);
      else if (data.event) tell(data.event, data.detail);
      const asked = waiting.get(data.id);
      if (!asked) return;
      waiting.delete(data.id);
      clearTimeout(asked.timer);
      if (data.ok) asked.resolve(data.result);
      else asked.reject(new BridgeError(data.error ?? { code: "INTERNAL" }));
    };
    return found;
  });

  function ask(method, params = {}, timeoutMs = QUICK_MS) {
    return new Promise((resolve, reject) => {
      const id = ++last;
      const timer = setTimeout(() => {
        waiting.delete(id);
        reject(new BridgeError({ code: "TIMEOUT" }));
      }, timeoutMs);
      waiting.set(id, { resolve, reject, timer });
      opened.then(({ port, app }) => port.postMessage({ shimin: VERSION, app, id, method, params }));
    });
  }

  function on(event) {
    return (listener) => {
      listeners[event].add(listener);
      return () => listeners[event].delete(listener);
    };
  }

  function wrong(error) {
    const message = String(error?.message ?? error).slice(0, 500);
    tell("error", { message });
    ask("error", { message }).catch(() => {});
  }
  window.addEventListener("error", (event) => wrong(event.error ?? event.message));
  window.addEventListener("unhandledrejection", (event) => wrong(event.reason));

  return Object.freeze({
    async ready() {
      const found = await ask("ready");
      apply(found.theme ?? {});
      return found;
    },
    onShow: on("show"),
    onHide: on("hide"),
    onError: on("error"),
    onUnload: on("unload"),
    launch: () => ask("launch"),
    canIUse: (method) => ask("canIUse", { method }),
    login: () => ask("login", {}, PERSON_MS),
    // a call may wait for the person, who reads a consent sheet: the phone answers within CALL_MS of their decision
    call: (operation, input = {}, { idempotencyKey = null } = {}) =>
      ask("call", { operation, input, idempotencyKey }, CALL_MS + PERSON_MS),
    requestConsent: (document) => ask("requestConsent", { document }, PERSON_MS),
    requestPayment: (paymentId) => ask("requestPayment", { paymentId }, PERSON_MS),
    async requestSubscribe(templates) {
      if (!Array.isArray(templates) || !templates.length || templates.length > TEMPLATES_MAX) {
        throw new BridgeError({ code: "INVALID_INPUT", message: `ask for 1 to ${TEMPLATES_MAX} templates` });
      }
      return ask("requestSubscribe", { templates }, PERSON_MS);
    },
    navigate: (page, query = {}) => ask("navigate", { page, query }),
    redirect: (page, query = {}) => ask("redirect", { page, query }),
    back: () => ask("back"),
    form: Object.freeze({ open: (name) => ask("form.open", { name }, PERSON_MS) }),
    scan: () => ask("scan", {}, PERSON_MS),
    theme: Object.freeze({
      get fontScale() {
        return theme.fontScale;
      },
      get colorScheme() {
        return theme.colorScheme;
      },
      onChange: on("theme"),
    }),
  });
}

window.shimin ??= connect();
export const shimin = window.shimin;
