// The API over HTTP and JSON, in browsers and Node.
import { bindServices, type Answer, type Attempt, type Transport } from './core.js';
import { EsnafError, type ErrorDetail, type Status } from './error.js';
import type { Services } from './generated/services.js';
import { readEvents } from './server_sent_events.js';
import type { ClientOptions, Method } from './types.js';

export interface HttpClientOptions extends ClientOptions {
  /** For example `https://crm.shop.example`. */
  url: string;
  /** Used instead of the global fetch. */
  fetch?: typeof fetch;
}

type Fields = Record<string, unknown>;

const statusOfHttp: Record<number, Status> = {
  400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED', 403: 'PERMISSION_DENIED', 404: 'NOT_FOUND', 409: 'ABORTED', 429: 'RESOURCE_EXHAUSTED',
  501: 'UNIMPLEMENTED', 503: 'UNAVAILABLE', 504: 'DEADLINE_EXCEEDED',
};

const toJson = (value: unknown) => JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? one.toString() : one));
const jsonName = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

// Takes the field that a path names out of copies of the objects on its way, so that it is not said twice.
function takeField(fields: Fields, path: string[]): unknown {
  const [name, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) {
    const value = fields[name];
    delete fields[name];
    return value;
  }
  const inner = { ...(fields[name] as Fields | undefined) };
  fields[name] = inner;
  return takeField(inner, rest);
}

function addQuery(query: URLSearchParams, name: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (Array.isArray(value)) value.forEach((one) => addQuery(query, name, one));
  else if (typeof value === 'object') Object.entries(value).forEach(([inner, one]) => addQuery(query, `${name}.${inner}`, one));
  else query.append(name, String(value as string));
}

/** The path with its query, and the body, of a call. */
export function placeRequest(http: NonNullable<Method['http']>, request: object): { target: string; body: string | undefined } {
  const fields: Fields = { ...request };
  const path = http.path.replace(/\{([^}]*)\}/g, (_, variable: string) => {
    const value = takeField(fields, variable.split('.').map(jsonName));
    if (value === undefined || value === '') throw new EsnafError('INVALID_ARGUMENT', `${variable} is missing`);
    return encodeURIComponent(String(value as string));
  });
  let body: string | undefined;
  if (http.body === '*') {
    return { target: path, body: toJson(fields) };
  }
  if (http.body) {
    body = toJson(fields[jsonName(http.body)] ?? {});
    delete fields[jsonName(http.body)];
  }
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) addQuery(query, name, value);
  const text = query.toString();
  return { target: text ? `${path}?${text}` : path, body };
}

async function errorOf(response: Response): Promise<EsnafError> {
  const text = await response.text().catch(() => '');
  let said: { status?: Status; message?: string; details?: ErrorDetail[] } | undefined;
  try {
    said = (JSON.parse(text) as { error?: typeof said }).error;
  } catch {
    // What stands between here and the gateway answers in its own words.
  }
  const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  return new EsnafError(said?.status ?? statusOfHttp[response.status] ?? 'UNKNOWN', said?.message ?? `HTTP ${response.status}`, {
    details: said?.details ?? [],
    httpStatus: response.status,
    requestId: response.headers.get('x-request-id') ?? undefined,
    retryAfterMs: Number.isNaN(seconds) ? undefined : seconds * 1000,
  });
}

function fileName(disposition: string | null): string {
  const encoded = /filename\*=UTF-8''([^;]*)/.exec(disposition ?? '');
  return encoded ? decodeURIComponent(encoded[1]!) : '';
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

class HttpTransport implements Transport {
  constructor(private readonly url: string, private readonly send: typeof fetch) {}

  async unary(method: Method, request: object, attempt: Attempt): Promise<Answer> {
    return this.withinTime(attempt, async (signal) => {
      const response = await this.open(method, request, attempt, signal);
      const position = response.headers.get('esnaf-position') ?? undefined;
      if (method.output === 'esnaf.api.v1.File') {
        const content = base64(new Uint8Array(await response.arrayBuffer()));
        const name = fileName(response.headers.get('content-disposition'));
        return { message: { name, mediaType: response.headers.get('content-type') ?? '', content }, position };
      }
      // A beacon's success has no body.
      const text = await response.text();
      return { message: text ? (JSON.parse(text) as unknown) : {}, position };
    });
  }

  clientStream(method: Method): Promise<Answer> {
    return Promise.reject(new EsnafError('UNIMPLEMENTED', `${method.path} takes a stream, which only gRPC carries`));
  }

  async *serverStream(method: Method, request: object, attempt: Attempt): AsyncIterable<unknown> {
    const stopped = new AbortController();
    const signals = [stopped.signal, ...(attempt.signal ? [attempt.signal] : []), ...(attempt.timeoutMs ? [AbortSignal.timeout(attempt.timeoutMs)] : [])];
    const signal = AbortSignal.any(signals);
    try {
      const response = await this.open(method, request, attempt, signal);
      for await (const { event, data } of readEvents(response.body!)) {
        if (event === 'end') return;
        if (event === 'error') {
          const { error } = JSON.parse(data) as { error: { status: Status; message: string; details: ErrorDetail[] } };
          throw new EsnafError(error.status, error.message, { details: error.details, requestId: response.headers.get('x-request-id') ?? undefined });
        }
        yield JSON.parse(data) as unknown;
      }
      throw new EsnafError('UNAVAILABLE', 'the stream was cut off');
    } catch (error) {
      throw this.explain(error, attempt, signal);
    } finally {
      stopped.abort();
    }
  }

  private async withinTime<T>(attempt: Attempt, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = AbortSignal.any([AbortSignal.timeout(attempt.timeoutMs ?? 0x7fffffff), ...(attempt.signal ? [attempt.signal] : [])]);
    try {
      return await body(signal);
    } catch (error) {
      throw this.explain(error, attempt, signal);
    }
  }

  private explain(error: unknown, attempt: Attempt, signal: AbortSignal): EsnafError {
    if (error instanceof EsnafError) return error;
    if (attempt.signal?.aborted) return new EsnafError('CANCELLED', 'the caller ended the call', { cause: error });
    if (signal.aborted) return new EsnafError('DEADLINE_EXCEEDED', 'the call took too long', { cause: error });
    return new EsnafError('UNAVAILABLE', 'no answer came', { cause: error });
  }

  private async open(method: Method, request: object, attempt: Attempt, signal: AbortSignal): Promise<Response> {
    if (!method.http) throw new EsnafError('UNIMPLEMENTED', `${method.path} has no HTTP mapping`);
    const { target, body } = placeRequest(method.http, request);
    const response = await this.send(this.url + target, {
      method: method.http.verb,
      headers: { ...attempt.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      signal,
      ...(body === undefined ? {} : { body }),
    });
    if (!response.ok) throw await errorOf(response);
    return response;
  }
}

/** A client over HTTP. */
export function createClient(options: HttpClientOptions): Services {
  const send = options.fetch ?? ((input, init) => fetch(input, init));
  return bindServices(new HttpTransport(options.url.replace(/\/+$/, ''), send), options);
}
