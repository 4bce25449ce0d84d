import { type RunOptions, saga, service } from '@fermata/lambda-runtime'
import type { AskOptions } from '../ask.ts'
import {
  bookFlight,
  bookHotel,
  cancelFlight,
  cancelHotel,
  confirm,
  pay,
  type Trip,
} from './outside.ts'

export interface Booked {
  readonly flight: string
  readonly hotel: string
  readonly payment: string
}

/** For calls to the world outside: each try may take five seconds. */
const patient: RunOptions = { timeout: '5s', retry: { initialDelay: '100ms', maxDelay: '30s' } }

/** A flight, a hotel and their payment: all of them, or none. */
export const bookings = service('bookings', {
  async book(ctx, trip: Trip): Promise<Booked> {
    const by = (step: string, { signal }: { readonly signal: AbortSignal }): AskOptions => ({
      idempotencyKey: `${ctx.id}/${step}`,
      signal,
    })
    return await saga(ctx, async (steps) => {
      const flight = await steps.run('flight', (step) => bookFlight(trip, by('flight', step)), {
        ...patient,
        undo: (booking, step) => cancelFlight(booking, by('cancel flight', step)),
        undoOptions: patient,
      })
      const hotel = await steps.run('hotel', (step) => bookHotel(trip, by('hotel', step)), {
        ...patient,
        undo: (booking, step) => cancelHotel(booking, by('cancel hotel', step)),
        undoOptions: patient,
      })
      // Time to think it over: whoever cancels the invocation meanwhile gets everything undone.
      await ctx.sleep('10m')
      const payment = await steps.run('pay', (step) => pay(trip, by('pay', step)), patient)
      await ctx.run(
        'confirm',
        (step) => confirm(trip, `flight ${flight}, hotel ${hotel}`, by('confirm', step)),
        patient,
      )
      return { flight, hotel, payment }
    })
  },
})
