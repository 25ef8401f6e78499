// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { PaymentState } from "../enums.js";
import type { ConfirmPaymentInput } from "../inputs.js";
import type { MinorUnits } from "../scalars.js";

/** What `confirmPayment` can be, told apart by `__typename`. A later schema may add to these: keep a default branch. */
export type ConfirmPaymentResult = Payment | Refused;

/** An amount of money in whole minor units with its ISO 4217 currency. */
export interface Money {
  readonly amountMinor: MinorUnits;
  readonly currency: string;
}

/** One payment of one bill by the caller. */
export interface Payment {
  readonly __typename: "Payment";
  readonly id: string;
  readonly state: PaymentState;
  readonly amount: Money;
}

/** An expected no: a stable code, words for the person, and what it is about. */
export interface Refused {
  readonly __typename:
    | "NotFound"
    | "PaymentEnded"
    | "PaymentsClosed"
    | "BillAlreadyPaid"
    | "BillBeingPaid"
    | "BillChanged"
    | "AssuranceTooLow";
  readonly code: string;
  readonly message: string;
}

/** What `ConfirmPayment` answers. */
export interface Data {
  /** Say yes to a payment, in person; confirming again changes nothing. */
  readonly confirmPayment: ConfirmPaymentResult;
}

/** What `ConfirmPayment` takes. */
export interface Variables {
  input: ConfirmPaymentInput;
}

export const operation: Operation<Variables, Data> = {
  name: "ConfirmPayment",
  kind: "mutation",
  documentId: "sha256:186adb4718b4b8fff23b18f10a279e53e43e56b5ced276b54df7519a27bb4920",
};
