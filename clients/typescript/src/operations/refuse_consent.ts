// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { GrantState } from "../enums.js";
import type { RefuseConsentInput } from "../inputs.js";
import type { DateTime } from "../scalars.js";

/** What `refuseConsent` can be, told apart by `__typename`. A later schema may add to these: keep a default branch. */
export type RefuseConsentResult = Consent | DocumentNotRegistered;

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

/** The app has no release with that document, or it never asked for these terms. */
export interface DocumentNotRegistered {
  readonly __typename: "DocumentNotRegistered";
  readonly code: string;
  readonly message: string;
}

/** What `RefuseConsent` answers. */
export interface Data {
  /** Say no, so that nobody asks again; what was allowed of it ends. */
  readonly refuseConsent: RefuseConsentResult;
}

/** What `RefuseConsent` takes. */
export interface Variables {
  input: RefuseConsentInput;
}

export const operation: Operation<Variables, Data> = {
  name: "RefuseConsent",
  kind: "mutation",
  documentId: "sha256:19e85524f6d68f5ae7917465474d0177b7f158efb67319e9e6cce492a3f7947d",
};
