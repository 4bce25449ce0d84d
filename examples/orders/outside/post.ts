import { TerminalError } from '@fermata/lambda-runtime'
import { outsideUrl } from '../settings.ts'

export interface PostOptions {
  /**
   * Whoever gets two requests with one key does the thing once and answers both the same. A step may
   * run again when its function died before the result was stored; this is what makes that harmless.
   */
  readonly idempotencyKey: string
  readonly signal: AbortSignal
}

/**
 * Sends JSON to the world outside. What the other side refuses is final (`TerminalError`); everything else,
 * an outage or a lost answer, is thrown for the step's policy to try again.
 */
export async function post(path: string, body: object, options: PostOptions): Promise<unknown> {
  const response = await fetch(new URL(path, outsideUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': options.idempotencyKey },
    body: JSON.stringify(body),
    signal: options.signal,
  })
  if (response.ok) return response.json()
  const reason = await response.text()
  const isRefused = response.status >= 400 && response.status < 500 && response.status !== 429
  if (isRefused) throw new TerminalError(reason, { status: response.status })
  throw new Error(`${path} answered ${response.status}: ${reason}`)
}
