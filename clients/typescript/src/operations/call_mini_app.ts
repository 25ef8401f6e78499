// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { CallMiniAppInput } from "../inputs.js";
import type { JSON } from "../scalars.js";

/** What `callMiniApp` can be, told apart by `__typename`. A later schema may add to these: keep a default branch. */
export type CallMiniAppResult = MiniAppAnswer | ConsentRequired | Refused;

/** One line of a consent sheet: a scope and what it is called in the citizen's language. */
export interface AskedField {
  readonly scope: string;
  readonly label: string;
}

/** What a mini-app's operation returned. */
export interface MiniAppAnswer {
  readonly __typename: "MiniAppAnswer";
  readonly output: JSON;
}

/** The citizen has not agreed to what this document reads; everything a consent sheet shows is in the parameters. */
export interface ConsentRequired {
  readonly __typename: "ConsentRequired";
  readonly appId: string;
  readonly documentId: string;
  readonly terms: string;
  readonly purpose: string;
  readonly retention: string;
  readonly fields: readonly AskedField[];
  readonly code: string;
  readonly message: string;
}

/** An expected no: a stable code, words for the person, and what it is about. */
export interface Refused {
  readonly __typename:
    | "ConsentDenied"
    | "AssuranceTooLow"
    | "AppNotServed"
    | "MiniAppRefused"
    | "MiniAppAnswerInvalid"
    | "MiniAppTimeout"
    | "MiniAppCrashed"
    | "MiniAppBusy"
    | "SourceUnavailable"
    | "UpstreamUnavailable"
    | "ConnectorBusy"
    | "ServiceNotOffered"
    | "ServiceUnavailable"
    | "ServiceRefused"
    | "BillAlreadyPaid"
    | "InvalidInput";
  readonly code: string;
  readonly message: string;
}

/** What `CallMiniApp` answers. */
export interface Data {
  /** Run an operation of a mini-app for the calling citizen; it sees only what they consented to. */
  readonly callMiniApp: CallMiniAppResult;
}

/** What `CallMiniApp` takes. */
export interface Variables {
  input: CallMiniAppInput;
}

export const operation: Operation<Variables, Data> = {
  name: "CallMiniApp",
  kind: "mutation",
  documentId: "sha256:3aa8f844bc8434eed35be87a5ed8857ecee6ef719c3ae05d13c503d447e17263",
};
