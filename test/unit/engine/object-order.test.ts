import type { Entry } from '@fermata/lambda-runtime/protocol'
import { workflowRunId } from '@fermata/lambda-runtime/protocol'
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
import { comes, during, flat, waitsForOp0, yes } from './scenes.ts'
import { completed, type Script, until } from './world.ts'

const target = { service: 'cart', key: 'a', handler: 'add' }

function order(...entries: readonly Entry[]) {
  const orders: Script = ({ journal }) => {
    const known = journal.flatMap((segment) => segment.entries)
    if (known.some(({ kind }) => kind === 'completion')) return { status: completed('ordered') }
    return {
      entries: known.some(({ kind }) => kind === 'call') ? [] : entries,
      status: waitsForOp0,
    }
  }
  return { orders }
}

const submission = {
  target: { service: 'orders', handler: 'process' },
  input: { json: 1 },
  headers: {},
  idempotencyKey: undefined,
  delayMs: undefined,
}

describe('what a handler asks of a key', () => {
  it('comes in the order of its ops, calls and sends alike, although each takes its time', async () => {
    const make = (op: number): Entry => {
      const entry = { op, target, input: { json: `${op}` } }
      return op % 3 === 0 ? { kind: 'call', ...entry } : { kind: 'send', ...entry }
    }
    const entries = Array.from({ length: 70 }, (_, op) => make(op))
    const world = objectWorld({ cart }, order(...entries))
    const { append: put } = world.stores.objects
    Object.assign(world.stores.objects, {
      append: async (...args: Parameters<typeof put>) => {
        await world.clock.sleep(1 + (args[1].n % 3))
        return put.apply(world.stores.objects, args)
      },
    })
    const replica = await world.start()
    await during(world, replica.engine.ingress.submit(submission))
    const version = async () => (await world.stores.objects.head(keyA))?.version ?? 0
    await until(world.clock, async () => (await version()) === 70)
    expect(await call(world, replica, { handler: 'list' })).toEqual(entries.map((_, op) => `${op}`))
  })

  it('by an idempotency key that waits in line, is answered by that one', async () => {
    const entry = { target, input: { json: 'twice' }, idempotencyKey: 'k' }
    const world = objectWorld({ cart }, order({ kind: 'call', op: 0, ...entry }))
    const replica = await world.start()
    const holder = await asked(world, replica, { handler: 'gated', input: 'first' })
    await comes(world, holder, 'suspended')
    const shared = await asked(world, replica, {
      handler: 'add',
      input: 'once',
      idempotencyKey: 'k',
    })
    const submitted = await during(world, replica.engine.ingress.submit(submission))
    const orders = submitted?.invocationId
    if (orders === undefined) throw new Error('it was not accepted')
    await comes(world, shared, 'waiter')
    await during(world, replica.engine.ingress.completeAwakeable(`${holder}.0`, yes))
    expect(await resultOf(world, replica, orders)).toBe('ordered')
    expect(await call(world, replica, { handler: 'list' })).toEqual(['first', 'once'])
  })
})

describe('permits', () => {
  it('are not held by what waits in line, or by holders that wait', async () => {
    const world = objectWorld({ cart })
    const limits = { running: 2, perFunction: 2, queued: 100 }
    const replica = await world.start({ options: { limits } })
    const holders = []
    for (const key of ['k1', 'k2', 'k3', 'k4']) {
      holders.push(await asked(world, replica, { handler: 'gated', key }))
      for (let n = 0; n < 5; n++) await asked(world, replica, { handler: 'add', key })
    }
    for (const holder of holders) await comes(world, holder, 'suspended')
    expect(await call(world, replica, { handler: 'add', key: 'other' })).toBe(1)
    for (const holder of holders) {
      await during(world, replica.engine.ingress.completeAwakeable(`${holder}.0`, yes))
    }
    await world.clock.advance(5_000)
    for (const key of ['k1', 'k2', 'k3', 'k4']) {
      expect(await call(world, replica, { handler: 'list', key })).toHaveLength(6)
    }
  })
})

describe('the run of a workflow', () => {
  const run: Script = (request) =>
    request.journal.some(({ by }) => by === 'handler')
      ? { status: completed('done') }
      : {
          entries: [set(0, 'step', 'waiting'), { kind: 'awakeable', op: 1 }],
          status: { kind: 'suspended', waitingOn: { kind: 'op', op: 1 } },
        }
  const step: Script = (request) => ({
    status: completed(String(stateOf(request, 'step') ?? 'nothing')),
  })
  const signup = { run: ['workflow', run], step: ['shared', step] } as const
  const start = { service: 'signup', handler: 'run', key: 'ada' }
  const look = { service: 'signup', handler: 'step', key: 'ada' }

  it('happens once for a key, whoever starts it, and how often', async () => {
    const world = objectWorld({ signup })
    const replicas = [await world.start(), await world.start()] as const
    expect(await call(world, replicas[0], look)).toBe('nothing')
    const ids = await Promise.all(replicas.map((replica) => ask(world, replica, start)))
    expect(new Set(ids)).toEqual(new Set([workflowRunId(start)]))
    const [id] = ids
    if (id === undefined) throw new Error('it was not accepted')
    await comes(world, id, 'suspended')
    await until(world.clock, async () => (await call(world, replicas[1], look)) === 'waiting')
    const again = await during(
      world,
      replicas[1].engine.ingress.submit({ ...submission, target: start }),
    )
    expect(again).toEqual({ invocationId: id, status: 'previously_accepted' })
    await during(world, replicas[1].engine.ingress.completeAwakeable(`${id}.1`, yes))
    expect(await resultOf(world, replicas[0], id)).toBe('done')
    expect(await resultOf(world, replicas[0], (await ask(world, replicas[0], start)) ?? id)).toBe(
      'done',
    )
    expect((await flat(world, id)).filter(({ kind }) => kind === 'created')).toHaveLength(1)
    const head = await world.stores.objects.head({ service: 'signup', key: 'ada' })
    expect(head).toMatchObject({ done: 1, version: 1, expires: expect.any(Number) })
  })
})
