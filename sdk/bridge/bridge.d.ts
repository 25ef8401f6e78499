// Types of @shimin/bridge. Every method returns a promise; a refusal rejects it with a BridgeError.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Stop = () => boolean;

export class BridgeError extends Error {
  /** The platform's stable code, such as CONSENT_DENIED, TIMEOUT or UNSUPPORTED. */
  readonly code: string;
  readonly detail: string | null;
}

export interface Theme {
  /** 1 is the usual size; the root's font size follows it by itself. */
  readonly fontScale: number;
  readonly colorScheme: "light" | "dark";
}

export interface Opened {
  readonly locale: string;
  readonly texts: { readonly [code: string]: string };
  readonly theme: Theme;
}

export interface Launch {
  readonly page: string;
  readonly query: { readonly [name: string]: string };
  readonly entryPoint: string;
}

export interface Bridge {
  ready(): Promise<Opened>;
  /** Each of these returns what takes the listener away again. */
  onShow(listener: () => void): Stop;
  onHide(listener: () => void): Stop;
  onError(listener: (error: { message: string }) => void): Stop;
  onUnload(listener: () => void): Stop;
  launch(): Promise<Launch>;
  /** Whether this phone knows a method. */
  canIUse(method: string): Promise<boolean>;
  /** The citizen as this mini-app may know them: a name that no other mini-app sees. */
  login(): Promise<{ subject: string }>;
  /** An action needs a key: one wish of the citizen, one key. */
  call<Answer = Json>(operation: string, input?: object, options?: { idempotencyKey?: string | null }): Promise<Answer>;
  requestConsent(document: string): Promise<"granted" | "refused">;
  /** For the eye only: what counts is what the operations answer afterwards. */
  requestPayment(paymentId: string): Promise<"submitted" | "cancelled">;
  /** At most three templates of shimin.messages. */
  requestSubscribe(templates: readonly string[]): Promise<{ [template: string]: "accept" | "reject" | "ban" }>;
  /** A page of manifest.json; the page that asked is gone, or hidden, afterwards. */
  navigate(page: string, query?: { [name: string]: string }): Promise<void>;
  redirect(page: string, query?: { [name: string]: string }): Promise<void>;
  back(): Promise<void>;
  readonly form: {
    /** Show forms/NAME.json; null if the citizen went away from it. */
    open(name: string): Promise<{ [field: string]: Json } | null>;
  };
  /** The text of a code that the citizen showed to the camera; null if they went away. */
  scan(): Promise<string | null>;
  readonly theme: Theme & { onChange(listener: (theme: Theme) => void): Stop };
}

export const shimin: Bridge;
