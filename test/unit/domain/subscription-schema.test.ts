import {
  subscriptionFields,
  subscriptionOptionFields,
} from '@fermata/orchestrator/domain/subscription-schema'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'

const schema = v.object({ ...subscriptionFields, ...subscriptionOptionFields })
const good = { name: 'orders', source: 'kafka://main/orders.v1', sink: 'checkout/process' }

describe('a subscription', () => {
  it('has a name, a source and a sink', () => {
    expect(v.parse(schema, good)).toEqual(good)
  })

  it.each([
    [{ name: '' }, 'expected up to 100 letters, digits, ".", "_" or "-"'],
    [
      { source: 'main/orders' },
      'expected "kafka://<cluster>/<topic>", for instance "kafka://main/orders"',
    ],
    [{ sink: 'checkout' }, 'expected "<service>/<handler>", for instance "checkout/process"'],
  ])('with %o says what is expected', (wrong, message) => {
    expect(v.safeParse(schema, { ...good, ...wrong }).issues?.[0]?.message).toBe(message)
  })
})
