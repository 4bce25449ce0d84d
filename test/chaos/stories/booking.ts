import { bookings } from '../../../examples/booking-saga/bookings.ts'
import type { Stage } from '../stage.ts'
import type { Story } from './story.ts'

const halfAnHourMs = 1_800_000
const functions = { bookings: [bookings] }
const trip = { traveller: 'Ada', from: 'LHR', to: 'TRN', nights: 2, price: 42_000 }
const outside: Story['outside'] = ({ path }) => ({ json: { number: `${path.split('/')[1]}-1` } })

const book = (stage: Stage) => stage.submit({ service: 'bookings', handler: 'book' }, trip, 'Turin')

export const booked: Story = {
  name: 'booking: a trip is booked',
  isLong: true,
  functions,
  outside,
  play: async (stage) => stage.outputOf(await book(stage), halfAnHourMs),
}

export const unpaid: Story = {
  name: 'booking: the bank refuses, and all is undone',
  isLong: true,
  functions,
  outside: (effect) =>
    effect.path === '/payments/charges' ? { status: 409, json: 'no' } : outside(effect),
  play: async (stage) => stage.outputOf(await book(stage), halfAnHourMs),
}

export const thoughtOver: Story = {
  name: 'booking: it is cancelled, and all is undone',
  functions,
  outside,
  async play(stage) {
    const id = await book(stage)
    await stage.waiting(id, 'sleep')
    await stage.cancel(id)
    return stage.outputOf(id)
  },
}
