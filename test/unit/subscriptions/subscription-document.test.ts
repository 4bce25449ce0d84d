import {
  parseSubscription,
  type Subscription,
} from '@fermata/orchestrator/domain/subscriptions/subscription'
import {
  decideSubscribe,
  decodeSubscriptionDocument,
  encodeSubscriptionDocument,
  type SubscriptionDocument,
} from '@fermata/orchestrator/domain/subscriptions/subscription-document'
import { describe, expect, test } from 'vitest'

const wanted = subscription('checkout/process')
const other = subscription('checkout/other')
const failure = { code: 'offset-out-of-range', message: 'gone' }

function subscription(sink: string): Subscription {
  return parseSubscription({ name: 'orders', source: 'kafka://main/orders', sink })
}

function document(given: Partial<SubscriptionDocument> = {}): SubscriptionDocument {
  return { subscription: wanted, generation: 2, by: 'admin', state: { kind: 'active' }, ...given }
}

describe('the document of a subscription', () => {
  test.each<SubscriptionDocument['state']>([
    { kind: 'active' },
    { kind: 'removed' },
    { kind: 'stopped', failure },
  ])('reads back what was written: $kind', (state) => {
    const written = document({ state })

    expect(decodeSubscriptionDocument('orders', encodeSubscriptionDocument(written))).toEqual(
      written,
    )
  })

  test.each([
    ['no object', 'text'],
    ['another shape', { generation: 1 }],
    [
      'a generation that is none',
      { ...Object(encodeSubscriptionDocument(document())), generation: -1 },
    ],
    ['a source that is none', { ...Object(encodeSubscriptionDocument(document())), source: 'x' }],
  ])('cannot be read from %s', (_, body) => {
    expect(decodeSubscriptionDocument('orders', body)).toBeUndefined()
  })
})

describe('subscribing', () => {
  test('makes what is not there, with generation 0', () => {
    expect(decideSubscribe(undefined, wanted, 'admin')).toEqual(document({ generation: 0 }))
  })

  test('again changes nothing', () => {
    expect(decideSubscribe(document(), wanted, 'admin')).toBeUndefined()
  })

  test('under a name that was removed goes on with its generation', () => {
    const removed = document({ subscription: other, state: { kind: 'removed' } })

    expect(decideSubscribe(removed, wanted, 'admin')).toEqual(document())
  })

  test('to something else under the same name is refused, and says what is there', () => {
    expect(() => decideSubscribe(document(), other, 'admin')).toThrow(
      expect.objectContaining({
        code: 'subscription-exists',
        message: expect.stringMatching(/checkout\/process .*checkout\/other/),
      }),
    )
    expect(() => decideSubscribe(document(), other, 'configuration')).toThrow(/remove it first/)
  })

  test('by a configuration changes what a configuration has made', () => {
    const by = 'configuration'

    expect(decideSubscribe(document({ by }), other, by)).toEqual(
      document({ by, subscription: other }),
    )
  })

  test('again starts what has stopped, when an administrator does it', () => {
    const stopped = document({ state: { kind: 'stopped', failure } })

    expect(decideSubscribe(stopped, wanted, 'admin')).toEqual(document())
    expect(decideSubscribe(stopped, wanted, 'configuration')).toBeUndefined()
  })

  test('again after the topic was made anew raises the generation', () => {
    const recreated = { code: 'topic-recreated', message: 'another one' }
    const stopped = document({ state: { kind: 'stopped', failure: recreated } })

    expect(decideSubscribe(stopped, wanted, 'admin')).toEqual(document({ generation: 3 }))
  })
})
