import * as v from 'valibot'
import type { Order } from '../order.ts'
import { type PostOptions, post } from './post.ts'

const reservationSchema = v.object({ reservationId: v.string() })

export async function reserve(
  goods: { readonly order: string; readonly items: Order['items'] },
  options: PostOptions,
): Promise<string> {
  return v.parse(reservationSchema, await post('/warehouse/reservations', goods, options))
    .reservationId
}

export async function release(
  goods: { readonly order: string; readonly reservationId: string },
  options: PostOptions,
): Promise<void> {
  await post('/warehouse/releases', goods, options)
}
