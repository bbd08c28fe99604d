/** The canonical codes. */
export type Status =
  | 'CANCELLED' | 'UNKNOWN' | 'INVALID_ARGUMENT' | 'DEADLINE_EXCEEDED' | 'NOT_FOUND' | 'ALREADY_EXISTS' | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED' | 'FAILED_PRECONDITION' | 'ABORTED' | 'OUT_OF_RANGE' | 'UNIMPLEMENTED' | 'INTERNAL' | 'UNAVAILABLE'
  | 'DATA_LOSS' | 'UNAUTHENTICATED';

/** The codes by their numbers in google.rpc.Code. */
export const statuses: readonly (Status | 'OK')[] = [
  'OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** A field that is not right, and why. */
export interface FieldViolation {
  field: string;
  description: string;
}

/** A detail of an error as JSON, told apart by `@type`. */
export type ErrorDetail = { '@type': string } & Record<string, unknown>;

/** What a call fails with, over HTTP and gRPC alike. */
export class EsnafError extends Error {
  override readonly name = 'EsnafError';
  /** The canonical code, for example `NOT_FOUND`. */
  readonly status: Status;
  /** The reason for programs, for example `IDEMPOTENCY_KEY_REUSED`; empty where none was given. */
  readonly reason: string;
  /** What belongs to the reason. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Of INVALID_ARGUMENT: each field that is not right. */
  readonly fieldViolations: readonly FieldViolation[];
  /** After which time the call may be tried again; absent where the answer did not say. */
  readonly retryAfterMs: number | undefined;
  /** The HTTP status; absent over gRPC and where no answer came. */
  readonly httpStatus: number | undefined;
  /** The id of the call in the logs. */
  readonly requestId: string | undefined;

  constructor(status: Status, message: string, more: {
    details?: readonly ErrorDetail[]; retryAfterMs?: number | undefined; httpStatus?: number; requestId?: string | undefined; cause?: unknown;
  } = {}) {
    super(message, { cause: more.cause });
    const details = more.details ?? [];
    const find = (type: string) => details.find((detail) => detail['@type'].endsWith(`/google.rpc.${type}`));
    const info = find('ErrorInfo');
    this.status = status;
    this.reason = typeof info?.['reason'] === 'string' ? info['reason'] : '';
    this.metadata = (info?.['metadata'] as Record<string, string> | undefined) ?? {};
    this.fieldViolations = (find('BadRequest')?.['fieldViolations'] as FieldViolation[] | undefined) ?? [];
    this.retryAfterMs = more.retryAfterMs ?? durationMs(find('RetryInfo')?.['retryDelay']);
    this.httpStatus = more.httpStatus;
    this.requestId = more.requestId;
  }
}

function durationMs(duration: unknown): number | undefined {
  const seconds = typeof duration === 'string' ? Number.parseFloat(duration) : Number.NaN;
  return Number.isNaN(seconds) ? undefined : Math.ceil(seconds * 1000);
}
