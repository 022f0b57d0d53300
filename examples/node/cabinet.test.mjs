// Tests of the client, against the mock whose address is in CARBON_URL: `node --test`.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BillingError, read, save } from './cabinet.mjs';

const url = process.env.CARBON_URL ?? 'http://127.0.0.1:8082';
const quick = { patience: 60_000, pause: 200 };

test('two changes, one after the other, are both there', async () => {
  await save(url, 47, { a_home_number: '7' }, quick);
  await save(url, 47, { sms: '+79991234567' }, quick);
  assert.deepEqual(await read(url, 47, ['a_home_number', 'sms']), { a_home_number: '7', sms: '+79991234567' });
});

test('a refusal is an error', async () => {
  await assert.rejects(read(url, 999999, ['id']), BillingError);
});
