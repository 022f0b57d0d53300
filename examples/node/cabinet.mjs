// A cabinet's client: renames a subscriber's flat and waits until the task has run. Node 18 or later, no packages.

export class BillingError extends Error {}

/** Sends a chain: each step is `[method]` or `[method, argument]`. */
export async function call(url, model, steps, fields) {
  const form = new URLSearchParams();
  steps.forEach(([method, argument], index) => {
    form.set(`method${index + 1}`, method);
    if (argument !== undefined) form.set(`arg${index + 1}`, JSON.stringify(argument));
  });
  if (fields) form.set('fields', JSON.stringify(fields));
  const reply = await fetch(`${url}/rest_api/v2/${model}/`, { method: 'POST', body: form });
  const body = await reply.json();
  if ('error' in body) throw new BillingError(body.error);
  return body.result;
}

/** Columns of one subscriber. */
export async function read(url, id, fields) {
  return (await call(url, 'Abonents', [['objects.get', { id }]], fields)).fields;
}

/**
 * Saves columns and waits until they can be read back. The whole row is written when the task's turn comes, so that whoever
 * saves the same row before that undoes this change: do not go on before it is done.
 */
export async function save(url, id, columns, { patience = 120_000, pause = 1_000 } = {}) {
  await call(url, 'Abonents', [['objects.get', { id }], ['set', columns], ['save']], ['id']);
  for (const deadline = Date.now() + patience; Date.now() < deadline; ) {
    const now = await read(url, id, Object.keys(columns));
    if (Object.entries(columns).every(([name, value]) => now[name] === value)) return now;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  throw new BillingError(`the change of ${id} is not there after ${patience / 1000} seconds`);
}
