// What both transports share: one function a method, idempotency keys, retries and positions.
import { EsnafError } from './error.js';
import { methods, type Services } from './generated/services.js';
import type { CallOptions, ClientOptions, Method } from './types.js';

/** What a transport is given besides the request. */
export interface Attempt {
  headers: Record<string, string>;
  signal: AbortSignal | undefined;
  /** Milliseconds left; absent for no limit. */
  timeoutMs: number | undefined;
}

export interface Answer {
  message: unknown;
  position: string | undefined;
}

export interface Transport {
  unary(method: Method, request: object, attempt: Attempt): Promise<Answer>;
  clientStream(method: Method, requests: AsyncIterable<object> | Iterable<object>, attempt: Attempt): Promise<Answer>;
  serverStream(method: Method, request: object, attempt: Attempt): AsyncIterable<unknown>;
}

const defaultTimeoutMs = 20_000;
const firstDelayMs = 100;
const longestDelayMs = 5_000;

/** A random UUID; `crypto.randomUUID` is missing on pages that are not served over https. */
export function newIdempotencyKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The latest position of each source (`orders:<epoch>.<xact>`) of two lists. */
export function mergePositions(known: string, fresh: string): string {
  const latest = new Map<string, string>();
  for (const position of `${known},${fresh}`.split(',').map((one) => one.trim()).filter(Boolean)) {
    const source = position.slice(0, position.indexOf(':'));
    const before = latest.get(source);
    if (before === undefined || !isOlder(position, before)) latest.set(source, position);
  }
  return [...latest.values()].join(',');
}

// Positions compare within an epoch; another epoch is a restored database, of which the later answer counts.
function isOlder(position: string, other: string): boolean {
  const split = (text: string) => [text.slice(0, text.lastIndexOf('.')), text.slice(text.lastIndexOf('.') + 1)] as const;
  const [epoch, xact] = split(position);
  const [otherEpoch, otherXact] = split(other);
  return epoch === otherEpoch && BigInt(xact) < BigInt(otherXact);
}

/** Whether the same call may be tried again: what is away or over its limits, and could not be done twice. */
function mayRetry(method: Method, error: unknown): error is EsnafError {
  if (!(error instanceof EsnafError)) return false;
  if (error.status === 'RESOURCE_EXHAUSTED') return error.retryAfterMs !== undefined;
  return error.status === 'UNAVAILABLE' && (method.read || method.replayed);
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new EsnafError('CANCELLED', 'the caller ended the call', { cause: signal?.reason }));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}

class Caller {
  private positions = '';

  constructor(private readonly transport: Transport, private readonly options: ClientOptions) {
    // Transports would say of it that no answer came.
    if (!/^[\x21-\x7e]+$/.test(options.key)) throw new EsnafError('INVALID_ARGUMENT', 'the key is empty or has characters that no key has');
  }

  async unary(method: Method, request: object, options: CallOptions): Promise<unknown> {
    const headers = this.headers(method, options);
    const timeoutMs = options.timeoutMs ?? this.options.timeoutMs ?? defaultTimeoutMs;
    const end = Date.now() + timeoutMs;
    for (let tries = 0; ; ++tries) {
      try {
        return this.finish(await this.transport.unary(method, request, { headers, signal: options.signal, timeoutMs: Math.max(end - Date.now(), 1) }), options);
      } catch (error) {
        if (tries >= (this.options.retries ?? 3) || !mayRetry(method, error)) throw error;
        // Half of it is chance, so that those who failed together do not come back together.
        const backoff = Math.min(firstDelayMs * 2 ** tries, longestDelayMs) * (0.5 + Math.random() / 2);
        const delay = Math.max(error.retryAfterMs ?? 0, backoff);
        if (Date.now() + delay >= end) throw error;
        await wait(delay, options.signal);
      }
    }
  }

  /** Never tried again: what has been read of the requests cannot be read twice. */
  async clientStream(method: Method, requests: AsyncIterable<object> | Iterable<object>, options: CallOptions): Promise<unknown> {
    const attempt = { headers: this.headers(method, options), signal: options.signal, timeoutMs: options.timeoutMs };
    return this.finish(await this.transport.clientStream(method, requests, attempt), options);
  }

  serverStream(method: Method, request: object, options: CallOptions): AsyncIterable<unknown> {
    return this.transport.serverStream(method, request, { headers: this.headers(method, options), signal: options.signal, timeoutMs: options.timeoutMs });
  }

  private headers(method: Method, options: CallOptions): Record<string, string> {
    const after = mergePositions(this.options.readOwnWrites ? this.positions : '', options.after ?? '');
    return {
      authorization: `Bearer ${this.options.key}`,
      ...(method.read || method.kind !== 'unary' ? {} : { 'idempotency-key': options.idempotencyKey ?? newIdempotencyKey() }),
      ...(after ? { 'esnaf-after': after } : {}),
      ...(options.requestId ? { 'x-request-id': options.requestId } : {}),
    };
  }

  private finish({ message, position }: Answer, options: CallOptions): unknown {
    if (position) {
      this.positions = mergePositions(this.positions, position);
      options.onPosition?.(position);
    }
    return message;
  }
}

/** One object a service, one function a method. */
export function bindServices(transport: Transport, options: ClientOptions): Services {
  const caller = new Caller(transport, options);
  const bind = (method: Method) => (request: object, callOptions: CallOptions = {}) => caller[method.kind](method, request as never, callOptions);
  return Object.fromEntries(Object.entries(methods).map(([service, members]) =>
    [service, Object.fromEntries(Object.entries(members).map(([name, method]) => [name, bind(method)]))])) as unknown as Services;
}
