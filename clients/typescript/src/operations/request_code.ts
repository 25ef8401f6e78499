// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { RequestCodeInput } from "../inputs.js";
import type { DateTime } from "../scalars.js";

/** What `requestCode` can be, told apart by `__typename`. A later schema may add to these: keep a default branch. */
export type RequestCodeResult = CodeRequested | Refused | CodeRequestedTooOften;

/** A code is on its way; the same is said for every number. */
export interface CodeRequested {
  readonly __typename: "CodeRequested";
  readonly expiresAt: DateTime;
}

/** An expected no: a stable code, words for the person, and what it is about. */
export interface Refused {
  readonly __typename: "InvalidPhone" | "NotifyUnavailable" | "InvalidInput";
  readonly code: string;
  readonly message: string;
}

/** This number or device asked for too many codes. */
export interface CodeRequestedTooOften {
  readonly __typename: "CodeRequestedTooOften";
  readonly retryAfterS: number;
  readonly code: string;
  readonly message: string;
}

/** What `RequestCode` answers. */
export interface Data {
  /** Send a sign-in code to a phone; the answer never tells whether the number is registered. */
  readonly requestCode: RequestCodeResult;
}

/** What `RequestCode` takes. */
export interface Variables {
  input: RequestCodeInput;
}

export const operation: Operation<Variables, Data> = {
  name: "RequestCode",
  kind: "mutation",
  documentId: "sha256:d4be7c082a031a759ae62333a6769f44715a0c074beacbc7253cdf7bef14dce3",
};
