// A storefront's way from an order to its customer's card, over HTTP or, with `grpc` as argument, over gRPC. Told by the environment:
// ESNAF_KEY (scopes contacts.*, orders.*, rfm.read), ESNAF_STORE, and ESNAF_URL or ESNAF_ADDRESS.
import { createClient, EsnafError, formatMoney, money, multiplyMoney, parseMoney, type Services } from '@esnaf/client';

const { ESNAF_KEY: key = '', ESNAF_STORE: store = 'shop', ESNAF_URL: url = 'http://127.0.0.1:7080', ESNAF_ADDRESS: address = '127.0.0.1:7070' } = process.env;

// The client of one session: what it reads contains what it wrote.
async function connect(): Promise<{ esnaf: Services; close: () => void }> {
  if (process.argv[2] !== 'grpc') return { esnaf: createClient({ url, key, readOwnWrites: true }), close: () => {} };
  const [{ createGrpcClient }, { credentials }] = await Promise.all([import('@esnaf/client/grpc'), import('@grpc/grpc-js')]);
  const client = createGrpcClient({ address, key, readOwnWrites: true, credentials: credentials.createInsecure() });
  return { esnaf: client, close: () => client.close() };
}

const { esnaf, close } = await connect();
try {
  const unitPrice = parseMoney('129.90', 'TRY');
  const { order, outcome } = await esnaf.order.ingestOrder({
    order: {
      storeId: store,
      externalId: `ts-${process.argv[2] ?? 'http'}`,
      placeTime: '2026-03-01T10:00:00.250Z',
      paid: true,
      pricesIncludeTax: true,
      customer: { email: 'ayse@example.com', emailVerified: true, givenName: 'Ayşe', familyName: 'Yılmaz' },
      lines: [{ sku: 'A', title: 'Elbise', quantity: 2n, unitPrice, amount: multiplyMoney(unitPrice, 2n) }],
    },
  });
  const card = await esnaf.customerCard.getCustomerCard({ contactId: order!.contactId });
  const sums = card.orderSummary!.currencies[0]!;
  const net = formatMoney(money(sums.net, sums.currencyCode), 'tr-TR');

  // A mistake is told by its status and by each field.
  const refused = await esnaf.order.ingestOrder({ order: { storeId: store, externalId: 'no-lines' } }).catch((error: unknown) => error);
  if (!(refused instanceof EsnafError)) throw new Error('an order without lines was taken');

  console.log(JSON.stringify({ outcome, contact: card.contact?.displayName, net, order: card.recentOrders.find(({ id }) => id === order!.id), card,
    refused: { status: refused.status, fields: refused.fieldViolations.map(({ field }) => field) } }));
} finally {
  close();
}
