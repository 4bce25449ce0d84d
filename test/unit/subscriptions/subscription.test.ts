import {
  groupIdOf,
  isSameSubscription,
  parseSubscription,
  stateSubscription,
} from '@fermata/orchestrator/domain/subscriptions/subscription'
import { describe, expect, test } from 'vitest'

const stated = { name: 'orders', source: 'kafka://main/orders.v1', sink: 'checkout/process' }

describe('a subscription', () => {
  test('is resolved with its defaults', () => {
    expect(parseSubscription(stated)).toEqual({
      name: 'orders',
      cluster: 'main',
      topic: 'orders.v1',
      service: 'checkout',
      handler: 'process',
      startFrom: 'earliest',
      running: undefined,
    })
  })

  test('reads back what it states', () => {
    const options = { startFrom: 'latest', limits: { running: 7 } } as const
    const parsed = parseSubscription({ ...stated, options })

    expect(stateSubscription(parsed)).toEqual({ ...stated, options })
    expect(parseSubscription(stateSubscription(parsed))).toEqual(parsed)
    expect(isSameSubscription(parsed, parseSubscription(stateSubscription(parsed)))).toBe(true)
    expect(isSameSubscription(parsed, parseSubscription(stated))).toBe(false)
  })

  test('is another one when somebody else looks after it', () => {
    const options = { startFrom: 'earliest', owner: 'stack/shop' } as const
    const owned = parseSubscription({ ...stated, options })

    expect(stateSubscription(owned)).toEqual({ ...stated, options })
    expect(isSameSubscription(owned, parseSubscription(stated))).toBe(false)
    expect(() => parseSubscription({ ...stated, options: { owner: '' } })).toThrow(/options\.owner/)
  })

  test('has a group that follows from its name alone', () => {
    expect(groupIdOf('orders')).toBe('fermata.orders')
  })

  test('reports all its mistakes at once', () => {
    const wrong = { name: '', source: 'orders', sink: 'checkout', options: { startFrom: 'today' } }

    expect(() => parseSubscription(wrong)).toThrow(
      expect.objectContaining({
        code: 'subscription-invalid',
        message: expect.stringMatching(/name: .*; source: .*; sink: .*; options\.startFrom: /),
      }),
    )
  })

  test('that is no object says so', () => {
    expect(() => parseSubscription('orders')).toThrow(/subscription: /)
  })

  test('of an unknown cluster names those that there are', () => {
    const elsewhere = { ...stated, source: 'kafka://elsewhere/orders', sink: 'x' }

    expect(() => parseSubscription(elsewhere, ['main', 'other'])).toThrow(
      /sink: .*; source: no cluster "elsewhere" is configured \(there are: main, other\)/,
    )
    expect(() => parseSubscription({ ...stated }, [])).toThrow(/\(none is\)/)
    expect(parseSubscription(stated, ['main']).cluster).toBe('main')
  })
})
