/** What a handler does to one that it has only just sent finds it there (INV-5). */
import { childInvocationId } from '@fermata/lambda-runtime/protocol'
import { expect, it } from 'vitest'
import { comes, flat, has, send, submit, worldOf } from './scenes.ts'
import { completed, type Script } from './world.ts'

const childOf = (id: string) => childInvocationId({ service: 'leaf' }, id as never, 0)

/** Waits for two signals. */
const leaf: Script = ({ epoch }) => {
  const waits = [0, 1].map((op) => ({ kind: 'signal-wait', op, name: 'word' }) as const)
  return epoch === 1
    ? { entries: waits, status: { kind: 'suspended', waitingOn: { kind: 'op', op: 1 } } }
    : { status: completed('heard') }
}

it('signals that are sent along with their receiver come, in their order, and its output is heard', async () => {
  const parent: Script = ({ epoch, invocation }) => {
    if (epoch > 1) return { status: completed('told') }
    const child = childOf(invocation)
    const word = (op: number) =>
      ({ kind: 'signal-send', op, invocation: child, name: 'word', value: { json: op } }) as const
    return {
      entries: [send(0, 'leaf'), word(1), word(2), { kind: 'attach', op: 3, invocation: child }],
      status: { kind: 'suspended', waitingOn: { kind: 'op', op: 3 } },
    }
  }
  const world = worldOf({ parent, leaf })
  const id = await submit(world, await world.start(), 'parent')
  await comes(world, id, 'completion')
  const heard = await flat(world, childOf(id))
  const words = heard.flatMap((entry) => (entry.kind === 'signal' ? [entry.value] : []))
  expect(words).toEqual([{ json: 1 }, { json: 2 }])
  const result = { kind: 'value', value: { json: 'heard' } }
  expect(await flat(world, id)).toContainEqual({ kind: 'completion', op: 3, result })
})

it('one that is cancelled as soon as it is sent is cancelled', async () => {
  const parent: Script = ({ invocation }) => ({
    entries: [
      send(0, 'leaf'),
      { kind: 'cancel-invocation', op: 1, invocation: childOf(invocation) },
    ],
    status: completed('told'),
  })
  const world = worldOf({ parent, leaf })
  const id = await submit(world, await world.start(), 'parent')
  await comes(world, id, 'output')
  await comes(world, childOf(id), 'output')
  expect(await has(world, childOf(id), 'cancel')).toBe(true)
})
