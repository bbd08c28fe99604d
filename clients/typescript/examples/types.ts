// What the types refuse: each line below a `@ts-expect-error` must not compile, or the compiler fails.
import { createClient, money, type Input, type Int64, type orders } from '@esnaf/client';

const esnaf = createClient({ url: 'http://127.0.0.1:7080', key: 'esk_' });

export const line: Input<orders.OrderLine> = { sku: 'A', quantity: 2n, unitPrice: money(12990n, 'TRY') };
export const asText: Input<orders.OrderLine> = { quantity: '2' };
// @ts-expect-error A number loses digits above 2^53.
export const asNumber: Input<orders.OrderLine> = { quantity: 2 };
// @ts-expect-error Money has no fractions of its minor unit.
export const fraction: Int64 = '129.90';
// @ts-expect-error The field is `externalId`.
export const unknownField: Input<orders.Order> = { external_id: '1' };
// @ts-expect-error No such kind.
export const unknownValue: Input<orders.Order> = { kind: 'ORDER_KIND_GIFT' };

export async function answers(): Promise<string> {
  const { order } = await esnaf.order.ingestOrder({ order: { lines: [line] } });
  // @ts-expect-error A message may be absent.
  const wrong: string = order.id;
  // What has a default is always there.
  const right: Int64 = order!.sourceVersion;
  return wrong + right;
}

export async function streams(): Promise<void> {
  for await (const change of esnaf.segment.watchSegment({ segmentId: '1' })) void change.contactId;
  // @ts-expect-error A stream is not awaited.
  void (await esnaf.segment.watchSegment({ segmentId: '1' })).contactId;
}
