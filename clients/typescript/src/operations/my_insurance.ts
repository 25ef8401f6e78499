// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { Date, DateTime, MinorUnits } from "../scalars.js";

/** An amount of money in whole minor units with its ISO 4217 currency. */
export interface Money {
  readonly amountMinor: MinorUnits;
  readonly currency: string;
}

/** A pension insurance account. */
export interface PensionAccount {
  readonly balance: Money | null;
  readonly monthsPaid: number | null;
  /** When the department said so. */
  readonly asOf: DateTime;
}

/** A medical insurance account. */
export interface MedicalAccount {
  readonly balance: Money | null;
}

/** A bill of the social insurance office. */
export interface InsuranceBill {
  readonly reference: string | null;
  readonly title: string | null;
  readonly amount: Money | null;
  readonly dueOn: Date | null;
  /** DUE, PAID or VOID. */
  readonly state: string | null;
}

/** A citizen's social insurance, as the department holds it. */
export interface SocialInsurance {
  /** The department gave no answer; this is its last one, see asOf. */
  readonly isCached: boolean;
  readonly pension: PensionAccount | null;
  readonly medical: MedicalAccount | null;
  readonly bills: readonly InsuranceBill[];
}

/** What `MyInsurance` answers. */
export interface Data {
  /** Accounts and bills of the citizen, straight from the department; a mini-app needs their consent. */
  readonly socialInsurance: SocialInsurance;
}

/** What `MyInsurance` takes. */
export type Variables = Record<string, never>;

export const operation: Operation<Variables, Data> = {
  name: "MyInsurance",
  kind: "query",
  documentId: "sha256:b20252fd5c6fc85eee08b28e142427565032a8a17a61b85e1f35d3ba2ab021cb",
};
