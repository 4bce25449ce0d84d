/** Many that come due at once, and little that may run: those that wait are not all held in memory. */
import { queryObjects } from 'node:v8'
import type { Entry } from '@fermata/lambda-runtime/protocol'
import { JournalSession } from '@fermata/orchestrator/engine/invocations/journal-session'
import { expect, it } from 'vitest'
import { comes, submit, waitsForOp0, worldOf } from './scenes.ts'
import { completed, type Script, until } from './world.ts'

const sleepers = 60
const sleepMs = 20_000

const sleeping: Script = ({ epoch, journal }) => {
  const sleep: Entry = { kind: 'sleep', op: 0, wakeAt: (journal[0]?.at ?? 0) + sleepMs }
  return epoch === 1 ? { entries: [sleep], status: waitsForOp0 } : { status: completed('awake') }
}

it('sleepers that wake at once wait outside of memory, and all have their turn', async () => {
  const gate = Promise.withResolvers<void>()
  const world = worldOf({
    sleeper: sleeping,
    slow: async () => {
      await gate.promise
      return { status: completed('done') }
    },
  })
  const limits = { running: 1, perFunction: 100, queued: 1_000 }
  const replica = await world.start({ options: { limits } })
  const ids = await Promise.all(
    Array.from({ length: sleepers }, () => submit(world, replica, 'sleeper')),
  )
  for (const id of ids) await comes(world, id, 'suspended')
  const slow = await submit(world, replica, 'slow')
  await comes(world, slow, 'attempt')
  await world.clock.advance(sleepMs)
  expect(queryObjects(JournalSession, { format: 'count' })).toBeLessThan(10)

  gate.resolve()
  await comes(world, slow, 'output')
  await until(world.clock, async () => {
    const views = await Promise.all(ids.map((id) => replica.engine.admin.invocation(id)))
    return views.every(({ status }) => status === 'completed')
  })
})
