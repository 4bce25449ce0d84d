import * as v from 'valibot'
import { type PostOptions, post } from './post.ts'

const paymentSchema = v.object({ paymentId: v.string() })

export async function charge(
  payment: { readonly order: string; readonly amount: number; readonly card: string },
  options: PostOptions,
): Promise<string> {
  return v.parse(paymentSchema, await post('/payments/charges', payment, options)).paymentId
}

export async function refund(
  payment: { readonly order: string; readonly paymentId: string },
  options: PostOptions,
): Promise<void> {
  await post('/payments/refunds', payment, options)
}
