import { describe, expect, it } from 'vitest'
import { service } from '../../../lambda-runtime/src/index.ts'
import { completed, kindsOf, Stage } from './support/stage.ts'

const other = service('other', { go: (_, input: number) => `got ${input}` })

describe('while a step executes', () => {
  it('a call issued beside it is appended at once, and its result arrives through the tail', async () => {
    const stage: Stage = new Stage((ctx) =>
      Promise.all([
        ctx.run('slow', () => stage.world.delay(3_000).then(() => 'ran')),
        ctx.call(other).go(1),
      ]),
    )
    const start = stage.world.now
    const ended = stage.begin()
    await stage.world.settle()
    expect(kindsOf(stage.journal.entries).slice(2)).toEqual(['call 1'])
    await stage.world.pass(1_000)
    stage.complete(1, 'called')
    const reply = await stage.world.run(ended)
    expect(reply.status).toEqual(completed(['ran', 'called']))
    expect(stage.world.now - start).toBe(3_000)
    expect(kindsOf(stage.journal.entries).slice(3)).toEqual(['completion 1', 'seen 1'])
    expect(kindsOf(reply.entries)).toEqual(['run 0'])
  })

  it('the tail is read soon at first, then ever more seldom, and soon again after news', async () => {
    const times: number[] = []
    const stage: Stage = new Stage((ctx) =>
      Promise.all([
        ctx.run('slow', () => stage.world.delay(4_900)),
        ctx.call(other).go(1),
        ctx.call(other).go(2),
      ]),
    )
    const start = stage.world.now
    stage.journal.hooks.beforeTail = () => {
      times.push(stage.world.now - start)
    }
    const ended = stage.begin()
    await stage.world.pass(3_000)
    stage.complete(1, 'called')
    await stage.world.run(ended)
    expect(times).toEqual([250, 750, 1_750, 3_750, 4_000, 4_500])
  })

  it('the tail is read seldom when nothing from outside is awaited: it may be cancelled', async () => {
    const times: number[] = []
    const stage: Stage = new Stage(async (ctx) => {
      void ctx.call(other).go(1)
      await ctx.race([ctx.run('slow', () => stage.world.delay(7_000)), ctx.sleep('1h')])
    })
    const started = stage.world.now
    stage.journal.hooks.beforeTail = () => {
      times.push(stage.world.now - started)
    }
    await stage.attempt()
    expect(times).toEqual([3_000, 6_000])
  })

  it('a timer that beats it wins, and the handler may return while it still executes', async () => {
    let signal: AbortSignal | undefined
    const stage: Stage = new Stage((ctx) =>
      ctx
        .run('slow', (step) => {
          signal = step.signal
          return stage.world.delay(60_000)
        })
        .orTimeout('1s', 'too slow'),
    )
    const start = stage.world.now
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed('too slow'))
    expect(stage.world.now - start).toBe(1_000)
    expect(kindsOf(reply.entries)).toEqual(['sleep 1', 'completion 1', 'seen 1'])
    expect(stage.opened).toBe(0)
    expect(signal?.aborted).toBe(true)
  })

  it('a timer wins in a plain race as well', async () => {
    const stage: Stage = new Stage((ctx) =>
      Promise.race([
        ctx.run('slow', () => stage.world.delay(60_000)),
        ctx.sleep('2s').map(() => 'timer'),
      ]),
    )
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed('timer'))
  })

  it('a step that finishes at the very moment of a timer beats it', async () => {
    const stage: Stage = new Stage((ctx) =>
      ctx.run('x', () => stage.world.delay(1_000).then(() => 'ran')).orTimeout('1s', 'late'),
    )
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed('ran'))
  })

  it('a handler that is blocked on other things only is not suspended', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.race([ctx.run('slow', () => stage.world.delay(3_000)), ctx.sleep('1s')])
      return ctx.call(other).go(1)
    })
    const start = stage.world.now
    const reply = await stage.drive()
    expect(stage.world.now - start).toBe(3_000)
    expect(reply.status).toEqual({ kind: 'suspended', waitingOn: { kind: 'op', op: 2 } })
    expect(kindsOf(stage.journal.entries)).toContain('run 0')
  })

  it('results do not stay unappended for long', async () => {
    const stage: Stage = new Stage((ctx) =>
      Promise.all([
        ctx.run('fast', () => 1),
        ctx.run('quick', () => stage.world.delay(50)),
        ctx.run('slow', () => stage.world.delay(4_000)),
      ]),
    )
    const ended = stage.begin()
    await stage.world.pass(99)
    expect(stage.journal.appends).toBe(0)
    await stage.world.pass(2)
    expect(kindsOf(stage.journal.entries).slice(2)).toEqual(['run 0', 'run 1'])
    const reply = await stage.world.run(ended)
    expect(kindsOf(reply.entries)).toEqual(['run 2'])
  })

  it('what it returns is handed out as it is stored, not as it was', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const mine = { list: [1] }
      const given = await ctx.run('x', () => mine)
      mine.list.push(2)
      return { same: given === mine, given }
    })
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed({ same: false, given: { list: [1] } }))
  })
})

describe('an attempt that takes long', () => {
  it('says that it is alive after 5 s, then every 30 s, and appends its end itself', async () => {
    const stage: Stage = new Stage((ctx) => ctx.run('slow', () => stage.world.delay(70_000)))
    const start = stage.world.now
    const reply = await stage.attempt()
    const own = stage.journal.segments.filter(({ by }) => by === 'handler')
    expect(own.map(({ at }) => at - start)).toEqual([5_000, 35_000, 65_000, 70_000])
    expect(own.slice(0, 3).flatMap((segment) => kindsOf(segment.entries))).toEqual([
      'alive',
      'alive',
      'alive',
    ])
    expect(kindsOf(own[3]?.entries ?? [])).toEqual(['run 0', 'output'])
    expect(reply).toMatchObject({ status: { kind: 'appended' }, entries: [] })
  })

  it('is taken for alive by its other appends', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      for (const name of ['a', 'b', 'c', 'd']) await ctx.run(name, () => stage.world.delay(4_000))
    })
    const reply = await stage.attempt()
    expect(kindsOf(stage.journal.entries)).not.toContain('alive')
    expect(reply.status).toEqual(completed())
  })

  it('says so after an append that was under way when it was about to say so', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.run('a', () => stage.world.delay(4_900))
      await ctx.run('b', () => stage.world.delay(20_000))
    })
    const start = stage.world.now
    stage.journal.hooks.beforeAppend = ({ n }) => (n === 2 ? stage.world.delay(300) : undefined)
    await stage.attempt()
    const own = stage.journal.segments.filter(({ by }) => by === 'handler')
    expect(own.map(({ at }) => at - start).slice(0, 2)).toEqual([4_900, 10_200])
    expect(kindsOf(own[1]?.entries ?? [])).toEqual(['alive'])
  })

  it('appends its suspension itself as well', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.run('slow', () => stage.world.delay(6_000))
      await ctx.sleep('1h')
    })
    const reply = await stage.attempt()
    expect(reply.status).toEqual({ kind: 'appended' })
    expect(kindsOf(stage.journal.segments.at(-1)?.entries ?? [])).toEqual([
      'run 0',
      'sleep 1',
      'suspended',
    ])
  })

  it('leaves its retry to the orchestrator, which knows the policy', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.run('slow', () => stage.world.delay(6_000))
      throw new Error('later')
    })
    const reply = await stage.attempt()
    expect(reply.status.kind).toBe('retry')
    expect(kindsOf(reply.entries)).toEqual(['run 0'])
    expect(reply.base).toBe(2)
  })

  it('gives its end back in the reply when the journal is out of reach by then', async () => {
    const stage: Stage = new Stage((ctx) => ctx.run('slow', () => stage.world.delay(6_000)))
    stage.journal.hooks.beforeAppend = ({ entries }) => {
      if (entries.some(({ kind }) => kind === 'output')) throw new Error('no network')
    }
    const reply = await stage.attempt()
    expect(reply).toMatchObject({ base: 2, status: completed() })
    expect(kindsOf(reply.entries)).toEqual(['run 0'])
  })
})

describe('an await that is not durable', () => {
  it('is waited for when nothing durable is awaited beside it', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const later = ctx.sleep('1h')
      await stage.world.delay(3_000)
      await later
    })
    const start = stage.world.now
    const reply = await stage.attempt()
    expect(stage.world.now - start).toBe(3_000)
    expect(reply.status).toEqual({ kind: 'suspended', waitingOn: { kind: 'op', op: 0 } })
  })

  it('gets some time where it follows a durable one, be the loser of a plain race still pending', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await Promise.race([ctx.awakeable().promise, ctx.run('quick', () => 1)])
      await stage.world.delay(40)
      return 'done'
    })
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed('done'))
  })

  it('gets no time where a durable one has begun since: the handler is suspended at once', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.run('quick', () => 1)
      await ctx.awakeable().promise
    })
    const start = stage.world.now
    const reply = await stage.attempt()
    expect(reply.status.kind).toBe('suspended')
    expect(stage.world.now).toBe(start)
  })

  it('gets a few turns before the handler is suspended for something durable', async () => {
    const stage: Stage = new Stage((ctx) =>
      Promise.all([
        ctx.sleep('1h'),
        (async () => {
          for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve))
          return ctx.run('soon', () => 1)
        })(),
      ]),
    )
    const reply = await stage.attempt()
    expect(kindsOf(reply.entries)).toContain('run 1')
  })
})
