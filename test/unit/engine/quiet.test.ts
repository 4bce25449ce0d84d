/** When all is over, nothing of it is left in a replica: no permit, no timer, no journal, no agenda entry, no listener. */
import { setTimeout as turn } from 'node:timers/promises'
import { queryObjects } from 'node:v8'
import type { Entry, InvocationId } from '@fermata/lambda-runtime/protocol'
import { Held, HeldItem } from '@fermata/orchestrator/engine/agenda/held'
import { JournalSession } from '@fermata/orchestrator/engine/invocations/journal-session'
import type { Clock } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { cancelled, asked as isAsked, refusal } from './control-scenes.ts'
import { append, list, objectWorld, set, submissionOf } from './object-scenes.ts'
import {
  call,
  comes,
  during,
  has,
  never,
  send,
  submission,
  submit,
  waitsForOp0,
  yes,
} from './scenes.ts'
import { completed, type Replica, type Script, type World } from './world.ts'

const running = 20
const rounds = 12

/** Waits for its awakeable, and gives up when it is told so. */
const waiting: Script = ({ epoch, journal }) => {
  if (isAsked(journal)) return cancelled(1)
  return epoch === 1
    ? { entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 }
    : { status: completed('came') }
}

/** Calls one, sends to another, sleeps, and waits for all of it. */
const busy: Script = ({ epoch, journal }) => {
  if (epoch > 1) return { status: completed('done') }
  const wakeAt = (journal[0]?.at ?? 0) + 3_000
  const entries: Entry[] = [call(0, 'plain'), send(1, 'plain'), { kind: 'sleep', op: 2, wakeAt }]
  const of = [0, 2].map((op) => ({ kind: 'op', op }) as const)
  return { entries, status: { kind: 'suspended', waitingOn: { kind: 'all', of } } }
}

const flaky: Script = ({ epoch }) =>
  epoch === 1
    ? { status: { kind: 'retry', failure: { code: 'boom', message: 'boom' } } }
    : { status: completed('at last') }

const holding: Script = (request, writer) =>
  request.epoch === 1
    ? { entries: [{ kind: 'awakeable', op: 0 }, set(1, 'held', 'yes')], status: waitsForOp0 }
    : append(request, writer)

function quietWorld(): World {
  return objectWorld(
    {
      cart: {
        add: ['exclusive', append],
        hold: ['exclusive', holding],
        list: ['shared', list],
      },
    },
    { plain: () => ({ status: completed('plain') }), waiting, busy, flaky, stuck: () => never },
  )
}

/** A bit of everything, all at once. Answers what is still to be ended. */
async function round(world: World, { engine }: Replica, n: number): Promise<void> {
  const { ingress, admin } = engine
  const keyed = (handler: string) =>
    ingress.submit(submissionOf({ handler, key: `k${n % 3}`, input: n }))
  const services = ['plain', 'waiting', 'waiting', 'waiting', 'busy', 'flaky', 'plain'] as const
  const work = await during(
    world,
    Promise.all([
      ...services.map((service) => ingress.submit(submission(service))),
      ingress.submit(submission('plain', { key: `same ${n % 2}` })),
      ingress.submit(submission('plain', { delayMs: 2_000 })),
      keyed('hold'),
      ...['add', 'list', 'add'].map(keyed),
    ]),
  )
  const ids = (work ?? []).map(({ invocationId }) => invocationId)
  expect(ids).toHaveLength(services.length + 6)
  const collect = { how: 'batch', maxSize: 3, waitMs: 1_000 } as const
  void ingress.collect(submission('plain'), collect)
  expect(await during(world, refusal(ingress.submit(submission('nobody'))))).toBe(
    'handler-not-found',
  )
  const gone = new AbortController()
  const attached = ids.map((id) => ingress.attach(id, gone.signal).catch(() => undefined))
  await world.clock.advance(1_000)
  if (n === 0) expect(instances(Held)).toBeGreaterThan(0)
  await end(world, engine, ids)
  gone.abort()
  await Promise.all(attached)
  expect(await during(world, refusal(admin.resume(ids[0] as InvocationId)))).toBe(
    'invocation-not-paused',
  )
}

async function end(
  world: World,
  { ingress, admin }: Replica['engine'],
  ids: readonly InvocationId[],
): Promise<void> {
  const [, awaited, toCancel, toKill] = ids as readonly [
    InvocationId,
    InvocationId,
    InvocationId,
    InvocationId,
  ]
  const held = ids.at(-4) as InvocationId
  await during(
    world,
    Promise.all([
      ingress.completeAwakeable(`${awaited}.0`, yes),
      admin.cancel(toCancel, undefined),
      admin.kill(toKill, undefined),
    ]),
  )
  await comes(world, held, 'suspended')
  await during(world, ingress.completeAwakeable(`${held}.0`, yes))
  await during(world, Promise.all(ids.map((id) => ingress.attach(id, AbortSignal.any([])))), 60_000)
}

type Counted = Readonly<Record<string, number>>

/** Counts the timers and sleeps that are open, of every replica that starts from now on. */
function countTimers({ clock }: World): () => number {
  const begin = clock.process.bind(clock)
  let open = 0
  const close = () => {
    open -= 1
  }
  const counted = (inner: Clock): Clock => ({
    ...inner,
    timer(ms, fn) {
      open += 1
      const over = once(close)
      const cancel = inner.timer(ms, () => {
        over()
        fn()
      })
      return () => {
        over()
        cancel()
      }
    },
    sleep(ms, signal) {
      open += 1
      return inner.sleep(ms, signal).finally(close)
    },
  })
  Object.assign(clock, {
    process(...options: Parameters<typeof begin>) {
      const made = begin(...options)
      return Object.assign(made, { clock: counted(made.clock) })
    },
  })
  return () => open
}

function once(work: () => void): () => void {
  let isOver = false
  return () => {
    if (!isOver) work()
    isOver = true
  }
}

/** What is there after everything that can go has gone. */
async function left(world: World, timers: () => number): Promise<Counted> {
  await world.clock.advance(200_000)
  // Some weak references are let go of only between two turns of the event loop.
  await turn(10)
  return {
    journals: instances(JournalSession),
    entries: instances(Held),
    items: instances(HeldItem),
    signals: instances(AbortSignal),
    timers: timers(),
  }
}

/** How many there are that somebody still holds. */
function instances(
  kind: typeof JournalSession | typeof Held | typeof HeldItem | typeof AbortSignal,
) {
  return queryObjects(kind, { format: 'count' })
}

describe('a replica', () => {
  it('keeps nothing of what is over', async () => {
    const world = quietWorld()
    const timers = countTimers(world)
    const limits = { running, perFunction: 100, queued: 1_000 }
    const replica = await world.start({ options: { limits } })
    for (let n = 0; n < 3; n++) await round(world, replica, n)
    const before = await left(world, timers)
    for (let n = 0; n < rounds; n++) await round(world, replica, n)
    const after = await left(world, timers)
    expect(after).toEqual(before)

    const stuck = Array.from({ length: running + 1 }, () => submit(world, replica, 'stuck'))
    const ids = await Promise.all(stuck)
    await world.clock.advance(1_000)
    const begun = await Promise.all(ids.map((id) => has(world, id, 'attempt')))
    expect(begun.filter(Boolean)).toHaveLength(running)
  })

  it('leaves nothing behind when it stops', async () => {
    const world = quietWorld()
    const timers = countTimers(world)
    const staying = await world.start()
    const visit = async (n: number) => {
      const guest = await world.start()
      await round(world, guest, n)
      const late = await during(world, guest.engine.ingress.submit(submission('waiting')))
      await during(
        world,
        guest.engine.stop().then(() => 'stopped'),
        60_000,
      )
      const id = late?.invocationId as InvocationId
      await during(world, staying.engine.admin.kill(id, undefined))
    }
    for (let n = 0; n < 2; n++) await visit(n)
    const before = await left(world, timers)
    for (let n = 0; n < 4; n++) await visit(n)
    expect(await left(world, timers)).toEqual(before)
  })
})
