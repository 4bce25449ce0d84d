import { TerminalError } from '@fermata/lambda-runtime'

/** Airline, hotel, bank and mail, wherever they are. Two requests with one idempotency key do the thing once. */
export interface AskOptions {
  readonly idempotencyKey: string
  readonly signal: AbortSignal
}

export interface Trip {
  readonly traveller: string
  readonly from: string
  readonly to: string
  readonly nights: number
  /** In cents. */
  readonly price: number
}

const outsideUrl = process.env['OUTSIDE_URL'] ?? 'http://localhost:8200'

/** Answers with the booking's number. */
export async function bookFlight({ traveller, from, to }: Trip, by: AskOptions): Promise<string> {
  return numberIn(await ask('/flights/book', { traveller, from, to }, by))
}

export async function cancelFlight(booking: string, by: AskOptions): Promise<void> {
  await ask('/flights/cancel', { booking }, by)
}

/** Answers with the booking's number. */
export async function bookHotel({ traveller, to, nights }: Trip, by: AskOptions): Promise<string> {
  return numberIn(await ask('/hotels/book', { traveller, to, nights }, by))
}

export async function cancelHotel(booking: string, by: AskOptions): Promise<void> {
  await ask('/hotels/cancel', { booking }, by)
}

/** Answers with the payment's number. */
export async function pay({ traveller, price }: Trip, by: AskOptions): Promise<string> {
  return numberIn(await ask('/payments/charges', { traveller, price }, by))
}

export async function confirm({ traveller }: Trip, text: string, by: AskOptions): Promise<void> {
  await ask('/mail/messages', { to: traveller, text }, by)
}

/** What the other side refuses is final; everything else is tried again. */
async function ask(path: string, body: object, options: AskOptions): Promise<unknown> {
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

function numberIn(answer: unknown): string {
  return (answer as { readonly number: string }).number
}
