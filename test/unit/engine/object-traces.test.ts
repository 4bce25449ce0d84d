/** Interleavings that a naive object gets wrong, by the numbers of the list in docs/invariants.md. */
import type { InvokeRequest } from '@fermata/lambda-runtime/protocol'
import { childInvocationId } from '@fermata/lambda-runtime/protocol'
import type { FaultPoint } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import {
  ask,
  asked,
  call,
  cart,
  keyA,
  objectWorld,
  resultOf,
  set,
  stateOf,
} from './object-scenes.ts'
import { comes, during, flat, forgotten, has, policy, waitsForOp0, yes } from './scenes.ts'
import { completed, type Replica, type Script, until } from './world.ts'

const add = (input: string, idempotencyKey?: string) => ({
  handler: 'add',
  input,
  ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
})

const open = (replica: Replica, id: string) =>
  replica.engine.ingress.completeAwakeable(`${id}.0`, yes)

/** Does `what` when a replica comes by a point for the first time since it was armed. */
function trap(point: FaultPoint, what: (self: Replica) => void) {
  const it = { armed: false, sprung: false }
  const onFault = (at: FaultPoint, _subject: string, self: () => Replica) => {
    if (!it.armed || it.sprung || at !== point) return
    it.sprung = true
    what(self())
  }
  return { it, onFault }
}

const die = (self: Replica) => self.kill()
const stall = (self: Replica) => self.pause()

describe('trace 4: state is stable under replay', () => {
  it('every attempt of a holder starts from the same state, while others see what it has done', async () => {
    const states: InvokeRequest['state'][] = []
    const world = objectWorld({
      cart: {
        ...cart,
        nap: [
          'exclusive',
          (request) => {
            states.push(request.state)
            const isBegun = request.journal.some(({ by }) => by === 'handler')
            const sleep = { kind: 'sleep', op: 1, wakeAt: world.clock.now() + 5_000 } as const
            return {
              entries: isBegun ? [] : [set(0, 'list', ['dreamt']), sleep],
              status: isBegun
                ? completed('rested')
                : { kind: 'suspended', waitingOn: { kind: 'op', op: 1 } },
            }
          },
        ],
      },
    })
    const replica = await world.start()
    const id = await asked(world, replica, { handler: 'nap' })
    await until(world.clock, async () => (await world.stores.objects.head(keyA)) !== undefined)
    expect(await call(world, replica, { handler: 'list' })).toEqual(['dreamt'])
    expect(await resultOf(world, replica, id)).toBe('rested')
    expect(states).toEqual([
      { access: 'exclusive', cells: [] },
      { access: 'exclusive', cells: [] },
    ])
    expect(await call(world, replica, { handler: 'list' })).toEqual(['dreamt'])
    const head = await world.stores.objects.head(keyA)
    expect(head?.version).toBe(1)
    expect(head?.live).toBeUndefined()
  })

  it.each(['append.before', 'head.before'] as const)(
    'a driver that stalls at %s and wakes up late changes nothing any more',
    async (point) => {
      const world = objectWorld({ cart })
      const { it, onFault } = trap(point, stall)
      const stalled = await world.start({ onFault })
      const id = await asked(world, stalled, { handler: 'gated', input: 'x' })
      await comes(world, id, 'suspended')
      it.armed = true
      await during(world, open(stalled, id), 500)
      const other = await world.start()
      await during(world, open(other, id), 500)
      expect(await resultOf(world, other, id, 90_000)).toBe(1)
      await asked(world, other, add('y'))
      expect(await call(world, other, add('z'))).toBe(3)
      expect(it.sprung).toBe(true)
      stalled.resume()
      await world.clock.advance(30_000)
      expect(await call(world, other, { handler: 'list' })).toEqual(['x', 'y', 'z'])
      expect((await world.stores.objects.head(keyA))?.version).toBe(3)
    },
  )

  it('a driver that stalls before it has read the state starts nobody from what others have left meanwhile', async () => {
    const world = objectWorld({ cart })
    const { it, onFault } = trap('append.after', stall)
    const stalled = await world.start({ onFault })
    const id = await asked(world, stalled, { handler: 'gated', input: 'x' })
    await comes(world, id, 'suspended')
    it.armed = true
    await during(world, open(stalled, id), 500)
    const other = await world.start()
    expect(await resultOf(world, other, id, 90_000)).toBe(1)
    expect(await call(world, other, add('y'))).toBe(2)
    expect(it.sprung).toBe(true)
    stalled.resume()
    await world.clock.advance(30_000)
    const sent = world.invoker.started.filter(({ invocation }) => invocation === id)
    expect(sent.map(({ state }) => state?.cells)).toEqual(sent.map(() => []))
  })
})

describe('trace 5: a keyed accept is one write', () => {
  it('a slot that comes late, after others of its invocation and behind it, changes nothing', async () => {
    const world = objectWorld({ cart })
    const { it, onFault } = trap('slot.before-append', stall)
    it.armed = true
    const slow = await world.start({ onFault })
    const other = await world.start()
    expect(await ask(world, slow, add('10', 'ten'), 300)).toBeUndefined()
    const ten = await asked(world, other, add('10', 'ten'))
    const eleven = await asked(world, other, add('11', 'eleven'))
    slow.resume()
    await world.clock.advance(5_000)
    expect(await resultOf(world, other, ten)).toBe(1)
    expect(await resultOf(world, other, eleven)).toBe(2)
    expect(await call(world, other, { handler: 'list' })).toEqual(['10', '11'])
    await world.clock.advance(60_000)
    expect(await call(world, other, add('12'))).toBe(3)
  })
})

describe('trace 6: the baton is not dropped', () => {
  it.each(['head.before', 'head.after'] as const)(
    'the next one has its turn although the one who finished dies at %s, and its watch was spent before',
    async (point) => {
      const world = objectWorld({ cart })
      const { it, onFault } = trap(point, die)
      const finisher = await world.start({ onFault })
      const five = await asked(world, finisher, { handler: 'gated', input: '5' })
      await comes(world, five, 'suspended')
      const other = await world.start()
      const six = await asked(world, other, add('6'))
      await forgotten(world)
      it.armed = true
      await during(world, open(finisher, five), 500)
      expect(await resultOf(world, other, six, 45_000)).toBe(2)
      expect(it.sprung).toBe(true)
      expect(await call(world, other, add('7'))).toBe(3)
      expect(await call(world, other, { handler: 'list' })).toEqual(['5', '6', '7'])
    },
  )
})

describe('trace 7: time to live', () => {
  const short = { options: { policy: policy({ retentionMs: 100_000 }) } }

  it('what waits for longer than it is kept is kept, and so is all behind it', async () => {
    const world = objectWorld({ cart })
    const replica = await world.start(short)
    await call(world, replica, add('first'))
    const holder = await asked(world, replica, { handler: 'gated', input: 'second' })
    const behind = await asked(world, replica, add('third'))
    await world.clock.advance(350_000)
    await during(world, replica.engine.ingress.signal(behind, hello))
    await world.clock.advance(350_000)
    await during(world, open(replica, holder), 500)
    expect(await resultOf(world, replica, behind)).toBe(3)
    expect(await has(world, behind, 'signal')).toBe(true)
    expect(await call(world, replica, { handler: 'list' })).toEqual(['first', 'second', 'third'])
  })

  it('when all slots are gone, numbers go on where the head says', async () => {
    const world = objectWorld({ cart })
    const replica = await world.start(short)
    for (const input of ['1', '2', '3']) await call(world, replica, add(input))
    await world.clock.advance(1_000_000)
    world.table.objects.get('cart#a')?.slots.clear()
    expect(await call(world, replica, add('4'))).toBe(4)
    expect(await world.stores.objects.slots(keyA, 1, 10)).toMatchObject([{ n: 4 }])
  })

  it('a key without a state is forgotten, and begins again', async () => {
    const read = ['exclusive', () => ({ status: completed('read') })] as const
    const world = objectWorld({ cart: { read } })
    const replica = await world.start(short)
    for (let n = 0; n < 3; n++) expect(await call(world, replica, { handler: 'read' })).toBe('read')
    await world.clock.advance(600_000)
    expect(await world.stores.objects.head(keyA)).toBeUndefined()
    expect(await call(world, replica, { handler: 'read' })).toBe('read')
    expect(await world.stores.objects.head(keyA)).toMatchObject({ done: 4 })
    await world.clock.advance(600_000)
    // A table deletes what has expired late, and in any order.
    for (const n of [1, 3, 4]) world.table.objects.get('cart#a')?.slots.delete(n)
    expect(await call(world, replica, { handler: 'read' })).toBe('read')
    expect(await world.stores.objects.head(keyA)).toMatchObject({ done: 3 })
  })
})

const hello = { name: 'hello', value: { json: 1 }, signalId: undefined }

describe('trace 14: sizes', () => {
  it('sixty values of 7 KB do not make the head long, and come back', async () => {
    const names = Array.from({ length: 60 }, (_, n) => `value ${n}`)
    const text = (name: string) => `${name} ${'x'.repeat(7_000)}`
    const world = objectWorld({
      cart: {
        fill: [
          'exclusive',
          () => ({
            entries: names.map((name, op) => set(op, name, text(name))),
            status: completed('full'),
          }),
        ],
        check: [
          'exclusive',
          (request) => {
            const found = names.filter((name) => stateOf(request, name) === text(name))
            const lazy = request.state?.cells.filter((cell) => 'slot' in cell) ?? []
            return { status: completed(found.length * 1_000 + lazy.length) }
          },
        ],
      },
    })
    const replica = await world.start()
    await call(world, replica, { handler: 'fill' })
    expect(JSON.stringify(await world.stores.objects.head(keyA)).length).toBeLessThan(6_000)
    const checked = Number(await call(world, replica, { handler: 'check' }))
    // No more than 256 KB go along; the rest is read when it is asked for.
    expect(Math.floor(checked / 1_000) + (checked % 1_000)).toBe(60)
    expect(checked % 1_000).toBe(23)
    await call(world, replica, { handler: 'fill' })
    const values = [...(world.table.objects.get('cart#a')?.values.keys() ?? [])]
    expect(values).toHaveLength(60)
    expect(values.every((place) => place.endsWith('#3'))).toBe(true)
  })
})

describe('trace 15: two finishes in a row', () => {
  it('whoever goes on to the next delivers first what the one before it was to be told', async () => {
    const target = { service: 'cart', key: 'a', handler: 'gated' }
    const caller: Script = ({ journal }) => {
      const entries = journal.flatMap((segment) => segment.entries)
      if (entries.some(({ kind }) => kind === 'completion')) return { status: completed('told') }
      const isBegun = entries.some(({ kind }) => kind === 'call')
      return {
        entries: isBegun ? [] : [{ kind: 'call', op: 0, target, input: { json: '5' } }],
        status: waitsForOp0,
      }
    }
    const world = objectWorld({ cart }, { orders: caller })
    const { it, onFault } = trap('head.after', stall)
    const finisher = await world.start({ onFault })
    const order = {
      target: { service: 'orders', handler: 'process' },
      input: { json: 1 },
      headers: {},
      idempotencyKey: undefined,
      delayMs: undefined,
    }
    const submitted = await during(world, finisher.engine.ingress.submit(order))
    const orders = submitted?.invocationId
    if (orders === undefined) throw new Error('it was not accepted')
    const five = childInvocationId(target, orders, 0)
    await comes(world, five, 'suspended')
    const other = await world.start()
    it.armed = true
    await during(world, open(finisher, five), 500)
    expect(await call(world, other, add('6'))).toBe(2)
    finisher.kill()
    expect(await resultOf(world, other, orders, 500)).toBe('told')
    expect(it.sprung).toBe(true)
  })

  it('a look at a closed journal goes on with its key', async () => {
    const world = objectWorld({ cart })
    const { it, onFault } = trap('head.after', die)
    const first = await world.start()
    const five = await asked(world, first, { handler: 'gated', input: '5' })
    await comes(world, five, 'suspended')
    const six = await asked(world, first, add('6'))
    await forgotten(world)
    const waker = await world.start({ onFault })
    it.armed = true
    await during(world, open(waker, five), 500)
    expect(it.sprung).toBe(true)
    expect(await resultOf(world, first, six, 45_000)).toBe(2)
  })
})

describe('trace 20: news for one that waits its turn', () => {
  it('a cancellation, a kill, a signal and a waiter reach it before it has a journal', async () => {
    const world = objectWorld({
      cart: {
        ...cart,
        greeted: [
          'exclusive',
          ({ journal }) => {
            const entries = journal.flatMap((segment) => segment.entries)
            const signals = entries.filter((entry) => entry.kind === 'signal')
            return { status: completed(signals.map(({ name }) => name).join()) }
          },
        ],
      },
    })
    const replica = await world.start()
    const { admin, ingress } = replica.engine
    const holder = await asked(world, replica, { handler: 'gated', input: 'first' })
    await comes(world, holder, 'suspended')
    const cancelled = await asked(world, replica, add('never'))
    const killed = await asked(world, replica, add('nor this'))
    const greeted = await asked(world, replica, { handler: 'greeted' })
    const signalId = 'once'
    await during(world, admin.cancel(cancelled, 'no more'))
    await during(world, admin.cancel(cancelled, 'again'))
    await during(world, admin.kill(killed, undefined))
    await during(world, ingress.signal(greeted, { ...hello, signalId }))
    await during(world, ingress.signal(greeted, { ...hello, signalId }))
    await during(world, ingress.signal(greeted, { ...hello, name: 'bye' }))
    const told = [cancelled, killed, greeted].map((id) => resultOf(world, replica, id))
    expect((await flat(world, cancelled)).map(({ kind }) => kind)).toEqual(['cancel'])
    for (const id of [cancelled, killed, greeted]) {
      expect(await during(world, admin.invocation(id))).toMatchObject({ status: 'queued' })
    }
    await during(world, open(replica, holder))
    expect(await Promise.all(told)).toEqual(['cancelled', 'killed', 'hello,bye'])
    expect((await flat(world, cancelled)).map(({ kind }) => kind)).toEqual([
      'cancel',
      'created',
      'output',
    ])
    expect(await call(world, replica, { handler: 'list' })).toEqual(['first'])
  })

  it('news and the turn may come at the same time', async () => {
    const world = objectWorld({ cart })
    const replicas = [await world.start(), await world.start()] as const
    for (let n = 0; n < 10; n++) {
      const holder = await asked(world, replicas[0], { handler: 'gated', input: n })
      await comes(world, holder, 'suspended')
      const next = await asked(world, replicas[1], { handler: 'gated', input: `next ${n}` })
      const news = replicas[1].engine.admin.cancel(next, undefined)
      const turn = open(replicas[0], holder)
      await during(world, Promise.all([news, turn]))
      await world.clock.advance(500)
      const isOpen = !(await has(world, next, 'output'))
      if (isOpen) await during(world, open(replicas[0], next))
      expect(await has(world, next, 'cancel')).toBe(true)
      const kinds = (await flat(world, next)).map(({ kind }) => kind)
      expect(kinds.filter((kind) => kind === 'created')).toHaveLength(1)
    }
  })
})
