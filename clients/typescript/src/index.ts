export * from "./enums.js";
export * from "./inputs.js";
export * from "./operation.js";
export type * as scalars from "./scalars.js";
export * from "./operations/index.js";
