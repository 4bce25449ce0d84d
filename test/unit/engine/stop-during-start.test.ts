/** A replica that is told to stop while it starts: it leaves nothing that others would wait for. */
import { createCronCalendar } from '@fermata/orchestrator/adapters/system/cron-calendar'
import { createEngine } from '@fermata/orchestrator/engine/engine'
import type { Logger } from '@fermata/orchestrator/ports'
import { expect, it } from 'vitest'
import { createSeededRandom } from '../../support/sim-clock.ts'
import { worldOf } from './scenes.ts'
import { completed, defaultOptions, type World } from './world.ts'

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}

/** Every answer of the store takes a while. */
function slowly<Port extends object>({ clock }: World, port: Port): Port {
  return new Proxy(port, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver)
      if (typeof member !== 'function') return member
      return async (...args: unknown[]) => {
        await clock.sleep(4)
        return Reflect.apply(member, target, args)
      }
    },
  })
}

it.each([0, 2, 6, 10, 14, 18, 30])('after %i ms', async (ms) => {
  const world = worldOf({ orders: () => ({ status: completed('fine') }) })
  const { stores, clock, invoker } = world
  const engine = createEngine(
    {
      ...stores,
      registry: slowly(world, stores.registry),
      leases: slowly(world, stores.leases),
      agenda: slowly(world, stores.agenda),
      invoker,
      clock,
      random: createSeededRandom(1),
      faults: { reach: () => undefined },
      logger: silent,
      calendar: createCronCalendar(),
      source: {
        open: () => Promise.reject(new Error('there is no Kafka')),
        positions: async () => [],
        close: async () => undefined,
      },
    },
    defaultOptions([...world.functions.keys()]),
  )
  let over = 0
  for (const [wait, act] of [
    [ms, () => engine.start()],
    [20_000, () => engine.stop()],
  ] as const) {
    void act().finally(() => {
      over += 1
    })
    await clock.advance(wait)
  }
  expect(over).toBe(2)
  expect(engine.admin.ready().reasons).toContain('the replica is stopping')
  expect([...world.table.replicas.keys()]).toEqual([])
  const owners = [...world.table.shards.values()].map(({ owner }) => owner)
  expect(owners.filter((owner) => owner !== undefined)).toEqual([])
})
