<?php

// A small client of Esnaf's HTTP API, by php-curl alone: to be copied into a shop and changed there.
declare(strict_types=1);

// What a call fails with: the canonical status, the reason for programs, and each field that is not right.
final class EsnafError extends RuntimeException
{
    public string $reason = '';
    /** @var list<array{field: string, description: string}> */
    public array $fieldViolations = [];

    public function __construct(public readonly int $httpStatus, public readonly string $status, string $message, array $details = [],
        public readonly ?int $retryAfter = null, public readonly ?string $requestId = null)
    {
        parent::__construct("$status: $message");
        foreach ($details as $detail) {
            $type = $detail['@type'] ?? '';
            if (str_ends_with($type, '/google.rpc.ErrorInfo')) {
                $this->reason = $detail['reason'] ?? '';
            } elseif (str_ends_with($type, '/google.rpc.BadRequest')) {
                $this->fieldViolations = $detail['fieldViolations'] ?? [];
            }
        }
    }
}

// Calls the API with a key. With $readOwnWrites every call waits for what this object wrote before: one object a session.
final class Esnaf
{
    private const STATUSES = [401 => 'UNAUTHENTICATED', 403 => 'PERMISSION_DENIED', 404 => 'NOT_FOUND', 429 => 'RESOURCE_EXHAUSTED', 503 => 'UNAVAILABLE'];
    /** @var array<string, string> */
    private array $positions = [];

    public function __construct(private readonly string $url, private readonly string $key, private readonly int $retries = 3,
        private readonly float $timeout = 20.0, private readonly bool $readOwnWrites = false)
    {
    }

    public function get(string $path, array $query = []): array
    {
        return $this->call('GET', $path . ($query ? '?' . http_build_query($query, '', '&', PHP_QUERY_RFC3986) : ''), null, []);
    }

    // The same key with the same body is done once and answered alike, for seven days; a random one where none is given.
    public function post(string $path, array $body, ?string $idempotencyKey = null): array
    {
        $json = json_encode($body ?: new stdClass(), JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE);
        return $this->call('POST', $path, $json, ['Idempotency-Key: ' . ($idempotencyKey ?? bin2hex(random_bytes(16)))]);
    }

    // Minor units as decimal text, without floating point: 25980 is 259.80 lira.
    public static function formatMinor(string $minor, int $digits = 2): string
    {
        $text = str_pad(ltrim($minor, '-'), $digits + 1, '0', STR_PAD_LEFT);
        $whole = substr($text, 0, strlen($text) - $digits);
        return ($minor[0] === '-' ? '-' : '') . $whole . ($digits ? '.' . substr($text, -$digits) : '');
    }

    private function call(string $verb, string $path, ?string $body, array $headers): array
    {
        $headers[] = "Authorization: Bearer {$this->key}";
        if ($body !== null) {
            $headers[] = 'Content-Type: application/json';
        }
        if ($this->readOwnWrites && $this->positions) {
            $headers[] = 'Esnaf-After: ' . implode(',', $this->positions);
        }
        $end = microtime(true) + $this->timeout;
        for ($attempt = 0;; ++$attempt) {
            try {
                return $this->send($verb, $path, $body, $headers, max($end - microtime(true), 0.001));
            } catch (EsnafError $error) {
                // The idempotency key makes it safe to repeat a write whose answer was lost.
                $again = $error->status === 'UNAVAILABLE' || ($error->status === 'RESOURCE_EXHAUSTED' && $error->retryAfter !== null);
                $delay = max($error->retryAfter ?? 0, min(0.1 * 2 ** $attempt, 5.0) * random_int(50, 100) / 100);
                if (!$again || $attempt >= $this->retries || microtime(true) + $delay >= $end) {
                    throw $error;
                }
            }
            usleep((int) ($delay * 1_000_000));
        }
    }

    private function send(string $verb, string $path, ?string $body, array $headers, float $timeout): array
    {
        $answered = [];
        $curl = curl_init(rtrim($this->url, '/') . $path);
        curl_setopt_array($curl, [
            CURLOPT_CUSTOMREQUEST => $verb,
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT_MS => max((int) ($timeout * 1000), 1),
            CURLOPT_HEADERFUNCTION => static function ($curl, string $line) use (&$answered): int {
                [$name, $value] = array_pad(explode(':', $line, 2), 2, '');
                $answered[strtolower(trim($name))] = trim($value);
                return strlen($line);
            },
        ]);
        if ($body !== null) {
            curl_setopt($curl, CURLOPT_POSTFIELDS, $body);
        }
        $text = curl_exec($curl);
        if ($text === false) {
            $late = curl_errno($curl) === CURLE_OPERATION_TIMEDOUT;
            throw new EsnafError(0, $late ? 'DEADLINE_EXCEEDED' : 'UNAVAILABLE', 'no answer came: ' . curl_error($curl));
        }
        $code = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
        $json = json_decode($text, true);
        if ($code >= 300) {
            // What stands between here and the gateway answers in its own words.
            $said = is_array($json) ? ($json['error'] ?? []) : [];
            $wait = $answered['retry-after'] ?? '';
            throw new EsnafError($code, $said['status'] ?? self::STATUSES[$code] ?? 'UNKNOWN', $said['message'] ?? "HTTP $code",
                $said['details'] ?? [], ctype_digit($wait) ? (int) $wait : null, $answered['x-request-id'] ?? null);
        }
        foreach (array_filter(explode(',', $answered['esnaf-position'] ?? '')) as $position) {
            $position = trim($position);
            $service = strstr($position, ':', true);
            if (!self::isOlder($position, $this->positions[$service] ?? null)) {
                $this->positions[$service] = $position;
            }
        }
        return $json ?? [];
    }

    // Positions compare within an epoch; another epoch is a restored database, of which the later answer counts.
    private static function isOlder(string $position, ?string $known): bool
    {
        if ($known === null || strrpos($position, '.') === false || strrpos($known, '.') === false) {
            return false;
        }
        [$epoch, $xact] = [substr($position, 0, strrpos($position, '.')), substr($position, strrpos($position, '.') + 1)];
        [$knownEpoch, $knownXact] = [substr($known, 0, strrpos($known, '.')), substr($known, strrpos($known, '.') + 1)];
        return $epoch === $knownEpoch && (int) $xact < (int) $knownXact;
    }
}
