<?php

// A storefront's way from an order to its customer's card. ESNAF_URL, ESNAF_KEY (scopes contacts.*, orders.*, rfm.read), ESNAF_STORE.
declare(strict_types=1);

require __DIR__ . '/Esnaf.php';

$store = getenv('ESNAF_STORE') ?: 'shop';
$esnaf = new Esnaf(getenv('ESNAF_URL') ?: 'http://127.0.0.1:7080', (string) getenv('ESNAF_KEY'), readOwnWrites: true);

$order = [
    'storeId' => $store, 'externalId' => 'php-1', 'placeTime' => '2026-03-03T10:00:00Z', 'paid' => true, 'pricesIncludeTax' => true,
    'customer' => ['email' => 'ayse@example.com', 'emailVerified' => true, 'givenName' => 'Ayşe', 'familyName' => 'Yılmaz'],
    // 64-bit numbers are strings in JSON; money is in minor units.
    'lines' => [['sku' => 'A', 'title' => 'Elbise', 'quantity' => '2', 'unitPrice' => ['minor' => '12990', 'currencyCode' => 'TRY']]],
];
// A key of one's own survives a restart of the program, too.
$taken = $esnaf->post('/v1/orders:ingest', ['order' => $order], "$store-php-1");
$again = $esnaf->post('/v1/orders:ingest', ['order' => $order], "$store-php-1");
$card = $esnaf->get('/v1/contacts/' . rawurlencode($taken['order']['contactId']) . '/card');
try {
    $esnaf->post('/v1/orders:ingest', ['order' => ['storeId' => $store, 'externalId' => 'no-lines']]);
    throw new LogicException('an order without lines was taken');
} catch (EsnafError $error) {
    $refused = ['status' => $error->status, 'fields' => array_column($error->fieldViolations, 'field')];
}

$sums = $card['orderSummary']['currencies'][0];
echo json_encode(['outcome' => $taken['outcome'], 'replayed' => $again === $taken, 'contact' => $card['contact']['displayName'],
    'net' => Esnaf::formatMinor($sums['net']), 'seen' => in_array($taken['order']['id'], array_column($card['recentOrders'], 'id'), true),
    'refused' => $refused], JSON_UNESCAPED_UNICODE), "\n";
