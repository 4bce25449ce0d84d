import type { Entry, InvokeReply } from '@fermata/lambda-runtime/protocol'
import { createMemoryTable } from '@fermata/orchestrator/adapters/memory/memory-table'
import { createMemoryStores } from '@fermata/orchestrator/adapters/memory/stores'
import { createSessions } from '@fermata/orchestrator/engine/invocations/sessions'
import { expect, it } from 'vitest'
import { createSeededRandom, createVirtualClock } from '../../support/sim-clock.ts'
import { attempt, context, created, invocationId as id } from '../domain/journals.ts'

const retentionMs = 1_000
const lives: readonly Entry[] = [{ ...created, retentionMs }]

function setUp() {
  const clock = createVirtualClock()
  const { journals } = createMemoryStores({ clock, table: createMemoryTable() })
  const faults = { reach: () => undefined }
  const sessions = createSessions({ journals, clock, random: createSeededRandom(1), faults })
  const create = (keptMs = retentionMs) =>
    sessions.use(id, (session) => session.create(lives, clock.now() + keptMs))
  return { clock, journals, sessions, create }
}

it('what is remembered of one life of an id says nothing of the next', async () => {
  const { clock, sessions, create } = setUp()
  await create()
  await sessions.use(id, async (session) => {
    await session.refresh()
    session.markCarried(3)
  })
  const remembered = await sessions.use(id, async (session) => {
    await session.refresh()
    return session.carried
  })
  await clock.advance(retentionMs + 1)
  expect(await create()).toBe('created')
  const carried = await sessions.use(id, async (session) => {
    await session.refresh()
    return session.carried
  })
  expect([remembered, carried]).toEqual([3, -1])
})

it('a journal that expires while it is in use gives way to a new one', async () => {
  const { clock, sessions, create } = setUp()
  await create()
  await sessions.use(id, async (session) => {
    const before = await session.refresh()
    await clock.advance(retentionMs + 1)
    expect(await create()).toBe('created')
    expect(session.segments).toHaveLength(1)
    expect(session.state?.born).not.toBe(before?.born)
  })
})

it('one that expires between the refused put and the read does not swallow the new one', async () => {
  const { clock, journals, create } = setUp()
  await create()
  const load = journals.load.bind(journals)
  Object.assign(journals, {
    load: async () => {
      await clock.advance(retentionMs + 1)
      return load(id)
    },
  })
  expect(await create(3 * retentionMs)).toBe('created')
  expect((await load(id)).segments).toHaveLength(1)
})

it('a decision whose answer was lost is asked for again, not made anew (INV-1, INV-12)', async () => {
  const { clock, journals, sessions } = setUp()
  const append = journals.append.bind(journals)
  const reply: InvokeReply = {
    protocol: 1,
    kind: 'reply',
    invocation: id,
    epoch: 1,
    writer: 'h',
    base: null,
    entries: [{ kind: 'sleep', op: 0, wakeAt: clock.now() + 100 }],
    status: { kind: 'suspended', waitingOn: { kind: 'op', op: 0 } },
  }
  const stimulus = { kind: 'reply', reply } as const
  await sessions.use(id, async (session) => {
    await session.create([...lives, attempt(1)], clock.now() + retentionMs)
    const apply = () => session.apply(stimulus, () => context({ now: clock.now() }))
    Object.assign(journals, {
      append: async (...args: Parameters<typeof append>) => {
        await append(...args)
        throw new Error('the answer was lost')
      },
    })
    await expect(apply()).rejects.toThrow('lost')
    Object.assign(journals, { append })
    await clock.advance(200)
    const { state, appended } = await apply()
    const [, stored] = (await journals.load(id)).segments
    expect(appended).toEqual(stored)
    expect(stored?.entries.map(({ kind }) => kind)).toEqual(['sleep', 'suspended'])
    expect(state?.epoch).toBe(1)
  })
})
