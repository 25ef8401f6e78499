// Written by `make clients` from the operation and the schema: change it there.
import type { Capacity } from "./enums.js";
import type { JSON } from "./scalars.js";

/** `CallMiniAppInput` of the schema. */
export interface CallMiniAppInput {
  appId: string;
  operation: string;
  input?: JSON;
  idempotencyKey?: string | null;
}

/** `ConfirmPaymentInput` of the schema. */
export interface ConfirmPaymentInput {
  id: string;
}

/** `ConfirmRealNameInput` of the schema. */
export interface ConfirmRealNameInput {
  name: string;
  idNumber: string;
}

/** `GrantConsentInput` of the schema. */
export interface GrantConsentInput {
  appId: string;
  documentId: string;
  /** The sheet's terms: binds the decision to exactly what was shown. */
  terms?: string | null;
}

/** One of the values in each dimension that names any; at most 20 values each. */
export interface GuideFilters {
  groups?: string[];
  themes?: string[];
  departments?: string[];
  areas?: string[];
}

/** `RefreshSessionInput` of the schema. */
export interface RefreshSessionInput {
  refreshToken: string;
  nonce: string;
}

/** `RefuseConsentInput` of the schema. */
export interface RefuseConsentInput {
  appId: string;
  documentId: string;
  /** The sheet's terms: binds the decision to exactly what was shown. */
  terms?: string | null;
}

/** `RequestCodeInput` of the schema. */
export interface RequestCodeInput {
  phone: string;
  /** A secret of the device: 16 to 128 random characters of base64url. */
  nonce: string;
}

/** `RevokeSessionInput` of the schema. */
export interface RevokeSessionInput {
  sessionId: string;
}

/** `SignInInput` of the schema. */
export interface SignInInput {
  phone: string;
  code: string;
  /** The nonce with which this device asked for the code. */
  nonce: string;
  deviceName: string;
  capacity?: Capacity;
}

/** `WithdrawConsentInput` of the schema. */
export interface WithdrawConsentInput {
  grantId: string;
}
