import { parseSubscription } from '@fermata/orchestrator/domain/subscriptions/subscription'
import {
  type IntakeDeps,
  RecordIntake,
} from '@fermata/orchestrator/engine/subscriptions/record-intake'
import { describe, expect, test } from 'vitest'
import { createVirtualClock } from '../../support/sim-clock.ts'
import { silentLogger } from './support/doubles.ts'
import { aRecord } from './support/records.ts'
import { ordersSpec, World } from './support/world.ts'

const spec = { name: 'carts', source: 'kafka://main/orders', sink: 'cart/add' }
const route = { subscription: parseSubscription(spec), generation: 1 }

/** What an intake asks of the engine, answered by the test. */
function intake() {
  const asked: { offset: string; answer: PromiseWithResolvers<'accepted'> }[] = []
  const deps: IntakeDeps = {
    clock: createVirtualClock(),
    logger: silentLogger,
    faults: { reach: () => undefined },
    handlers: { serves: async () => true, receiver: () => ({ isKeyed: true }) },
    deadLetters: {
      keep: () => Promise.reject(new Error('no record is dead')),
      list: async () => [],
    },
    acceptor: {
      accept({ origin: { offset } }) {
        const answer = Promise.withResolvers<'accepted'>()
        asked.push({ offset, answer })
        return answer.promise
      },
    },
  }
  const { accept } = new RecordIntake(deps, route, new AbortController().signal)
  const take = (offset: string, lane: AbortController) =>
    accept(aRecord({ offset, key: Buffer.from('a') }), lane.signal)
  return { asked, take, settle: () => createVirtualClock().settle() }
}

describe('a record of a key whose partition is given back and taken again', () => {
  test('is not refused because what the lane before it was at fails late', async () => {
    const { asked, take, settle } = intake()
    const [before, after] = [new AbortController(), new AbortController()]
    const late = take('1', before).catch(() => 'given up')
    await settle()
    before.abort(new Error('The partition is given back'))
    const again = take('1', after)
    await settle()
    asked[0]?.answer.reject(new Error('the store did not answer'))
    expect(await late).toBe('given up')
    await settle()
    expect(asked.map(({ offset }) => offset)).toEqual(['1', '1'])
    asked[1]?.answer.resolve('accepted')
    await again
  })

  test('keeps its order within its lane', async () => {
    const { asked, take, settle } = intake()
    const lane = new AbortController()
    const both = [take('1', lane), take('2', lane)]
    await settle()
    expect(asked.map(({ offset }) => offset)).toEqual(['1'])
    asked[0]?.answer.resolve('accepted')
    await settle()
    asked[1]?.answer.resolve('accepted')
    await Promise.all(both)
  })
})

describe('a stop', () => {
  test('does not wait for capacity: what has not begun stays in Kafka', async () => {
    const world = new World()
    const { subscriptions } = await world.started([ordersSpec])
    world.invocations.fillUp()
    world.produce(1)
    await world.clock.advance(1_000)
    let isOver = false
    void subscriptions.stop().then(() => {
      isOver = true
    })
    await world.clock.settle()
    expect(isOver).toBe(true)
    expect(world.invocations.requests).toEqual([])
    expect(world.committed()).toBe(0n)
    expect(world.lines.filter(({ level }) => level === 'error')).toEqual([])
  })
})
