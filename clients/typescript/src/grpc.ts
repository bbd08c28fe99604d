// The same API over gRPC, in Node: the same functions, types and errors as over HTTP, and client streams besides.
import { readFileSync } from 'node:fs';
import * as grpc from '@grpc/grpc-js';
import * as protoLoader from '@grpc/proto-loader';
import { bindServices, type Answer, type Attempt, type Transport } from './core.js';
import { EsnafError, statuses, type ErrorDetail } from './error.js';
import { schema } from './generated/schema.js';
import type { Services } from './generated/services.js';
import type { ClientOptions, Method } from './types.js';

export interface GrpcClientOptions extends ClientOptions {
  /** For example `crm.shop.example:443`. */
  address: string;
  /** TLS where absent; `grpc.credentials.createInsecure()` for plain text. */
  credentials?: grpc.ChannelCredentials;
}

/** The services, and what ends their connection. */
export type GrpcServices = Services & { close(): void };

type Fields = Record<string, unknown>;
type Seconds = { seconds: string; nanos: number };

// The bytes come from the package's own descriptors, made from the same contracts as the types.
const definitions = protoLoader.loadFileDescriptorSetFromBuffer(readFileSync(new URL('../descriptors.binpb', import.meta.url)),
  { longs: String, enums: String, bytes: String, defaults: true });

const snakeOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camelOf = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

function secondsOf(text: string, what: string, pattern: RegExp): Seconds {
  const match = pattern.exec(text);
  if (!match) throw new EsnafError('INVALID_ARGUMENT', `${JSON.stringify(text)} is no ${what}`);
  const nanos = Number((match[2] ?? '').padEnd(9, '0'));
  if (what === 'duration') return { seconds: match[1]!, nanos: text.startsWith('-') ? -nanos : nanos };
  const milliseconds = Date.parse(match[1]! + match[3]!);
  if (Number.isNaN(milliseconds)) throw new EsnafError('INVALID_ARGUMENT', `${JSON.stringify(text)} is no ${what}`);
  return { seconds: String(milliseconds / 1000), nanos };
}

// As protobuf writes them: no digits, or three, six or nine.
function fractionOf(nanos: number): string {
  const digits = String(Math.abs(nanos)).padStart(9, '0').replace(/(000)+$/, '');
  return digits ? `.${digits}` : '';
}

const toWire: Record<string, (value: never) => unknown> = {
  time: (text: string) => secondsOf(text, 'time', /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/),
  duration: (text: string) => secondsOf(text, 'duration', /^(-?\d+)(?:\.(\d{1,9}))?s$/),
  mask: (text: string) => ({ paths: text.split(',').filter(Boolean).map((path) => path.split('.').map(snakeOf).join('.')) }),
};
const fromWire: Record<string, (value: never) => unknown> = {
  time: ({ seconds, nanos }: Seconds) => new Date(Number(seconds) * 1000).toISOString().replace('.000Z', `${fractionOf(nanos)}Z`),
  duration: ({ seconds, nanos }: Seconds) => `${nanos < 0 && Number(seconds) === 0 ? '-' : ''}${seconds}${fractionOf(nanos)}s`,
  mask: ({ paths }: { paths: string[] }) => paths.map((path) => path.split('.').map(camelOf).join('.')).join(','),
  any: (any: { type_url: string; value: string }) => decodeAny(any.type_url, Buffer.from(any.value, 'base64')),
};

type MessageDefinition = protoLoader.MessageTypeDefinition<object, object>;

function decodeAny(typeUrl: string, bytes: Buffer): ErrorDetail {
  const name = typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
  const definition = definitions[name] as MessageDefinition | undefined;
  return { '@type': typeUrl, ...(definition ? (convertMessage(definition.deserialize(bytes) as Fields, name, fromWire) as Fields) : { value: bytes.toString('base64') }) };
}

// A field's value, in JSON's form or the wire's, by what the schema says of it.
function convert(value: unknown, kind: string | undefined, way: typeof toWire): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (!kind) return value;
  if (kind.startsWith('map:')) return convertMap(value, kind.slice(4), way);
  if (Array.isArray(value)) return value.map((one) => convert(one, kind, way));
  const special = way[kind];
  return special ? special(value as never) : convertMessage(value as Fields, kind, way);
}

// The wire's definitions know maps as lists of entries.
function convertMap(value: unknown, kind: string, way: typeof toWire): unknown {
  if (way === toWire) return Object.entries(value as Fields).map(([key, one]) => ({ key, value: convert(one, kind, way) }));
  return Object.fromEntries((value as { key: string; value: unknown }[]).map((entry) => [entry.key, convert(entry.value, kind, way)]));
}

function convertMessage(fields: Fields, name: string, way: typeof toWire): Fields {
  const special = schema[name] ?? errorSchema[name] ?? {};
  const rename = way === toWire ? snakeOf : camelOf;
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)
    .map(([field, value]) => [rename(field), convert(value, special[way === toWire ? field : camelOf(field)], way)]));
}

// The details of errors, which no method names.
const errorSchema: Record<string, Record<string, string>> = {
  'google.rpc.Status': { details: 'any' },
  'google.rpc.ErrorInfo': { metadata: 'map:' },
  'google.rpc.BadRequest': { fieldViolations: 'google.rpc.BadRequest.FieldViolation' },
  'google.rpc.RetryInfo': { retryDelay: 'duration' },
};

function errorOf(error: grpc.ServiceError): EsnafError {
  const status = statuses[error.code];
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  const details = bytes ? ((decodeAny('/google.rpc.Status', bytes as Buffer)['details'] as ErrorDetail[] | undefined) ?? []) : [];
  const requestId = error.metadata?.get('x-request-id')[0]?.toString();
  return new EsnafError(status === undefined || status === 'OK' ? 'UNKNOWN' : status, error.details || error.message, { details, requestId, cause: error });
}

class GrpcTransport implements Transport {
  constructor(private readonly client: grpc.Client) {}

  unary(method: Method, request: object, attempt: Attempt): Promise<Answer> {
    return this.answered(method, attempt, (codec, metadata, options, done) =>
      this.client.makeUnaryRequest(method.path, codec.requestSerialize, codec.responseDeserialize,
        convertMessage(request as Fields, method.input, toWire), metadata, options, done));
  }

  clientStream(method: Method, requests: AsyncIterable<object> | Iterable<object>, attempt: Attempt): Promise<Answer> {
    return this.answered(method, attempt, (codec, metadata, options, done) => {
      const call = this.client.makeClientStreamRequest(method.path, codec.requestSerialize, codec.responseDeserialize, metadata, options, done);
      void this.send(call, method, requests);
      return call;
    });
  }

  async *serverStream(method: Method, request: object, attempt: Attempt): AsyncIterable<unknown> {
    const codec = codecOf(method);
    const call = this.client.makeServerStreamRequest(method.path, codec.requestSerialize, codec.responseDeserialize,
      convertMessage(request as Fields, method.input, toWire), metadataOf(attempt), optionsOf(attempt));
    const stop = () => call.cancel();
    attempt.signal?.addEventListener('abort', stop, { once: true });
    if (attempt.signal?.aborted) stop();
    try {
      for await (const message of call) yield convertMessage(message as Fields, method.output, fromWire);
    } catch (error) {
      throw error instanceof EsnafError ? error : errorOf(error as grpc.ServiceError);
    } finally {
      attempt.signal?.removeEventListener('abort', stop);
      call.cancel();
    }
  }

  private async send(call: grpc.ClientWritableStream<object>, method: Method, requests: AsyncIterable<object> | Iterable<object>): Promise<void> {
    try {
      for await (const request of requests) {
        if (call.destroyed || call.writableEnded) return;
        // Waits until there is room, or until the call is over.
        if (!call.write(convertMessage(request as Fields, method.input, toWire))) {
          await new Promise<void>((resolve) => {
            call.once('drain', resolve);
            call.once('status', () => resolve());
          });
        }
      }
      call.end();
    } catch {
      // What the caller's own iteration throws ends the call, which then fails with CANCELLED.
      call.cancel();
    }
  }

  private answered(method: Method, attempt: Attempt,
    start: (codec: Codec, metadata: grpc.Metadata, options: grpc.CallOptions, done: grpc.requestCallback<object>) => grpc.ClientUnaryCall | grpc.ClientWritableStream<object>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      let message: object | undefined;
      const call = start(codecOf(method), metadataOf(attempt), optionsOf(attempt), (error, value) => {
        attempt.signal?.removeEventListener('abort', stop);
        if (error) reject(errorOf(error));
        message = value;
      });
      const stop = () => call.cancel();
      // The position comes behind the message.
      call.on('status', (status: grpc.StatusObject) => {
        if (status.code !== grpc.status.OK || !message) return;
        resolve({ message: convertMessage(message as Fields, method.output, fromWire), position: status.metadata.get('esnaf-position')[0]?.toString() });
      });
      attempt.signal?.addEventListener('abort', stop, { once: true });
      if (attempt.signal?.aborted) stop();
    });
  }
}

type Codec = protoLoader.MethodDefinition<object, object>;

function codecOf(method: Method): Codec {
  const [service, name] = method.path.slice(1).split('/') as [string, string];
  return (definitions[service] as protoLoader.ServiceDefinition)[name] as Codec;
}

function metadataOf(attempt: Attempt): grpc.Metadata {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(attempt.headers)) metadata.set(name, value);
  return metadata;
}

const optionsOf = ({ timeoutMs }: Attempt): grpc.CallOptions => (timeoutMs ? { deadline: Date.now() + timeoutMs } : {});

/** A client over gRPC. */
export function createGrpcClient(options: GrpcClientOptions): GrpcServices {
  // Retries are ours: they wait as long as the answer says, and keep the idempotency key.
  const client = new grpc.Client(options.address, options.credentials ?? grpc.credentials.createSsl(), { 'grpc.enable_retries': 0, 'grpc.max_receive_message_length': 16 << 20 });
  return Object.assign(bindServices(new GrpcTransport(client), options), { close: () => client.close() });
}
