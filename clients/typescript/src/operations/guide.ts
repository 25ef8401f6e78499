// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { DayKind } from "../enums.js";

/** A name with the value by which guides are filtered. */
export interface GuideLabel {
  readonly value: string;
  readonly label: string;
}

/** How long the department may take. */
export interface TimeLimit {
  readonly days: number;
  readonly kind: DayKind;
}

/** Telephone numbers, and the department's own words where it says more. */
export interface GuidePhones {
  readonly numbers: readonly string[];
  readonly note: string | null;
}

/** Whether a visit can be booked online, and where. */
export interface GuideAppointment {
  readonly online: boolean;
  readonly url: string | null;
}

/** A service: who may ask for it, with what, where, how long it takes. Null: the publisher does not say. */
export interface Guide {
  readonly code: string;
  readonly title: string;
  readonly department: string | null;
  readonly area: GuideLabel | null;
  readonly kind: GuideLabel | null;
  readonly groups: readonly GuideLabel[];
  readonly themes: readonly GuideLabel[];
  readonly conditions: string | null;
  readonly materials: readonly string[];
  readonly legalLimit: TimeLimit | null;
  readonly promisedLimit: TimeLimit | null;
  /** Visits in person that are needed at most. */
  readonly visits: number | null;
  /** Null also where there is no counter to go to. */
  readonly place: string | null;
  readonly fee: string | null;
  readonly consultPhones: GuidePhones | null;
  readonly complaintPhones: GuidePhones | null;
  readonly appointment: GuideAppointment;
  /** Whether the result can be delivered. */
  readonly courier: boolean | null;
  readonly platform: string | null;
  readonly url: string | null;
  /** The mini-app in which it can be used at once. */
  readonly miniAppId: string | null;
}

/** What `Guide` answers. */
export interface Data {
  /** The guide of this national item code. */
  readonly guide: Guide | null;
}

/** What `Guide` takes. */
export interface Variables {
  code: string;
}

export const operation: Operation<Variables, Data> = {
  name: "Guide",
  kind: "query",
  documentId: "sha256:5f568772ab3de8cc91a5685fda70140b9e396f4322015c29bc3f26b165c01410",
};
