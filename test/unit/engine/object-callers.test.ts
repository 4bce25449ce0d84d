/** Who calls what others call, too, is told what came of it (INV-5). */
import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { expect, it } from 'vitest'
import { asked, objectWorld } from './object-scenes.ts'
import { comes, during, flat, never, submit, waitsForOp0, yes } from './scenes.ts'
import { completed, type Replica, type Script, until, type World } from './world.ts'

const target = { service: 'desk', key: 'd', handler: 'run' }

const gated: Script = (request) =>
  request.journal.some(({ by }) => by === 'handler')
    ? { status: completed('done') }
    : { entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 }

const caller: Script = (request) =>
  request.journal.some(({ by }) => by === 'handler')
    ? { status: completed('told') }
    : { entries: [{ kind: 'call', op: 0, target, input: { json: 1 } }], status: waitsForOp0 }

function deskWorld(): World {
  const desk = { run: ['workflow', gated] } as const
  return objectWorld({ desk }, { one: caller, other: caller })
}

/** Two callers take a place each: the second one has looked for the first one's before it was there. */
async function callTwice(world: World, first: Replica, second: Replica): Promise<void> {
  const { objects } = world.stores
  const read = objects.slots.bind(objects)
  const appended = objects.append.bind(objects)
  const isThere = Promise.withResolvers<void>()
  let isFirst = true
  objects.append = async (ref, slot) => {
    const answer = await appended(ref, slot)
    isThere.resolve()
    return answer
  }
  objects.slots = async (ref, from, limit) => {
    const found = await read(ref, from, limit)
    if (isFirst) {
      isFirst = false
      await isThere.promise
    }
    return found
  }
  await submit(world, second, 'other')
  await world.clock.advance(100)
  await submit(world, first, 'one')
  await until(world.clock, async () => (await objects.lastSlot(target)) === 2)
}

it('of two who call it at the same time, each by a place of his own, both are told', async () => {
  const world = deskWorld()
  const [first, second] = [await world.start(), await world.start()]
  await callTwice(world, first, second)
  const id = await asked(world, first, target)
  await comes(world, id, 'suspended')
  await during(world, first.engine.ingress.completeAwakeable(`${id}.0`, yes))
  const ended = async () => {
    const all = await Promise.all([...world.table.journals.keys()].map((one) => flat(world, one)))
    return all.filter((entries) => entries.some(({ kind }) => kind === 'output')).length
  }
  await until(world.clock, async () => (await ended()) === 3, 200_000).catch(() => undefined)
  expect(await ended()).toBe(3)
})

it('whoever attaches to a holder that has ended hears of it when what it changed is there', async () => {
  const cart: Script = () => ({ status: completed('done') })
  const holder = { service: 'cart', key: 'c', handler: 'add' }
  let id: InvocationId | undefined
  const late: Script = (request) =>
    request.journal.some(({ by }) => by === 'handler') || id === undefined
      ? { status: completed('told') }
      : { entries: [{ kind: 'attach', op: 0, invocation: id }], status: waitsForOp0 }
  const world = objectWorld({ cart: { add: ['exclusive', cart] } }, { late })
  const [first, second] = [await world.start(), await world.start()]
  const { objects } = world.stores
  const writeHead = objects.writeHead.bind(objects)
  // Whoever ended it stands still before he releases its key.
  objects.writeHead = () => {
    objects.writeHead = writeHead
    return never
  }
  id = await asked(world, first, holder)
  await comes(world, id, 'output')
  const attached = await submit(world, second, 'late')
  await comes(world, attached, 'completion')
  expect((await objects.head(holder))?.done).toBe(1)
})
