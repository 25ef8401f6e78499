// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { RefreshSessionInput } from "../inputs.js";
import type { DateTime } from "../scalars.js";

/** What `refreshSession` can be, told apart by `__typename`. A later schema may add to these: keep a default branch. */
export type RefreshSessionResult = SignedIn | Refused;

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
  readonly __typename: "RefreshTokenInvalid" | "InvalidInput";
  readonly code: string;
  readonly message: string;
}

/** What `RefreshSession` answers. */
export interface Data {
  /** Continue a session with its refresh token, which is replaced by the next one. */
  readonly refreshSession: RefreshSessionResult;
}

/** What `RefreshSession` takes. */
export interface Variables {
  input: RefreshSessionInput;
}

export const operation: Operation<Variables, Data> = {
  name: "RefreshSession",
  kind: "mutation",
  documentId: "sha256:4c1a91dfc0914c4934a024bfa4ee2de43cc4321f73399a22d90cbddef08e69a1",
};
