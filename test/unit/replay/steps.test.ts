import { describe, expect, it } from 'vitest'
import { TerminalError, TimeoutError } from '../../../lambda-runtime/src/index.ts'
import { completed, kindsOf, Stage } from './support/stage.ts'

describe('the effects gate', () => {
  it('starts no step before what was handed out is durable (INV-3)', async () => {
    const seen: number[] = []
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.run('a', () => 1)
      await ctx.run('b', () => seen.push(stage.journal.segments.length))
    })
    await stage.attempt()
    expect(stage.journal.segments[2]?.entries).toMatchObject([{ kind: 'run', op: 0 }])
    expect(seen).toEqual([3])
  })

  it('holds for the news that came while the attempt ran', async () => {
    const stored: (readonly string[])[] = []
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.race([ctx.awakeable().promise, ctx.run('slow', () => stage.world.delay(3_000))])
      await ctx.run('b', () => stored.push(kindsOf(stage.journal.entries)))
    })
    const ended = stage.begin()
    await stage.world.pass(100)
    stage.complete(0)
    await stage.world.run(ended)
    expect(stored[0]).toContain('seen 0')
  })

  it('is open for what the journal held when the attempt began: that cannot come out otherwise', async () => {
    const times: number[][] = []
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.awakeable().promise
      await ctx.run('b', () => times.push([ctx.now(), stage.journal.appends]))
      await stage.world.delay(100)
    })
    await stage.drive()
    stage.complete(0)
    stage.startEpoch()
    const at = stage.world.now
    await stage.world.pass(500)
    await stage.attempt()
    stage.startEpoch()
    await stage.attempt()
    expect(times).toEqual([
      [at, 0],
      [at, 0],
    ])
  })

  it('closes again with the next own result', async () => {
    const seen: number[] = []
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.awakeable().promise
      await ctx.run('a', () => 1)
      await ctx.run('b', () => seen.push(stage.journal.appends))
    })
    await stage.drive()
    stage.complete(0)
    await stage.attempt()
    expect(seen).toEqual([1])
  })

  it('waits for the answer to the append, not for its start', async () => {
    let answered = false
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.run('a', () => 1)
      return ctx.run('b', () => answered)
    })
    stage.journal.hooks.afterAppend = async () => {
      await stage.world.delay(50)
      answered = true
    }
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed(true))
  })

  it('lets steps that are issued together run together', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await Promise.all([
        ctx.run('a', () => stage.world.delay(50)),
        ctx.run('b', () => stage.world.delay(50)),
      ])
    })
    const start = stage.world.now
    const reply = await stage.attempt()
    expect(stage.world.now - start).toBe(50)
    expect(stage.journal.appends).toBe(0)
    expect(kindsOf(reply.entries)).toEqual(['run 0', 'run 1'])
  })
})

describe('a step that fails', () => {
  it('is tried again in the same attempt while the backoff is short', async () => {
    const tries: number[] = []
    const stage: Stage = new Stage((ctx) =>
      ctx.run('flaky', ({ attempt }) => {
        tries.push(attempt)
        if (attempt < 3) throw new Error('not yet')
        return 'ok'
      }),
    )
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed('ok'))
    expect(tries).toEqual([1, 2, 3])
    expect(kindsOf(reply.entries)).toEqual(['run-failed 0', 'run-failed 0', 'run 0'])
  })

  it('suspends for a long backoff and counts on in the next attempt', async () => {
    const stage: Stage = new Stage((ctx) =>
      ctx.run(
        'flaky',
        ({ attempt }) => {
          if (attempt === 1) throw new Error('down')
          return attempt
        },
        { retry: { initialDelay: '1m' } },
      ),
    )
    const first = await stage.drive()
    const [failed] = first.entries
    if (failed?.kind !== 'run-failed') throw new Error('expected a failed try')
    expect(failed).toMatchObject({ tries: 1, failure: { code: 'step-failed', message: 'down' } })
    expect(failed.retryAt - stage.world.now).toBeGreaterThanOrEqual(30_000)
    expect(first.status).toEqual({
      kind: 'suspended',
      waitingOn: {
        kind: 'race',
        of: [
          { kind: 'op', op: 0 },
          { kind: 'timer', at: failed.retryAt },
        ],
      },
    })
    const early = await stage.drive()
    expect(early.status).toEqual(first.status)
    await stage.world.pass(failed.retryAt - stage.world.now)
    const last = await stage.drive()
    expect(last.status).toEqual(completed(2))
  })

  it('gives up after its last try, with what went wrong as the cause', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const options = { retry: { maxAttempts: 2, initialDelay: 10 } }
      await ctx
        .run('x', () => Promise.reject(new Error('down')), options)
        .catch((error) => {
          expect(error).toBeInstanceOf(TerminalError)
          expect(error).toMatchObject({ code: 'step-exhausted', cause: { message: 'down' } })
          throw error
        })
    })
    const reply = await stage.attempt()
    expect(reply.status).toMatchObject({ kind: 'failed', failure: { code: 'step-exhausted' } })
  })

  it('gives up when no try can begin within its time', async () => {
    const stage: Stage = new Stage((ctx) =>
      ctx.run('x', () => Promise.reject(new Error('down')), {
        retry: { maxDuration: '1s', initialDelay: '400ms', factor: 1 },
      }),
    )
    const start = stage.world.now
    const reply = await stage.attempt()
    expect(reply.status.kind).toBe('failed')
    expect(stage.world.now - start).toBeLessThanOrEqual(1_000)
    expect(stage.world.now - start).toBeGreaterThan(400)
  })

  it('is not tried again after a terminal error', async () => {
    let tries = 0
    const stage: Stage = new Stage((ctx) =>
      ctx.run('x', () => {
        tries += 1
        throw new TerminalError('card declined', { code: 'declined' })
      }),
    )
    const reply = await stage.attempt()
    expect(reply.status).toMatchObject({ kind: 'failed', failure: { code: 'declined' } })
    expect(tries).toBe(1)
  })

  it('fails for good when its result cannot be stored', async () => {
    const stage: Stage = new Stage((ctx) => ctx.run('x', () => ({ fn: () => 1 })))
    const { status } = await stage.attempt()
    expect(status).toMatchObject({ kind: 'failed', failure: { code: 'value-unstorable' } })
  })
})

describe('a step with a timeout', () => {
  it('has its signal aborted, and is tried again', async () => {
    const reasons: unknown[] = []
    const stage: Stage = new Stage((ctx) =>
      ctx.run(
        'slow',
        async ({ signal, attempt }) => {
          signal.addEventListener('abort', () => reasons.push(signal.reason))
          await stage.world.delay(attempt === 1 ? 5_000 : 10)
          return attempt
        },
        { timeout: '1s' },
      ),
    )
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed(2))
    expect(reasons).toEqual([expect.any(TimeoutError)])
  })
})

describe('an at-most-once step', () => {
  it('is announced durably before it starts', async () => {
    let stored: readonly string[] = []
    const stage: Stage = new Stage((ctx) =>
      ctx.run(
        'once',
        () => {
          stored = kindsOf(stage.journal.entries)
        },
        { atMostOnce: true },
      ),
    )
    const reply = await stage.attempt()
    expect(stored).toEqual(['created', 'attempt', 'run-started 0'])
    expect(kindsOf(reply.entries)).toEqual(['run 0'])
  })

  it('that was started and has no outcome is not started again', async () => {
    let starts = 0
    const stage: Stage = new Stage((ctx) =>
      ctx.run(
        'once',
        () => {
          starts += 1
          return new Promise(() => undefined)
        },
        { atMostOnce: true },
      ),
    )
    void stage.begin()
    await stage.world.settle()
    expect(starts).toBe(1)
    stage.startEpoch()
    const reply = await stage.attempt()
    expect(starts).toBe(1)
    expect(reply.status).toMatchObject({ kind: 'failed', failure: { code: 'step-interrupted' } })
    expect(kindsOf(reply.entries)).toEqual(['run 0'])
  })

  it('that fails is not tried again', async () => {
    const stage: Stage = new Stage((ctx) =>
      ctx.run('once', () => Promise.reject(new Error('down')), { atMostOnce: true }),
    )
    const reply = await stage.attempt()
    expect(reply.status).toMatchObject({
      kind: 'failed',
      failure: { code: 'step-exhausted', cause: { message: 'down' } },
    })
  })
})
