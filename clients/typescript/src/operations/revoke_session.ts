// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { RevokeSessionInput } from "../inputs.js";

/** What `revokeSession` can be, told apart by `__typename`. A later schema may add to these: keep a default branch. */
export type RevokeSessionResult = SessionClosed | NotFound;

/** The session is over. */
export interface SessionClosed {
  readonly __typename: "SessionClosed";
  readonly sessionId: string;
}

/** There is nothing of that name that the caller may know of (also said of what exists but is not theirs). */
export interface NotFound {
  readonly __typename: "NotFound";
  readonly code: string;
  readonly message: string;
}

/** What `RevokeSession` answers. */
export interface Data {
  /** End one of the caller's sessions, on whatever device it is. */
  readonly revokeSession: RevokeSessionResult;
}

/** What `RevokeSession` takes. */
export interface Variables {
  input: RevokeSessionInput;
}

export const operation: Operation<Variables, Data> = {
  name: "RevokeSession",
  kind: "mutation",
  documentId: "sha256:925d913b63abbd981819fb6dbd5246e5c04fa2736f0477bab060989b77427599",
};
