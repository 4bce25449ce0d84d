import { describe, expect, it } from 'vitest'
import { CancelledError, service, TerminalError } from '../../../lambda-runtime/src/index.ts'
import type { Entry } from '../../../lambda-runtime/src/protocol/index.ts'
import { decodeValue } from '../../../lambda-runtime/src/values.ts'
import { completed, kindsOf, listeningLog, type Program, Stage } from './support/stage.ts'
import { World } from './support/world.ts'

const bank = service('bank', { charge: (_, sum: number) => sum })

function cancel(stage: Stage): void {
  stage.journal.news(stage.world.now, { kind: 'cancel' })
}

/** What came of a promise, as text. */
const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (error instanceof CancelledError ? 'cancelled' : error))

const marker = (stage: Stage): Entry | undefined =>
  stage.journal.entries.find(({ kind }) => kind === 'cancelled')

function outputOf(stage: Stage): unknown {
  const end = stage.journal.entries.at(-1)
  return end?.kind === 'output' && end.result.kind === 'value' && decodeValue(end.result.value)
}

/** The same journal again, without its end: a replay of all that was handed out. */
async function replayed(program: Program, { journal }: Stage) {
  const again = new Stage(program).with(
    journal.segments.map((segment) => ({
      ...segment,
      entries: segment.entries.filter(({ kind }) => kind !== 'output'),
    })),
  )
  again.startEpoch()
  return again.attempt()
}

describe('a cancelled invocation that was suspended', () => {
  it('rejects what it awaits with a CancelledError, and fails with it', async () => {
    const stage = new Stage(async (ctx) => {
      await ctx.call(bank).charge(1)
    })
    await stage.drive()
    cancel(stage)
    const reply = await stage.drive()
    expect(reply.status).toMatchObject({
      kind: 'failed',
      failure: {
        code: 'cancelled',
        name: 'CancelledError',
        message: 'The invocation was cancelled',
      },
    })
    expect(marker(stage)).toMatchObject({ upTo: 4, spared: [], after: 1 })
  })

  it('gives one error to all that is awaited, and spares what nobody awaits', async () => {
    const program: Program = async (ctx) => {
      const timer = ctx.sleep('1h')
      const caught = await Promise.all(
        [ctx.call(bank).charge(1), ctx.awakeable().promise, ctx.signal('s')].map((one) =>
          one.catch((error: unknown) => error),
        ),
      )
      const same = new Set(caught).size === 1 && caught[0] instanceof CancelledError
      return [same, await outcome(timer)]
    }
    const stage = new Stage(program)
    await stage.drive()
    cancel(stage)
    expect((await stage.drive()).status.kind).toBe('suspended')
    expect(marker(stage)).toMatchObject({ spared: [0] })
    stage.complete(0)
    expect((await stage.drive()).status).toEqual(completed([true, undefined]))
    expect((await replayed(program, stage)).status).toEqual(completed([true, undefined]))
  })

  it.each<[string, Program]>([
    ['all', (ctx) => outcome(ctx.all([ctx.sleep('1h'), ctx.sleep('2h')]))],
    ['any', (ctx) => outcome(ctx.any([ctx.sleep('1h'), ctx.sleep('2h')]))],
    ['race', (ctx) => outcome(ctx.race([ctx.sleep('1h'), ctx.sleep('2h')]))],
    ['allSettled', (ctx) => outcome(ctx.allSettled([ctx.sleep('1h'), ctx.sleep('2h')]))],
    ['map', (ctx) => outcome(ctx.map([1, 2], () => ctx.sleep('1h'), { concurrency: 1 }))],
    ['orTimeout', (ctx) => outcome(ctx.awakeable().promise.orTimeout('1h', 'late'))],
    ['.map()', (ctx) => outcome(ctx.sleep('1h').map(() => 'slept'))],
  ])('cancels a wait by %s as a whole', async (_, program) => {
    const stage = new Stage(program)
    await stage.drive()
    cancel(stage)
    expect((await stage.drive()).status).toEqual(completed('cancelled'))
    expect((await replayed(program, stage)).status).toEqual(completed('cancelled'))
  })

  it('cancels a wait that began behind another one, before the timer that is around both', async () => {
    const program: Program = (ctx) =>
      outcome(
        ctx
          .awakeable()
          .promise.map(() => ctx.sleep('1h'))
          .orTimeout('2h', 'late'),
      )
    const stage = new Stage(program)
    await stage.drive()
    stage.complete(0)
    await stage.drive()
    cancel(stage)
    expect((await stage.drive()).status).toEqual(completed('cancelled'))
    expect((await replayed(program, stage)).status).toEqual(completed('cancelled'))
  })

  it('gives what stood in the journal before the cancellation first', async () => {
    const stage = new Stage(async (ctx) => {
      const charged = await ctx.call(bank).charge(1)
      return [charged, await outcome(ctx.sleep('1h'))]
    })
    await stage.drive()
    stage.complete(0, 'charged')
    cancel(stage)
    expect((await stage.drive()).status).toEqual(completed(['charged', 'cancelled']))
  })

  it('does not give what came after the cancellation, were it for the same op', async () => {
    const program: Program = (ctx) => outcome(ctx.call(bank).charge(1))
    const stage = new Stage(program)
    await stage.drive()
    cancel(stage)
    stage.complete(0, 'charged')
    expect((await stage.drive()).status).toEqual(completed('cancelled'))
    expect((await replayed(program, stage)).status).toEqual(completed('cancelled'))
  })

  it('is cancelled once: later waits, and a second request, do nothing', async () => {
    const stage = new Stage(async (ctx) => {
      const first = await outcome(ctx.sleep('1h'))
      return [first, await outcome(ctx.sleep('2h'))]
    })
    await stage.drive()
    cancel(stage)
    await stage.drive()
    cancel(stage)
    expect((await stage.drive()).status.kind).toBe('suspended')
    stage.complete(1)
    expect((await stage.drive()).status).toEqual(completed(['cancelled', undefined]))
    expect(kindsOf(stage.journal.entries).filter((kind) => kind === 'cancelled')).toHaveLength(1)
  })

  it('that never started is cancelled at its first wait', async () => {
    const stage = new Stage(async (ctx) => {
      const ran: string[] = []
      const first = await outcome(ctx.run('charge', () => ran.push('charge')))
      const undone = await ctx.run('undo', () => 'undone')
      return [first, undone, ran]
    })
    cancel(stage)
    expect((await stage.drive()).status).toEqual(completed(['cancelled', 'undone', []]))
  })

  it('that catches it and ends, has ended well', async () => {
    const stage = new Stage((ctx) => ctx.sleep('1h').catch(() => 'made the best of it'))
    await stage.drive()
    cancel(stage)
    expect((await stage.drive()).status).toEqual(completed('made the best of it'))
  })
})

describe('compensations', () => {
  const program: Program = async (ctx) => {
    const undo: string[] = []
    try {
      await ctx.run('reserve', () => 'r')
      undo.push('release')
      await ctx.call(bank).charge(1)
      undo.push('refund')
      await ctx.sleep('1h')
      return 'done'
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error
      const undone: unknown[] = []
      for (const name of undo.reverse()) undone.push(await ctx.run(name, () => `${name}d`))
      await ctx.sleep('1m')
      ctx.send(bank).charge(0)
      throw new TerminalError(`undone: ${undone.join(', ')}`, { cause: error })
    }
  }

  it('run, with steps and waits, in attempts of their own, and replay does them again', async () => {
    const stage = new Stage(program)
    await stage.drive()
    stage.complete(1)
    await stage.drive()
    cancel(stage)
    expect((await stage.drive()).status.kind).toBe('suspended')
    stage.complete(5)
    const end = { kind: 'failed', failure: { message: 'undone: refundd, released' } }
    expect((await stage.drive()).status).toMatchObject(end)
    expect((await replayed(program, stage)).status).toMatchObject(end)
  })

  it('do not begin before the cancellation is durable (INV-3)', async () => {
    const durable: string[][] = []
    const stage: Stage = new Stage(async (ctx) => {
      await outcome(ctx.sleep('1h'))
      await ctx.run('undo', () => durable.push([...kindsOf(stage.journal.entries)]))
    })
    await stage.drive()
    cancel(stage)
    await stage.drive()
    expect(durable.map((kinds) => kinds.at(-1))).toEqual(['cancelled'])
  })

  it('begin again where the attempt dies before the cancellation was durable', async () => {
    const stage = new Stage(program)
    await stage.drive()
    cancel(stage)
    stage.journal.hooks.beforeAppend = () => Promise.reject(new Error('no table'))
    expect((await stage.attempt()).status.kind).toBe('retry')
    expect(marker(stage)).toBeUndefined()
    delete stage.journal.hooks.beforeAppend
    stage.startEpoch()
    expect((await stage.drive()).status.kind).toBe('suspended')
    expect(marker(stage)).toBeDefined()
  })
})

describe('a cancelled invocation that runs', () => {
  it('hears of it by its tail while a step executes, whose signal is aborted', async () => {
    const aborted: number[] = []
    const stage: Stage = new Stage((ctx) =>
      outcome(
        ctx.run('slow', ({ signal }) => {
          signal.addEventListener('abort', () => aborted.push(stage.world.now))
          return stage.world.delay(60_000)
        }),
      ),
    )
    const start = stage.world.now
    const ended = stage.begin()
    await stage.world.pass(1_000)
    cancel(stage)
    await stage.world.run(ended)
    expect(aborted).toEqual([start + 3_000])
  })

  it('gives a step’s result though it was cancelled meanwhile: what was done must be known', async () => {
    const program = (stage: () => Stage): Program => {
      return async (ctx) => {
        const charged = await ctx.run('charge', () =>
          stage()
            .world.delay(4_000)
            .then(() => 'paid'),
        )
        const next = await outcome(ctx.run('ship', () => 'shipped'))
        return [charged, next, await ctx.run('refund', () => 'refunded')]
      }
    }
    const stage: Stage = new Stage(program(() => stage))
    const ended = stage.begin()
    await stage.world.pass(1_000)
    cancel(stage)
    const reply = await stage.world.run(ended)
    expect(reply.status).toEqual(completed(['paid', 'cancelled', 'refunded']))
    stage.store(reply)
    expect(
      (
        await replayed(
          program(() => stage),
          stage,
        )
      ).status,
    ).toEqual(reply.status)
  })

  it('gets the cancellation in place of a step that gives up when it is told so', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const charged = await outcome(
        ctx.run('charge', ({ signal }) => {
          return new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new Error('AbortError')))
          })
        }),
      )
      return [charged, await ctx.run('refund', () => 'refunded')]
    })
    const ended = stage.begin()
    await stage.world.pass(100)
    cancel(stage)
    const reply = await stage.world.run(ended)
    expect(reply.status).toEqual(completed(['cancelled', 'refunded']))
    stage.store(reply)
    expect(kindsOf(stage.journal.entries).slice(2)).toEqual([
      'cancel',
      'cancelled',
      'run 1',
      'output',
    ])
  })

  it('gives a step’s own final error, and cancels the next wait', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const charged = await ctx
        .run('charge', async () => {
          await stage.world.delay(4_000)
          throw new TerminalError('no funds')
        })
        .catch((error: Error) => error.message)
      return [charged, await outcome(ctx.sleep('1h'))]
    })
    const ended = stage.begin()
    await stage.world.pass(100)
    cancel(stage)
    expect((await stage.world.run(ended)).status).toEqual(completed(['no funds', 'cancelled']))
  })

  it('cancels what is awaited beside an executing step, and spares the step', async () => {
    const program = (stage: () => Stage): Program => {
      return async (ctx) => {
        const step = ctx.run('charge', () =>
          stage()
            .world.delay(5_000)
            .then(() => 'paid'),
        )
        const both = await outcome(Promise.all([step, ctx.call(bank).charge(1)]))
        return [both, await step]
      }
    }
    const stage: Stage = new Stage(program(() => stage))
    const ended = stage.begin()
    await stage.world.pass(1_000)
    cancel(stage)
    const reply = await stage.world.run(ended)
    expect(reply.status).toEqual(completed(['cancelled', 'paid']))
    expect(marker(stage)).toMatchObject({ spared: [0], after: 2 })
    stage.store(reply)
    expect(
      (
        await replayed(
          program(() => stage),
          stage,
        )
      ).status,
    ).toEqual(reply.status)
  })

  it('waits with a combination that holds an executing step until that has ended', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const slow = ctx.run('slow', () => stage.world.delay(5_000).then(() => 'ran'))
      return [await outcome(ctx.all([slow, ctx.sleep('1h')])), await slow, stage.world.now]
    })
    const start = stage.world.now
    const ended = stage.begin()
    await stage.world.pass(1_000)
    cancel(stage)
    await stage.world.run(ended)
    expect(outputOf(stage)).toEqual(['cancelled', 'ran', start + 5_000])
  })

  it('runs a spared step again where the attempt died, and gives its result', async () => {
    let runs = 0
    const stage: Stage = new Stage(async (ctx) => {
      const step = ctx.run('charge', async () => {
        runs += 1
        await stage.world.delay(9_000)
        return `paid ${runs}`
      })
      const first = await outcome(Promise.all([step, ctx.sleep('1h')]))
      const undone = ctx.run('undo', () => 'undone')
      return [first, await undone, await step]
    })
    void stage.begin()
    await stage.world.pass(1_000)
    cancel(stage)
    await stage.world.pass(4_000)
    expect(marker(stage)).toMatchObject({ spared: [0] })
    stage.startEpoch()
    await stage.drive()
    expect(outputOf(stage)).toEqual(['cancelled', 'undone', 'paid 2'])
  })

  it('starts no step that has not begun, and none that waits for its next try', async () => {
    const ran: string[] = []
    const stage: Stage = new Stage(async (ctx) => {
      void ctx.run('slow', () => stage.world.delay(3_500))
      const flaky = ctx.run(
        'flaky',
        () => {
          ran.push('flaky')
          throw new Error('not yet')
        },
        { retry: { initialDelay: '10s' } },
      )
      return [await outcome(flaky), await ctx.run('undo', () => 'undone')]
    })
    const ended = stage.begin()
    await stage.world.pass(1_000)
    cancel(stage)
    expect((await stage.world.run(ended)).status).toEqual(completed(['cancelled', 'undone']))
    expect(ran).toEqual(['flaky'])
  })

  it('does not start an at-most-once step that was only announced', async () => {
    const log = listeningLog()
    const stage: Stage = new Stage((ctx) =>
      outcome(ctx.run('once', () => 'ran', { atMostOnce: true })),
    )
    stage.journal.hooks.afterAppend = (segment) => {
      if (segment.entries.some(({ kind }) => kind === 'run-started')) cancel(stage)
    }
    stage.journal.hooks.beforeAppend = ({ n }) => {
      if (n === 2) stage.journal.news(stage.world.now, { kind: 'cancel' })
    }
    expect((await stage.drive({ logger: log })).status).toEqual(completed('cancelled'))
  })

  it('ends without a CancelledError if it awaits nothing any more', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.run('slow', () => stage.world.delay(4_000))
      return 'done'
    })
    const ended = stage.begin()
    await stage.world.pass(100)
    cancel(stage)
    expect((await stage.world.run(ended)).status).toEqual(completed('done'))
    expect(marker(stage)).toBeUndefined()
  })

  it('still obeys a step’s timeout after its signal was aborted', async () => {
    const stage: Stage = new Stage((ctx) =>
      outcome(ctx.run('deaf', () => stage.world.delay(99_000), { timeout: '6s' })),
    )
    const start = stage.world.now
    const ended = stage.begin()
    await stage.world.pass(100)
    cancel(stage)
    expect((await stage.world.run(ended)).status.kind).toMatch(/completed|appended/)
    expect(stage.world.now - start).toBe(6_000)
  })

  it('fails a spared step with a CancelledError of its own if it gives up later', async () => {
    const program = (stage: () => Stage): Program => {
      return async (ctx) => {
        const step = ctx.run('charge', async () => {
          await stage().world.delay(4_500)
          throw new Error('connection lost')
        })
        const first = await outcome(Promise.all([step, ctx.sleep('1h')]))
        const second = await step.catch((error: CancelledError) => [
          error instanceof CancelledError,
          (error.cause as Error).message,
        ])
        return [first, second]
      }
    }
    const stage: Stage = new Stage(program(() => stage))
    const ended = stage.begin()
    await stage.world.pass(100)
    cancel(stage)
    const reply = await stage.world.run(ended)
    expect(reply.status).toEqual(completed(['cancelled', [true, 'connection lost']]))
    stage.store(reply)
    expect(
      (
        await replayed(
          program(() => stage),
          stage,
        )
      ).status,
    ).toEqual(reply.status)
  })
})

describe('the marker of a cancellation', () => {
  it('is replayed for the ops that it was for, though they are not awaited yet', async () => {
    let world = new World()
    const program: Program = async (ctx) => {
      const both = ctx.allSettled([ctx.sleep('1h'), ctx.awakeable().promise])
      await world.delay(40) // not durable
      return outcome(both)
    }
    const stage = new Stage(program)
    world = stage.world
    await stage.drive()
    cancel(stage)
    expect((await stage.drive()).status).toEqual(completed('cancelled'))
    const again = new Stage(program).with(stage.journal.segments.slice(0, -1))
    again.journal.handler(
      again.world.now,
      'w',
      ...[marker(stage)].filter((one) => one !== undefined),
    )
    again.startEpoch()
    world = again.world
    expect((await again.attempt()).status).toEqual(completed('cancelled'))
  })
})
