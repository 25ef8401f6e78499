// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { GrantState } from "../enums.js";
import type { WithdrawConsentInput } from "../inputs.js";
import type { DateTime } from "../scalars.js";

/** What `withdrawConsent` can be, told apart by `__typename`. A later schema may add to these: keep a default branch. */
export type WithdrawConsentResult = Consent | NotFound;

/** A kind of personal data, and what it is called in the caller's language. */
export interface PersonalScope {
  readonly scope: string;
  readonly label: string;
}

/** A citizen's decision about what one document of a mini-app may read; also its receipt. */
export interface Consent {
  readonly __typename: "Consent";
  readonly id: string;
  readonly appId: string;
  readonly documentId: string;
  readonly documentName: string;
  readonly revision: number;
  readonly fields: readonly PersonalScope[];
  readonly purpose: string;
  /** How long the department keeps what it read (ISO 8601 duration). */
  readonly retention: string;
  readonly state: GrantState;
  readonly receiptNumber: string;
  readonly grantedAt: DateTime;
  readonly expiresAt: DateTime;
  readonly withdrawnAt: DateTime | null;
}

/** There is nothing of that name that the caller may know of (also said of what exists but is not theirs). */
export interface NotFound {
  readonly __typename: "NotFound";
  readonly code: string;
  readonly message: string;
}

/** What `WithdrawConsent` answers. */
export interface Data {
  /** End a grant, at once; a repeat changes nothing. */
  readonly withdrawConsent: WithdrawConsentResult;
}

/** What `WithdrawConsent` takes. */
export interface Variables {
  input: WithdrawConsentInput;
}

export const operation: Operation<Variables, Data> = {
  name: "WithdrawConsent",
  kind: "mutation",
  documentId: "sha256:a65c6dcab1949cafd6409ec3fb818fcabe5ca89a8f3457dcaa94055b8b8f86ac",
};
