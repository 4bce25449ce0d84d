import { TerminalError } from '@fermata/lambda-runtime'

/** Two requests with one key do the thing once: a step that is tried again sends the same. */
export interface AskOptions {
  readonly idempotencyKey: string
  readonly signal: AbortSignal
}

const outsideUrl = process.env['OUTSIDE_URL'] ?? 'http://localhost:8200'

/** Asks the world outside the examples. What it refuses (409) is final; everything else is tried again. */
export async function ask(path: string, body: unknown, options: AskOptions): Promise<unknown> {
  const response = await fetch(new URL(path, outsideUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': options.idempotencyKey },
    body: JSON.stringify(body),
    signal: options.signal,
  })
  if (response.ok) return response.json()
  const reason = `${path} answered ${response.status}`
  if (response.status === 409) throw new TerminalError(reason, { code: 'refused', status: 409 })
  throw new Error(reason)
}
