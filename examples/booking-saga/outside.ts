/** Airline, hotel, bank and mail, wherever they are. */
import { type AskOptions, ask } from '../ask.ts'

export interface Trip {
  readonly traveller: string
  readonly from: string
  readonly to: string
  readonly nights: number
  /** In cents. */
  readonly price: number
}

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

function numberIn(answer: unknown): string {
  return (answer as { readonly number: string }).number
}
