import { expect } from 'vitest'

/** How a story ends when nobody dies: outputs, and what was done in the world outside, how often. */
export type End = {
  readonly outputs: unknown
  readonly done: Readonly<Record<string, number>>
}

const confirmed = {
  value: { status: 'confirmed', payment: 'p-1', reservation: 'r-1' },
}
const cancelled = { failure: { code: 'cancelled', message: 'The invocation was cancelled' } }
const paidOut = { value: { payment: 'P-1', approvedBy: 'Grace' } }
const account = { value: { status: 'open', account: 'A-1', verifiedAt: null } }
const finding = { summary: 'Jane Roe is well', images: ['a', 'b'] }
const nothing = {}

/** By name. */
export const ends: Readonly<Record<string, End>> = {
  'quickstart: an order is approved': {
    outputs: { value: { id: expect.stringMatching(/^payment of 12 for o-1 \(checkout\./) } },
    done: { mail: 1 },
  },
  'orders: a large one is approved': {
    outputs: confirmed,
    done: { '/payments/charges': 1, '/warehouse/reservations': 1, '/mail/messages': 3 },
  },
  'orders: a small one is confirmed': {
    outputs: confirmed,
    done: { '/payments/charges': 1, '/warehouse/reservations': 1, '/mail/messages': 2 },
  },
  'orders: a large one is declined': {
    outputs: { value: { status: 'cancelled', reason: 'declined by Grace' } },
    done: {
      '/payments/charges': 1,
      '/payments/refunds': 1,
      '/warehouse/reservations': 1,
      '/warehouse/releases': 1,
      '/mail/messages': 2,
    },
  },
  'orders: nothing is left': {
    outputs: { value: { status: 'cancelled', reason: 'out of stock' } },
    done: {
      '/payments/charges': 1,
      '/payments/refunds': 1,
      '/warehouse/reservations': 1,
      '/mail/messages': 1,
    },
  },
  'orders: the card is refused': {
    outputs: { failure: { code: 'terminal', message: '"no"' } },
    done: { '/payments/charges': 1 },
  },
  'signup: the code comes back': {
    outputs: {
      isOne: true,
      wrong: { failure: { code: 'terminal', message: 'wrong code' } },
      verified: { value: true },
      late: { value: false },
      output: account,
      status: { value: 'verified' },
    },
    done: { '/mail/messages': 2, '/accounts': 1 },
  },
  'signup: the code comes back after a reminder': {
    outputs: { verified: { value: true }, output: account },
    done: { '/mail/messages': 3, '/accounts': 1 },
  },
  'approval: a claim is paid out': {
    outputs: paidOut,
    done: { '/budgets/reserve': 1, '/reviews': 1, '/payments': 1 },
  },
  'approval: a claim is declined': {
    outputs: { failure: { code: 'terminal', message: 'declined by Grace' } },
    done: { '/budgets/reserve': 1, '/reviews': 1, '/budgets/release': 1 },
  },
  'approval: a claim is cancelled': {
    outputs: cancelled,
    done: { '/budgets/reserve': 1, '/reviews': 1, '/budgets/release': 1 },
  },
  'approval: a claim is killed': {
    outputs: { failure: { code: 'killed', message: 'The invocation was killed' } },
    done: { '/budgets/reserve': 1, '/reviews': 1 },
  },
  'approval: a reviewer falls silent': {
    outputs: paidOut,
    done: { '/budgets/reserve': 1, '/reviews': 2, '/payments': 1 },
  },
  'booking: a trip is booked': {
    outputs: { value: { flight: 'flights-1', hotel: 'hotels-1', payment: 'payments-1' } },
    done: { '/flights/book': 1, '/hotels/book': 1, '/payments/charges': 1, '/mail/messages': 1 },
  },
  'booking: the bank refuses, and all is undone': {
    outputs: { failure: { code: 'refused', message: '/payments/charges answered 409' } },
    done: {
      '/flights/book': 1,
      '/hotels/book': 1,
      '/payments/charges': 1,
      '/hotels/cancel': 1,
      '/flights/cancel': 1,
    },
  },
  'booking: it is cancelled, and all is undone': {
    outputs: cancelled,
    done: { '/flights/book': 1, '/hotels/book': 1, '/hotels/cancel': 1, '/flights/cancel': 1 },
  },
  'fan-out: one mail to each reader, and one of them cannot be reached': {
    outputs: { value: { readers: 10, missed: ['reader-7@example.org'] } },
    done: { '/readers': 1, '/mail/messages': 9 },
  },
  'digest: comments are indexed together, and authors are told': {
    outputs: [nothing, nothing, nothing, nothing],
    done: { '/index': 1, '/mails': 2 },
  },
  'digest: every morning a mail to each reader': {
    outputs: { value: 2 },
    done: { '/top-comments': 1, '/mails': 2 },
  },
  'encrypted: a referral goes into the file': {
    outputs: {
      output: { value: { ward: 'cardiology, for Jane Roe', count: 1 } },
      kept: { value: [finding] },
      sealed: true,
      told: null,
    },
    done: {},
  },
  'server: somebody is greeted': { outputs: { value: 'Hello, Ada' }, done: {} },
  'cart: what is paid for is what was in it': {
    outputs: {
      outputs: [
        ...[nothing, nothing, nothing, nothing],
        { value: { order: 'ada-1', total: 700 } },
        nothing,
        { value: { order: 'ada-2', total: 120 } },
        nothing,
        { failure: { code: 'terminal', message: 'the cart is empty' } },
      ],
      totals: [{ value: 0 }, { value: 700 }],
      version: 7,
      state: [['orders', { json: 2 }]],
    },
    done: { '/warehouse/reservations': 2, '/bank/charges': 2 },
  },
  'rate-limited: each return is filed once': {
    outputs: ['N Ada', 'N Babbage', 'N Ada'],
    done: { '/returns': 2 },
  },
  'a key that is drawn in a step': {
    outputs: 'what was drawn is booked',
    done: { '/bookings': 1 },
  },
}
