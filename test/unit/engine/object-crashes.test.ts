/** A replica that dies at any point while a key is at work loses nothing, repeats nothing, and mixes up nothing. */
import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { FaultPoint } from '@fermata/orchestrator/ports'
import { expect, it } from 'vitest'
import {
  append,
  ask,
  asked,
  call,
  keyA,
  list,
  objectWorld,
  resultOf,
  set,
} from './object-scenes.ts'
import { during, flat, waitsForOp0 } from './scenes.ts'
import { completed, type Replica, type Script, type Scripted, until } from './world.ts'

const target = { service: 'cart', key: 'a', handler: 'add' }

/** Calls the cart, and sends to it, in that order. */
const order: Script = ({ journal }) => {
  const entries = journal.flatMap((segment) => segment.entries)
  if (entries.some(({ kind }) => kind === 'completion')) return { status: completed('ordered') }
  const isBegun = entries.some(({ kind }) => kind === 'call')
  return {
    entries: isBegun
      ? []
      : [
          { kind: 'call', op: 0, target, input: { json: 'called' } },
          { kind: 'send', op: 1, target, input: { json: 'sent' } },
        ],
    status: waitsForOp0,
  }
}

/** Adds to the list, then sleeps. */
const nap: Script = (request, writer) => {
  if (request.journal.some(({ by }) => by === 'handler')) return { status: completed('rested') }
  const { entries = [] } = append(request, writer) as Scripted
  const wakeAt = (request.journal[0]?.at ?? 0) + 300
  return {
    entries: [...entries, { kind: 'sleep', op: 1, wakeAt }],
    status: { kind: 'suspended', waitingOn: { kind: 'op', op: 1 } },
  }
}

const points: Partial<Record<FaultPoint, number>> = {
  'slot.before-append': 4,
  'slot.after-append': 4,
  'append.before': 10,
  'append.after': 10,
  'head.before': 5,
  'head.after': 5,
  'live.before': 1,
  'live.after': 1,
  'effects.before': 1,
  'effects.after': 1,
  'output.before-completion': 1,
  'output.after-completion': 1,
  'agenda.before-flush': 4,
  'agenda.after-flush': 4,
  'invoke.before': 6,
  'invoke.after': 6,
}

const cases = Object.entries(points).flatMap(([point, times]) =>
  Array.from({ length: times }, (_, n) => ({ point: point as FaultPoint, nth: n + 1 })),
)

it.each(cases)('a replica that dies at passing $nth of $point', async ({ point, nth }) => {
  const world = objectWorld(
    { cart: { add: ['exclusive', append], nap: ['exclusive', nap], list: ['shared', list] } },
    { orders: order },
    nth,
  )
  let left = nth
  let isArmed = false
  const survivor = await world.start()
  const victim = await world.start({
    onFault(at, _subject, self) {
      if (isArmed && at === point && --left === 0) self().kill()
    },
  })
  isArmed = true
  const accepted: (readonly [string, InvocationId])[] = []
  /** As a client does: asks again elsewhere, under the same key, when it gets no answer. */
  const submit = async (handler: string, name: string) => {
    const what = { handler, input: name, idempotencyKey: name }
    const id = (await ask(world, victim, what, 300)) ?? (await ask(world, survivor, what))
    if (id !== undefined) accepted.push([name, id])
  }
  await submit('nap', 'first')
  await submit('add', 'second')
  const ordered = (await submitOrder(victim)) ?? (await submitOrder(survivor))
  await submit('add', 'third')
  const outputs = []
  for (const [name, id] of accepted) outputs.push([name, await resultOf(world, survivor, id)])
  expect(outputs.map(([name]) => name)).toEqual(['first', 'second', 'third'])
  expect(outputs[0]?.[1]).toBe('rested')
  if (ordered !== undefined) expect(await resultOf(world, survivor, ordered)).toBe('ordered')
  // What was sent goes its own way.
  const version = async () => (await world.stores.objects.head(keyA))?.version ?? 0
  await until(world.clock, async () => (await version()) >= 5, 60_000)
  const items = (await call(world, survivor, { handler: 'list' })) as string[]
  const tracked = items.filter((item) => ['first', 'second', 'third'].includes(item))
  expect(tracked).toEqual(['first', 'second', 'third'])
  expect(items.filter((item) => item === 'called' || item === 'sent')).toEqual(['called', 'sent'])
  const head = await world.stores.objects.head(keyA)
  expect(head?.version).toBe(5)
  expect(head?.live).toBeUndefined()

  async function submitOrder({ engine }: Replica): Promise<InvocationId | undefined> {
    const submission = {
      target: { service: 'orders', handler: 'process' },
      input: { json: 1 },
      headers: {},
      idempotencyKey: 'order',
      delayMs: undefined,
    }
    const answer = await during(world, engine.ingress.submit(submission), 300)
    return answer?.invocationId
  }
})

/** Sets one value and sleeps until its key has long stopped being watched, sets another and waits for what never comes. */
const paces: Script = ({ journal, epoch }) => {
  const wakeAt = (journal[0]?.at ?? 0) + 3_600_000
  return epoch === 1
    ? {
        entries: [set(0, 'list', ['begun']), { kind: 'sleep', op: 1, wakeAt }],
        status: { kind: 'suspended', waitingOn: { kind: 'op', op: 1 } },
      }
    : {
        entries: [set(2, 'list', ['begun', 'rested']), { kind: 'awakeable', op: 3 }],
        status: { kind: 'suspended', waitingOn: { kind: 'op', op: 3 } },
      }
}

it('a holder that waits is seen as it is by readers, though whoever saw it off died before he had shown it', async () => {
  const world = objectWorld({
    cart: { pace: ['exclusive', paces], list: ['shared', list] },
  })
  let waits = 0
  const victim = await world.start({
    onFault(at, _subject, self) {
      if (at === 'live.before' && ++waits === 2) self().kill()
    },
  })
  const id = await asked(world, victim, { handler: 'pace' })
  await until(world.clock, () => waits === 2, 4_000_000, 1_000)
  expect((await flat(world, id)).at(-1)).toMatchObject({ kind: 'suspended' })
  const survivor = await world.start()
  await world.clock.advance(60_000)
  expect(await call(world, survivor, { handler: 'list' })).toEqual(['begun', 'rested'])
})
