// The page's only way out: messages to the phone over one private port.
//
// The phone opens it with one message {shimin: 1, type: "open"} that carries a MessagePort; everything else goes over
// that port. Asked: {shimin: 1, id, method, params}. Answered: {shimin: 1, id, ok: true, result} or
// {shimin: 1, id, ok: false, error: {code, message, detail}}. A method the phone does not know answers UNSUPPORTED.
//
//   shimin.ready()                               -> {locale, texts}
//   shimin.call(operation, input, {key})         -> the operation's answer
//   shimin.requestPayment(paymentId)             -> "submitted" | "cancelled"
//
// What a page hears about a payment is a hint for the eye; what counts is what the operations answer afterwards.

const VERSION = 1;
const TIMEOUT_MS = { ready: 10000, call: 15000, requestPayment: 600000 };

export class BridgeError extends Error {
  constructor({ code, message, detail }) {
    super(message || code);
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
        resolve(event.ports[0]);
      }
    });
  });
}

function connect() {
  const waiting = new Map();
  let last = 0;
  const port = openPort().then((found) => {
    found.onmessage = ({ data }) => {
      const asked = data?.shimin === VERSION ? waiting.get(data.id) : undefined;
      if (!asked) return;
      waiting.delete(data.id);
      clearTimeout(asked.timer);
      if (data.ok) asked.resolve(data.result);
      else asked.reject(new BridgeError(data.error ?? { code: "INTERNAL" }));
    };
    return found;
  });

  function ask(method, params) {
    return new Promise((resolve, reject) => {
      const id = ++last;
      const timer = setTimeout(() => {
        waiting.delete(id);
        reject(new BridgeError({ code: "TIMEOUT" }));
      }, TIMEOUT_MS[method]);
      waiting.set(id, { resolve, reject, timer });
      port.then((found) => found.postMessage({ shimin: VERSION, id, method, params }));
    });
  }

  return Object.freeze({
    ready: () => ask("ready", {}),
    call: (operation, input = {}, { key = null } = {}) => ask("call", { operation, input, idempotencyKey: key }),
    requestPayment: (paymentId) => ask("requestPayment", { paymentId }),
  });
}

window.shimin ??= connect();
export const shimin = window.shimin;
