import { type Context, handle, service, TerminalError } from '@fermata/lambda-runtime'
import { type Order, orderSchema, totalOf } from '../order.ts'
import { type Mail, sendMail } from '../outside/mail.ts'
import { charge, refund } from '../outside/payments.ts'
import { approvalFrom, reviewDelay, salesDesk } from '../settings.ts'
import type { inventory, Reservation } from './inventory.ts'
import { reviews } from './reviews.ts'
import { keyOf, patient } from './steps.ts'

export type Receipt =
  | { readonly status: 'confirmed'; readonly payment: string; readonly reservation: string }
  | { readonly status: 'cancelled'; readonly reason: string }

export interface Decision {
  readonly approved: boolean
  readonly by: string
}

/** Takes an order from payment to confirmation. Large ones wait, for days if need be, for a person. */
export const checkout = service('checkout', {
  process: handle({ input: orderSchema }, async (ctx, order): Promise<Receipt> => {
    const amount = totalOf(order)
    const payment = await ctx.run(
      'charge',
      ({ signal }) =>
        charge(
          { order: order.id, amount, card: order.card },
          { idempotencyKey: keyOf(ctx, 'charge'), signal },
        ),
      patient,
    )

    const reservation = await reserve(ctx, order)
    if (reservation === undefined) return cancel(ctx, order, payment, 'out of stock')

    if (amount >= approvalFrom) {
      const { approved, by } = await askForApproval(ctx, order, amount)
      if (!approved) {
        await ctx.call<typeof inventory>('inventory').release(reservation)
        return cancel(ctx, order, payment, `declined by ${by}`)
      }
    }

    const to = order.customer.email
    await mail(ctx, { template: 'confirmation', order: order.id, to })
    ctx.send(reviews, { delay: reviewDelay }).ask({ order: order.id, to })
    return { status: 'confirmed', payment, reservation: reservation.reservationId }
  }),
})

/** `undefined` where the warehouse refuses. */
async function reserve(ctx: Context, order: Order): Promise<Reservation | undefined> {
  try {
    const goods = { order: order.id, items: order.items }
    return await ctx.call<typeof inventory>('inventory').reserve(goods)
  } catch (error) {
    if (error instanceof TerminalError && error.status === 409) return undefined
    throw error
  }
}

/** Nothing runs and nothing is billed while this waits. */
async function askForApproval(ctx: Context, order: Order, amount: number): Promise<Decision> {
  const approval = ctx.awakeable<Decision>()
  await mail(ctx, {
    template: 'approval',
    order: order.id,
    to: salesDesk,
    amount,
    approval: approval.id,
  })
  return approval.promise.orTimeout('2d', { approved: false, by: 'nobody, in two days' })
}

async function cancel(
  ctx: Context,
  order: Order,
  paymentId: string,
  reason: string,
): Promise<Receipt> {
  await ctx.run(
    'refund',
    ({ signal }) =>
      refund({ order: order.id, paymentId }, { idempotencyKey: keyOf(ctx, 'refund'), signal }),
    patient,
  )
  await mail(ctx, { template: 'cancellation', order: order.id, to: order.customer.email, reason })
  return { status: 'cancelled', reason }
}

async function mail(ctx: Context, message: Mail): Promise<void> {
  const step = `mail ${message.template}`
  await ctx.run(
    step,
    ({ signal }) => sendMail(message, { idempotencyKey: keyOf(ctx, step), signal }),
    patient,
  )
}
