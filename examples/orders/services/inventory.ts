import { type ServiceContext, service } from '@fermata/lambda-runtime'
import type { Order } from '../order.ts'
import { release, reserve } from '../outside/warehouse.ts'
import { keyOf, patient } from './steps.ts'

export interface Goods {
  readonly order: string
  readonly items: Order['items']
}

export interface Reservation {
  readonly order: string
  readonly reservationId: string
}

/** Another team's service, in a function of its own: `checkout` knows its type alone. */
export const inventory = service('inventory', {
  async reserve(ctx: ServiceContext, goods: Goods): Promise<Reservation> {
    const reservationId = await ctx.run(
      'reserve',
      ({ signal }) => reserve(goods, { idempotencyKey: keyOf(ctx, 'reserve'), signal }),
      patient,
    )
    return { order: goods.order, reservationId }
  },

  async release(ctx: ServiceContext, reservation: Reservation): Promise<void> {
    await ctx.run(
      'release',
      ({ signal }) => release(reservation, { idempotencyKey: keyOf(ctx, 'release'), signal }),
      patient,
    )
  },
})
