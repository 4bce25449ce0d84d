/** News that no item of the table can hold is refused, and leaves nothing behind. */
import type { Json } from '@fermata/lambda-runtime/protocol'
import { expect, it } from 'vitest'
import { comes, during, flat, submit, worldOf } from './scenes.ts'
import { completed } from './world.ts'

/** Deeper than whatever writes JSON can follow. */
function nested(depth: number): Json {
  return JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)
}

it('a signal that cannot be written does not keep the attempt under way from ending', async () => {
  const reply = Promise.withResolvers<{ status: ReturnType<typeof completed> }>()
  const world = worldOf({ orders: () => reply.promise })
  const replica = await world.start()
  const { engine } = replica
  const id = await submit(world, replica, 'orders')
  const signal = { name: 'go', value: { json: nested(100_000) }, signalId: undefined }
  expect(
    await during(
      world,
      engine.ingress.signal(id, signal).then(() => 'taken'),
    ),
  ).toBeUndefined()
  reply.resolve({ status: completed('fine') })
  await comes(world, id, 'output')
})

it('a reply that cannot be written pauses its invocation', async () => {
  const world = worldOf({ orders: () => ({ status: completed('fine') }) })
  const replica = await world.start()
  const invoke = world.invoker.invoke.bind(world.invoker)
  const value = { json: nested(100_000) }
  Object.assign(world.invoker, {
    async invoke(...args: Parameters<typeof invoke>) {
      const outcome = await invoke(...args)
      if (outcome.kind !== 'replied') return outcome
      return { ...outcome, reply: { ...outcome.reply, status: { kind: 'completed', value } } }
    },
  })
  const id = await submit(world, replica, 'orders')
  await comes(world, id, 'paused')
  const view = await replica.engine.admin.invocation(id)
  expect(view).toMatchObject({ status: 'paused', failure: { code: 'segment-too-large' } })
})

it('a request that cannot be written fails its attempt, as often as the policy says', async () => {
  const world = worldOf({ orders: () => ({ status: completed('fine') }) })
  const replica = await world.start()
  Object.assign(world.invoker, {
    invoke: () => Promise.reject(new RangeError('Maximum call stack size exceeded')),
  })
  const id = await submit(world, replica, 'orders')
  await comes(world, id, 'paused')
  const entries = await flat(world, id)
  expect(entries.filter(({ kind }) => kind === 'attempt')).toHaveLength(5)
  expect(entries.at(-1)).toMatchObject({ kind: 'paused', reason: { code: 'internal' } })
})
