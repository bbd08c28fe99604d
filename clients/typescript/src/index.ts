export { mergePositions, newIdempotencyKey } from './core.js';
export { EsnafError, type ErrorDetail, type FieldViolation, type Status } from './error.js';
export type * from './generated/index.js';
export { createClient, type HttpClientOptions } from './http.js';
export { addMoney, currencyExponent, formatMoney, money, multiplyMoney, parseMoney, toDecimal } from './money.js';
export type { Any, Base64, CallOptions, ClientOptions, Duration, FieldMask, Input, Int64, Timestamp } from './types.js';
