// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { GrantState } from "../enums.js";
import type { GrantConsentInput } from "../inputs.js";
import type { DateTime } from "../scalars.js";

/** What `grantConsent` can be, told apart by `__typename`. A later schema may add to these: keep a default branch. */
export type GrantConsentResult = Consent | DocumentNotRegistered;

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

/** What `GrantConsent` answers. */
export interface Data {
  /** Allow a mini-app to read what its document reads; a repeat gives the same grant. */
  readonly grantConsent: GrantConsentResult;
}

/** What `GrantConsent` takes. */
export interface Variables {
  input: GrantConsentInput;
}

export const operation: Operation<Variables, Data> = {
  name: "GrantConsent",
  kind: "mutation",
  documentId: "sha256:cd636b0a9aedc3ee31e92a0066892f661dad6f350cb0432746ba996a67caedec",
};
