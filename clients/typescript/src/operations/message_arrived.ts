// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { DateTime } from "../scalars.js";

/** One message in the caller's inbox, in the caller's language. */
export interface Message {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly paymentId: string | null;
  readonly sentAt: DateTime;
}

/** What `MessageArrived` answers. */
export interface Data {
  /** Each message as it arrives in the caller's inbox; what arrived before is in `inbox`. */
  readonly messageArrived: Message;
}

/** What `MessageArrived` takes. */
export type Variables = Record<string, never>;

export const operation: Operation<Variables, Data> = {
  name: "MessageArrived",
  kind: "subscription",
  documentId: "sha256:77e0d46d1c70109b8570126409b2f41e0eaeca8ebea7fad13a412f7e37750e44",
};
