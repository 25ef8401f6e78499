// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";

/** What `signOut` can be, told apart by `__typename`. A later schema may add to these: keep a default branch. */
export type SignOutResult = SessionClosed | NotSignedIn;

/** The session is over. */
export interface SessionClosed {
  readonly __typename: "SessionClosed";
  readonly sessionId: string;
}

/** The call needs a signed-in caller. */
export interface NotSignedIn {
  readonly __typename: "NotSignedIn";
  readonly code: string;
  readonly message: string;
}

/** What `SignOut` answers. */
export interface Data {
  /** End the session this request is made in. */
  readonly signOut: SignOutResult;
}

/** What `SignOut` takes. */
export type Variables = Record<string, never>;

export const operation: Operation<Variables, Data> = {
  name: "SignOut",
  kind: "mutation",
  documentId: "sha256:e63773791f82737d8af4d642fff3afe89fb0d852945c9a1bac0004c0f6b0a29e",
};
