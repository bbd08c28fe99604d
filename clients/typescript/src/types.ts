/** A 64-bit number as JSON carries it, since JavaScript's numbers lose digits above 2^53: `BigInt(text)` computes with it. */
export type Int64 = `${bigint}`;
/** RFC 3339, for example `2026-03-01T10:00:00Z`; `Date.prototype.toISOString` writes it. */
export type Timestamp = string;
/** Seconds, for example `1.5s`. */
export type Duration = string;
/** Paths of fields, separated by commas, for example `displayName,tags`. */
export type FieldMask = string;
/** Bytes in base64. */
export type Base64 = string;
/** A message of any type. */
export type Any = { '@type': string } & Record<string, unknown>;

/** What is sent: every field may be left out, and 64-bit numbers may be a bigint. */
export type Input<T> = T extends Int64
  ? Int64 | bigint
  : T extends readonly (infer E)[]
    ? readonly Input<E>[]
    : T extends object
      ? { [K in keyof T]?: Input<T[K]> }
      : T;

/** What a single call may say. */
export interface CallOptions {
  /** Of a mutation: the same key with the same request is done once and answered alike, for seven days. A random one where absent. */
  idempotencyKey?: string;
  /** Positions (`esnaf-position` of earlier answers) that this read waits for. */
  after?: string;
  /** Told the position of what the call wrote. */
  onPosition?: (position: string) => void;
  /** For how long the call may take, retries included; 20,000 where absent. Streams have no limit where absent. */
  timeoutMs?: number;
  /** Ends the call. */
  signal?: AbortSignal;
  /** The id under which the call appears in logs and in the audit log. */
  requestId?: string;
}

/** What every client may be told. */
export interface ClientOptions {
  /** The API key, `esk_…`. */
  key: string;
  /** How often a call is tried again; 3 where absent, 0 for never. */
  retries?: number;
  /** Whether every call waits for what this client wrote before it; false where absent. For one user's session, not for all. */
  readOwnWrites?: boolean;
  /** As CallOptions.timeoutMs, for all calls. */
  timeoutMs?: number;
}

/** A method as the contracts describe it. */
export interface Method {
  path: string;
  kind: 'unary' | 'serverStream' | 'clientStream';
  /** Whether it changes nothing. */
  read: boolean;
  /** Whether the same idempotency key is answered alike. */
  replayed: boolean;
  /** Full names of the messages. */
  input: string;
  output: string;
  http?: { verb: string; path: string; body: string };
}
