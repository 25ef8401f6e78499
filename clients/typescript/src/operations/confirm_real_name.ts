// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { ConfirmRealNameInput } from "../inputs.js";

/** What `confirmRealName` can be, told apart by `__typename`. A later schema may add to these: keep a default branch. */
export type ConfirmRealNameResult = RealNameConfirmed | Refused | IdentityNotMatched;

/** The caller is this person, as the population register knows them. */
export interface RealNameConfirmed {
  readonly __typename: "RealNameConfirmed";
  readonly assurance: number;
}

/** An expected no: a stable code, words for the person, and what it is about. */
export interface Refused {
  readonly __typename:
    | "InvalidName"
    | "InvalidIdNumber"
    | "IdentityTriedTooOften"
    | "IdentityAlreadyConfirmed"
    | "IdentityTaken"
    | "SourceUnavailable";
  readonly code: string;
  readonly message: string;
}

/** The population register does not know this name with this number. */
export interface IdentityNotMatched {
  readonly __typename: "IdentityNotMatched";
  readonly triesLeft: number;
  readonly code: string;
  readonly message: string;
}

/** What `ConfirmRealName` answers. */
export interface Data {
  /** Prove the caller's name and id number by the population register; raises assurance to 2. */
  readonly confirmRealName: ConfirmRealNameResult;
}

/** What `ConfirmRealName` takes. */
export interface Variables {
  input: ConfirmRealNameInput;
}

export const operation: Operation<Variables, Data> = {
  name: "ConfirmRealName",
  kind: "mutation",
  documentId: "sha256:5e602116d4786dc0cd75eab362b0f5e44f7ee6478af5dd121d2433df87ef8b24",
};
