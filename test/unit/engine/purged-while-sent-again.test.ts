/** Who sends again what a dead replica may not have sent does not send what was purged meanwhile (INV-5, trace 8). */
import { childInvocationId, type InvocationId } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '@fermata/orchestrator/domain/errors'
import { expect, it } from 'vitest'
import { comes, during, flat, send, submit, worldOf } from './scenes.ts'
import { completed, until } from './world.ts'

it('a send that has to be tried again is not, once its sender says that it was sent', async () => {
  const world = worldOf({
    sire: () => ({
      entries: [send(0, 'leaf'), { kind: 'sleep', op: 1, wakeAt: Number.MAX_SAFE_INTEGER }],
      status: { kind: 'suspended', waitingOn: { kind: 'op', op: 1 } },
    }),
    leaf: () => ({ status: completed('done') }),
  })
  const sender = await world.start()
  const sire = await submit(world, sender, 'sire', { key: 'k' })
  const leaf = childInvocationId('leaf', sire, 0)
  await comes(world, leaf, 'output')
  const isPurged = Promise.withResolvers<void>()
  let asked = 0
  // The first answer about what it sends is lost, after a while.
  const again = await world.start({
    ports: (name, port) => {
      if (name !== 'journals' || !('load' in port)) return port
      const load = port.load as (id: InvocationId) => Promise<unknown>
      return Object.assign(Object.create(port), {
        load: async (id: InvocationId) => {
          if (id !== leaf || asked++ > 0) return load.call(port, id)
          await isPurged.promise
          throw new FermataError('store-unreachable', 'the answer was lost')
        },
      })
    },
  })
  sender.pause()
  void submit(world, again, 'sire', { key: 'k' })
  await until(world.clock, () => asked > 0, 600_000)
  sender.resume()
  await during(world, sender.engine.admin.purge(leaf))
  expect(await flat(world, leaf)).toEqual([])

  isPurged.resolve()
  await world.clock.advance(10_000)

  expect(await flat(world, leaf)).toEqual([])
})
