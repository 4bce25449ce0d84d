/** Durable promises: many waiters, one writer that wins, and a crash at every place between the write and the last waiter. */
import type { Entry, InvocationId } from '@fermata/lambda-runtime/protocol'
import type { FaultPoint } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { comes, during, flat, forgotten, has, policy, submit, waitsForOp0, yes } from './scenes.ts'
import { promiseOf, runOf, worldWithWorkflows } from './workflows.ts'
import { completed, type Replica, type Script, until, type World } from './world.ts'

const verified = promiseOf('verified')

const waiting: Script = ({ epoch, journal }) => {
  if (epoch > 1) return { status: completed(outcomeIn(journal.flatMap(({ entries }) => entries))) }
  return { entries: [{ kind: 'promise-get', op: 0, promise: verified }], status: waitsForOp0 }
}

/** Completes the promise, and answers whether it was the first. */
const completing: Script = ({ epoch, journal }) => {
  if (epoch > 1) return { status: completed(outcomeIn(journal.flatMap(({ entries }) => entries))) }
  const complete: Entry = { kind: 'promise-complete', op: 0, promise: verified, result: yes }
  return { entries: [complete], status: waitsForOp0 }
}

const peeking: Script = ({ epoch, journal }) => {
  if (epoch > 1) return { status: completed(outcomeIn(journal.flatMap(({ entries }) => entries))) }
  return { entries: [{ kind: 'promise-peek', op: 0, promise: verified }], status: waitsForOp0 }
}

function outcomeIn(entries: readonly Entry[]): string {
  const found = entries.find((entry) => entry.kind === 'completion' && entry.op === 0)
  return JSON.stringify(found?.kind === 'completion' ? found.result : 'none')
}

const services = { waiters: waiting, completers: completing, peekers: peeking, signup: waiting }
const worldOfPromises = () => worldWithWorkflows(services, ['signup'])

async function outputOf(world: World, id: InvocationId): Promise<unknown> {
  const output = (await flat(world, id)).find(({ kind }) => kind === 'output')
  if (output?.kind !== 'output' || output.result.kind !== 'value') return undefined
  return 'json' in output.result.value ? JSON.parse(String(output.result.value.json)) : undefined
}

async function waiters(world: World, replica: Replica, count: number): Promise<InvocationId[]> {
  const ids: InvocationId[] = []
  for (let i = 0; i < count; i++) ids.push(await submit(world, replica, 'waiters'))
  for (const id of ids) await comes(world, id, 'suspended')
  await until(world.clock, async () => {
    return (await world.stores.promises.waiters(verified)).length === count
  })
  return ids
}

const resolve = (world: World, { engine }: Replica, key?: string) =>
  during(
    world,
    engine.ingress.completePromise(verified, yes, key).then(() => 'done' as const),
    1_000,
  )

describe('a durable promise', () => {
  it('wakes all who wait for it, and those who come later, each once', async () => {
    const world = worldOfPromises()
    const replica = await world.start()
    const ids = await waiters(world, replica, 20)

    expect(await resolve(world, replica)).toBe('done')
    ids.push(await submit(world, replica, 'waiters'))

    for (const id of ids) {
      await comes(world, id, 'output')
      expect(await outputOf(world, id)).toEqual(yes)
      expect((await flat(world, id)).filter(({ kind }) => kind === 'completion')).toHaveLength(1)
    }
    expect(await world.stores.promises.waiters(verified)).toEqual([])
  })

  it('is completed once: the first handler is told so, the second too, and who peeks sees it', async () => {
    const world = worldOfPromises()
    const replica = await world.start()
    const early = await submit(world, replica, 'peekers')
    await comes(world, early, 'output')
    const ids = [await submit(world, replica, 'completers')]
    await comes(world, ids[0] ?? early, 'output')
    ids.push(await submit(world, replica, 'completers'), await submit(world, replica, 'peekers'))
    for (const id of ids) await comes(world, id, 'output')

    expect(await outputOf(world, early)).toEqual({ kind: 'value', value: { void: true } })
    expect(await Promise.all(ids.map((id) => outputOf(world, id)))).toEqual([
      { kind: 'value', value: { json: true } },
      { kind: 'value', value: { json: false } },
      yes,
    ])
  })

  it('is refused to the second from outside, unless it asks again with its key', async () => {
    const world = worldOfPromises()
    const { engine } = await world.start()
    const complete = (key?: string) =>
      during(
        world,
        engine.ingress.completePromise(verified, yes, key).then(
          () => 'done',
          (error: unknown) => (error as { code: string }).code,
        ),
      )
    expect(await complete('a')).toBe('done')
    expect(await complete('a')).toBe('done')
    expect(await complete('b')).toBe('promise-completed')
    expect(await complete()).toBe('promise-completed')
    expect(await during(world, engine.ingress.peekPromise(verified))).toEqual(yes)
  })

  it('belongs to a workflow: of anything else there is none', async () => {
    const world = worldOfPromises()
    const { engine } = await world.start()
    const other = { ...verified, workflow: 'waiters' }
    const refusal = engine.ingress.peekPromise(other).catch((error: unknown) => error)
    expect(await during(world, refusal)).toMatchObject({ code: 'handler-not-found' })
  })
})

const points = [
  'promise.before-complete',
  'promise.after-complete',
  'promise.between-waiters',
  'append.before',
  'append.after',
  'effects.before',
  'effects.after',
  'agenda.before-flush',
  'agenda.after-flush',
] as const satisfies readonly FaultPoint[]

describe('a crash while a promise is completed (trace 1)', () => {
  it.each(points)('from outside, at %s, wakes all or leaves it open', async (point) => {
    const world = worldOfPromises()
    let armed = false
    const bringer = await world.start({
      onFault(at, _subject, self) {
        if (armed && at === point) self().kill()
      },
    })
    const ids = await waiters(world, bringer, 20)
    await world.start()
    await forgotten(world)
    armed = true
    const answer = await resolve(world, bringer)
    bringer.kill()
    await world.clock.advance(60_000)

    const outputs = await Promise.all(ids.map((id) => outputOf(world, id)))
    const record = await world.stores.promises.read(verified)
    if (answer === 'done') expect(record).toBeDefined()
    expect(outputs).toEqual(ids.map(() => record?.outcome))
  })

  it.each(points)('by a handler, at %s, wakes all in the end', async (point) => {
    const world = worldOfPromises()
    let armed = false
    const bringer = await world.start({
      onFault(at, _subject, self) {
        if (armed && at === point) self().kill()
      },
    })
    const ids = await waiters(world, bringer, 20)
    const survivor = await world.start()
    await forgotten(world)
    const id = await submit(world, bringer, 'completers')
    armed = true
    await world.clock.advance(10)
    await during(world, comes(world, id, 'output', 2_000), 2_000)
    bringer.kill()

    await comes(world, id, 'output', 60_000)
    expect(await outputOf(world, id)).toEqual({ kind: 'value', value: { json: true } })
    for (const waiter of ids) await comes(world, waiter, 'output', 60_000)
    expect(survivor.engine.admin.ready().ready).toBe(true)
  })
})

describe('a promise that takes long', () => {
  const short = { options: { policy: policy({ retentionMs: 60_000 }) } }

  it('keeps its waiters beyond their retention', async () => {
    const world = worldOfPromises()
    const replica = await world.start(short)
    const [id] = await waiters(world, replica, 1)
    if (id === undefined) throw new Error('there is one')
    await world.clock.advance(200_000)
    expect(await has(world, id, 'output')).toBe(false)

    await resolve(world, replica)
    await comes(world, id, 'output')
    expect(await outputOf(world, id)).toEqual(yes)
  })

  it('is kept as long as its workflow runs, and for its retention from then on', async () => {
    const world = worldOfPromises()
    const replica = await world.start(short)
    const id = await startRun(world, replica)
    await comes(world, id, 'suspended')
    const other = promiseOf('other')
    await during(world, replica.engine.ingress.completePromise(other, yes, undefined))
    await world.clock.advance(200_000)
    expect((await world.stores.promises.read(other))?.outcome).toEqual(yes)

    await resolve(world, replica)
    await comes(world, id, 'output')
    await world.clock.advance(55_000)
    expect(await has(world, id, 'output')).toBe(true)
    expect((await world.stores.promises.read(other))?.outcome).toEqual(yes)
    await world.clock.advance(10_000)
    expect(await world.journal(id)).toEqual([])
    expect(await world.stores.promises.read(other)).toBeUndefined()
  })
})

async function startRun(world: World, { engine }: Replica): Promise<InvocationId> {
  const submitted = await during(
    world,
    engine.ingress.submit({
      target: { service: 'signup', key: 'ada', handler: 'run' },
      input: { json: 1 },
      headers: {},
      idempotencyKey: undefined,
      delayMs: undefined,
    }),
  )
  expect(submitted?.invocationId).toBe(runOf('ada'))
  return runOf('ada')
}
