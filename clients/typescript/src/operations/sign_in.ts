// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { SignInInput } from "../inputs.js";
import type { DateTime } from "../scalars.js";

/** What `signIn` can be, told apart by `__typename`. A later schema may add to these: keep a default branch. */
export type SignInResult = SignedIn | Refused | CodeWrong;

/** An open session with the tokens that speak for it; keep both secret. */
export interface SignedIn {
  readonly __typename: "SignedIn";
  readonly sessionId: string;
  readonly accessToken: string;
  readonly accessExpiresAt: DateTime;
  readonly refreshToken: string;
  /** Whether this sign-in registered the citizen. */
  readonly registered: boolean;
}

/** An expected no: a stable code, words for the person, and what it is about. */
export interface Refused {
  readonly __typename: "InvalidPhone" | "CodeGone" | "CodeLocked" | "SignInPaused" | "InvalidInput" | "NotAllowed";
  readonly code: string;
  readonly message: string;
}

/** The code is not the one that was sent to this device. */
export interface CodeWrong {
  readonly __typename: "CodeWrong";
  readonly triesLeft: number;
  readonly code: string;
  readonly message: string;
}

/** What `SignIn` answers. */
export interface Data {
  /** Open a session with a code; an unknown number becomes a citizen. */
  readonly signIn: SignInResult;
}

/** What `SignIn` takes. */
export interface Variables {
  input: SignInInput;
}

export const operation: Operation<Variables, Data> = {
  name: "SignIn",
  kind: "mutation",
  documentId: "sha256:d01c0d87fc4a6fcb70652111b56c8d7f29128b4af12f3321d5dfad2c63accad2",
};
