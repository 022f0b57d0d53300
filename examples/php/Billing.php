<?php
declare(strict_types=1);

/** The billing refused a call. */
final class BillingError extends RuntimeException {}

/** A TV platform's client: who may watch. PHP's own functions only. */
final class Billing
{
    public function __construct(private string $url, private int $timeout = 30) {}

    /** Sends a chain: each step is [method] or [method, argument]. */
    public function call(string $model, array $steps, ?array $fields = null): mixed
    {
        $form = [];
        foreach (array_values($steps) as $index => $step) {
            $form['method' . ($index + 1)] = $step[0];
            if (array_key_exists(1, $step)) {
                $form['arg' . ($index + 1)] = json_encode($step[1], JSON_THROW_ON_ERROR);
            }
        }
        if ($fields !== null) {
            $form['fields'] = json_encode($fields, JSON_THROW_ON_ERROR);
        }
        $context = stream_context_create(['http' => [
            'method' => 'POST',
            'header' => 'Content-Type: application/x-www-form-urlencoded',
            'content' => http_build_query($form),
            'timeout' => $this->timeout,
            'ignore_errors' => true,
        ]]);
        $reply = @file_get_contents("{$this->url}/rest_api/v2/$model/", false, $context);
        if ($reply === false) {
            throw new BillingError("{$this->url} does not answer");
        }
        $body = json_decode($reply, true, 512, JSON_THROW_ON_ERROR);
        if (array_key_exists('error', $body)) {
            throw new BillingError($body['error']);
        }
        return $body['result'];
    }

    /** Whether the subscriber of this login may watch: nothing blocks him. */
    public function mayWatch(string $login): bool
    {
        $found = $this->call('Users', [['objects.filter', ['login' => $login, 'deleted' => 0]]], ['abonent__allow_internet']);
        return $found !== [] && $found[0]['fields']['abonent']['fields']['allow_internet'] === 1;
    }
}
