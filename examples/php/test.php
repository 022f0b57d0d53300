<?php
// Tests of the client, against the mock whose address is in CARBON_URL.
declare(strict_types=1);

require __DIR__ . '/Billing.php';

$billing = new Billing(getenv('CARBON_URL') ?: 'http://127.0.0.1:8082');
$failed = 0;
$check = function (string $what, bool $holds) use (&$failed): void {
    echo $holds ? "ok   $what\n" : "FAIL $what\n";
    $failed += $holds ? 0 : 1;
};

$check('who owes nothing may watch', $billing->mayWatch('gromov'));
// Somebody who is: which login that is, the data say.
$debtor = $billing->call('Users', [['objects.filter', ['abonent__abonent_id_abonentsblock__b_negbal' => 1]], ['first']], ['login']);
$check('who is blocked for a debt may not', !$billing->mayWatch($debtor['fields']['login']));
$check('nobody may not', !$billing->mayWatch('no such login'));
try {
    $billing->call('Users', [['objects.get', ['id' => 999999]]]);
    $check('a refusal is an exception', false);
} catch (BillingError $error) {
    $check('a refusal is an exception', str_contains($error->getMessage(), 'does not exist'));
}
exit($failed === 0 ? 0 : 1);
