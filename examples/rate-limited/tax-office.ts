import { TerminalError } from '@fermata/lambda-runtime'
import type { AskOptions } from '../ask.ts'

const outsideUrl = process.env['OUTSIDE_URL'] ?? 'http://localhost:8200'

/** Answers with the return's number. What the office refuses is final; when it is busy, another try may do. */
export async function file(
  taxReturn: { readonly company: string; readonly quarter: string },
  { idempotencyKey, signal }: AskOptions,
): Promise<string> {
  const response = await fetch(new URL('/returns', outsideUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify(taxReturn),
    signal,
  })
  if (response.status === 422) throw new TerminalError(await response.text(), { status: 422 })
  if (!response.ok) throw new Error(`the tax office answered ${response.status}`)
  const { number } = (await response.json()) as { readonly number: string }
  return number
}
