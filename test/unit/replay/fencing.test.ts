import { describe, expect, it } from 'vitest'
import { service } from '../../../lambda-runtime/src/index.ts'
import { completed, kindsOf, Stage } from './support/stage.ts'

const other = service('other', { go: (_, input: number) => input })

/** Two steps: the second starts only after an append. */
const twoSteps = () => {
  const ran: string[] = []
  const stage: Stage = new Stage(async (ctx) => {
    await ctx.run('a', async () => {
      ran.push('a')
      await stage.world.delay(100)
    })
    await ctx.run('b', () => ran.push('b'))
    return 'done'
  })
  return { stage, ran }
}

const failure = { code: 'function-timed-out', message: 'too slow' }

describe('an attempt stops without another append', () => {
  it('when a newer attempt is in the journal (INV-2)', async () => {
    const { stage, ran } = twoSteps()
    const zombie = stage.begin()
    await stage.world.settle()
    stage.startEpoch()
    const reply = await stage.world.run(zombie)
    expect(reply).toMatchObject({ status: { kind: 'fenced' }, entries: [] })
    expect(ran).toEqual(['a'])
    expect(stage.journal.appends).toBe(0)
  })

  it('when a twin of the same epoch was faster (Trace 9)', async () => {
    const { stage, ran } = twoSteps()
    stage.startEpoch()
    const request = stage.request()
    const twins = [stage.invoke(request), stage.invoke(request)]
    const [first, second] = await stage.world.run(Promise.all(twins))
    expect(first?.status).toEqual(completed('done'))
    expect(second?.status).toEqual({ kind: 'fenced' })
    expect(ran).toEqual(['a', 'a', 'b'])
    expect(stage.journal.appends).toBe(1)
  })

  it('when its epoch was ended while it was still alive (Trace 18)', async () => {
    const { stage, ran } = twoSteps()
    const zombie = stage.begin()
    await stage.world.settle()
    stage.journal.news(stage.world.now, { kind: 'attempt-failed', failure, retryAt: 0 })
    const reply = await stage.world.run(zombie)
    expect(reply.status).toEqual({ kind: 'fenced' })
    expect(ran).toEqual(['a'])
    expect(stage.journal.appends).toBe(0)
  })

  it('when a read of the tail shows it', async () => {
    const stage: Stage = new Stage((ctx) =>
      Promise.all([ctx.run('slow', () => stage.world.delay(4_000)), ctx.awakeable().promise]),
    )
    const start = stage.world.now
    const zombie = stage.begin()
    await stage.world.pass(100)
    stage.startEpoch()
    const reply = await stage.world.run(zombie)
    expect(reply.status).toEqual({ kind: 'fenced' })
    expect(stage.world.now - start).toBe(250)
  })

  it.each([
    ['a newer attempt', (stage: Stage) => stage.startEpoch()],
    [
      'the end of its epoch',
      (stage: Stage) =>
        stage.journal.news(stage.world.now, { kind: 'attempt-failed', failure, retryAt: 0 }),
    ],
    ['a twin', (stage: Stage) => stage.journal.handler(stage.world.now, 'twin', { kind: 'alive' })],
  ])('at once when the request already shows %s', async (_, spoil) => {
    let ran = false
    const stage: Stage = new Stage(() => {
      ran = true
    })
    stage.startEpoch()
    const { epoch } = stage.journal
    spoil(stage)
    const reply = await stage.invoke({ ...stage.request(), epoch })
    expect(reply.status).toEqual({ kind: 'fenced' })
    expect(ran).toBe(false)
  })
})

describe('a segment that its epoch does not allow', () => {
  it('is nothing but a number to the next attempt (INV-2)', async () => {
    const { stage, ran } = twoSteps()
    stage.startEpoch()
    stage.journal.news(stage.world.now, { kind: 'attempt-failed', failure, retryAt: 0 })
    stage.journal.handler(stage.world.now, 'zombie', {
      kind: 'run',
      op: 0,
      name: 'a',
      result: { kind: 'value', value: { json: 'of a zombie' } },
      at: stage.world.now,
      after: 1,
    })
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed('done'))
    expect(ran).toEqual(['a', 'b'])
  })
})

describe('an append that is under way when the handler ends', () => {
  it('is waited for: the reply says what it follows', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      void ctx.call(other).go(1)
      await ctx.race([ctx.run('slow', () => stage.world.delay(60_000)), ctx.sleep('1s')])
      return 'done'
    })
    stage.journal.hooks.beforeAppend = () => stage.world.delay(3_000)
    const reply = await stage.attempt()
    expect(reply).toMatchObject({ base: 2, status: completed('done') })
    expect(kindsOf(stage.journal.entries).slice(2)).toEqual(['call 0', 'sleep 2'])
    expect(kindsOf(reply.entries)).toEqual(['completion 2', 'seen 2'])
  })
})

describe('an append that loses to news', () => {
  it('goes behind it, and takes it in', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const { promise } = ctx.awakeable<string>()
      await ctx.run('a', () => stage.complete(0, 'clicked'))
      await ctx.run('b', () => 1)
      return promise
    })
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed('clicked'))
    expect(kindsOf(stage.journal.entries).slice(2)).toEqual([
      'completion 0',
      'awakeable 0',
      'run 1',
      'run-started 2',
    ])
    expect(kindsOf(reply.entries)).toEqual(['run 2', 'seen 0'])
  })
})

describe('a click that comes before its awakeable is durable (Trace 13)', () => {
  it('is found by the next attempt', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const approval = ctx.awakeable<string>()
      await ctx.run('mail', () => stage.complete(0, 'approved'))
      return approval.promise
    })
    const first = await stage.drive()
    expect(first.status).toEqual({ kind: 'suspended', waitingOn: { kind: 'op', op: 0 } })
    const second = await stage.drive()
    expect(second.status).toEqual(completed('approved'))
  })

  it('is found in the tail while a step executes', async () => {
    const stage: Stage = new Stage((ctx) => {
      const approval = ctx.awakeable<string>()
      const mail = async () => {
        stage.complete(0, 'approved')
        await stage.world.delay(1_000)
      }
      return Promise.all([approval.promise, ctx.run('mail', mail)])
    })
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed(['approved', undefined]))
  })

  it('is found again after a crash', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const approval = ctx.awakeable<string>()
      await ctx.run('mail', () => 'sent')
      return approval.promise
    })
    stage.startEpoch()
    stage.complete(0, 'approved')
    stage.startEpoch()
    const reply = await stage.drive()
    expect(reply.status).toEqual(completed('approved'))
    expect(kindsOf(reply.entries)).toEqual(['awakeable 0', 'run 1', 'seen 0'])
  })
})

describe('a journal that cannot be reached', () => {
  it('is asked again, with the very same segment', async () => {
    const { stage } = twoSteps()
    const tried: unknown[] = []
    stage.journal.hooks.afterAppend = (segment) => {
      tried.push(segment)
      if (tried.length === 1) throw new Error('the answer was lost')
    }
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed('done'))
    expect(tried).toHaveLength(2)
    expect(tried[0]).toEqual(tried[1])
    expect(stage.journal.appends).toBe(1)
  })

  it('ends the attempt with a retry that carries what was not stored', async () => {
    const { stage, ran } = twoSteps()
    stage.journal.hooks.beforeAppend = () => Promise.reject(new Error('no network'))
    const reply = await stage.attempt()
    expect(reply.status).toMatchObject({
      kind: 'retry',
      failure: { code: 'journal-unreachable', cause: { message: 'no network' } },
    })
    expect(kindsOf(reply.entries)).toEqual(['run 0'])
    expect(reply.base).toBe(null)
    expect(ran).toEqual(['a'])
  })

  it('does not throw when it cannot even be opened', async () => {
    const { stage } = twoSteps()
    const reply = await stage.attempt({
      journal: () => {
        throw new Error('no credentials')
      },
    })
    expect(reply.status).toMatchObject({
      kind: 'retry',
      failure: { cause: { message: 'no credentials' } },
    })
  })

  it('does not end an attempt that only looked for news', async () => {
    const stage: Stage = new Stage((ctx) =>
      ctx.race([ctx.run('slow', () => stage.world.delay(4_000)), ctx.awakeable().promise]),
    )
    stage.journal.hooks.beforeTail = () => Promise.reject(new Error('no network'))
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed())
  })
})

describe('a journal too long to be sent', () => {
  it('is read by the handler before it starts', async () => {
    const { stage, ran } = twoSteps()
    stage.startEpoch()
    stage.journal.handler(stage.world.now, 'w0', {
      kind: 'run',
      op: 0,
      name: 'a',
      result: { kind: 'value', value: { void: true } },
      at: 1,
      after: 1,
    })
    stage.startEpoch()
    const reply = await stage.attempt({ journalFrom: 3 })
    expect(reply.status).toEqual(completed('done'))
    expect(ran).toEqual(['b'])
  })

  it('that cannot be read is tried again later', async () => {
    const { stage, ran } = twoSteps()
    stage.journal.hooks.beforeTail = () => Promise.reject(new Error('no network'))
    const reply = await stage.attempt({ journalFrom: 1 })
    expect(reply.status).toMatchObject({ kind: 'retry', failure: { code: 'journal-unreachable' } })
    expect(ran).toEqual([])
  })
})
