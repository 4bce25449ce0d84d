import { describe, expect, it } from 'vitest'
import { CancelledError, TerminalError } from '../../../lambda-runtime/src/index.ts'
import {
  bank,
  cancel,
  cancelledAfter,
  marker,
  outcome,
  outputOf,
  replayed,
} from './support/cancel.ts'
import { completed, kindsOf, listeningLog, type Program, Stage } from './support/stage.ts'

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
    await cancelledAfter(stage, 1_000)
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
    const reply = await cancelledAfter(stage, 1_000)
    expect(reply.status).toEqual(completed(['paid', 'cancelled', 'refunded']))
    stage.store(reply)
    const again = await replayed(
      program(() => stage),
      stage,
    )
    expect(again.status).toEqual(reply.status)
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
    const reply = await cancelledAfter(stage, 100)
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
    expect((await cancelledAfter(stage, 100)).status).toEqual(completed(['no funds', 'cancelled']))
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
    const reply = await cancelledAfter(stage, 1_000)
    expect(reply.status).toEqual(completed(['cancelled', 'paid']))
    expect(marker(stage)).toMatchObject({ spared: [0], after: 2 })
    stage.store(reply)
    const again = await replayed(
      program(() => stage),
      stage,
    )
    expect(again.status).toEqual(reply.status)
  })

  it('waits with a combination that holds an executing step until that has ended', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const slow = ctx.run('slow', () => stage.world.delay(5_000).then(() => 'ran'))
      return [await outcome(ctx.all([slow, ctx.sleep('1h')])), await slow, stage.world.now]
    })
    const start = stage.world.now
    await cancelledAfter(stage, 1_000)
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
    expect((await cancelledAfter(stage, 1_000)).status).toEqual(completed(['cancelled', 'undone']))
    expect(ran).toEqual(['flaky'])
  })

  it('starts no step that nobody awaits', async () => {
    const log = listeningLog()
    const ran: string[] = []
    const stage: Stage = new Stage(async (ctx) => {
      void ctx.run('x', () => ran.push('x'))
      const slept = await outcome(ctx.sleep('1h'))
      void ctx.run('y', () => ran.push('y'))
      return [slept, await ctx.run('undo', () => 'undone')]
    })
    cancel(stage)
    expect((await stage.drive({ logger: log })).status).toEqual(completed(['cancelled', 'undone']))
    expect(ran).toEqual(['y'])
  })

  it('starts no step while its handler waits for something not durable', async () => {
    const ran: string[] = []
    const stage: Stage = new Stage(async (ctx) => {
      void ctx.run('x', () => ran.push('x'))
      await stage.world.delay(2_000)
      return 'done'
    })
    cancel(stage)
    expect((await stage.drive()).status).toEqual(completed('done'))
    expect(ran).toEqual([])
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
    expect((await cancelledAfter(stage, 100)).status).toEqual(completed('done'))
    expect(marker(stage)).toBeUndefined()
  })

  it('still obeys a step’s timeout after its signal was aborted', async () => {
    const stage: Stage = new Stage((ctx) =>
      outcome(ctx.run('deaf', () => stage.world.delay(99_000), { timeout: '6s' })),
    )
    const start = stage.world.now
    const reply = await cancelledAfter(stage, 100)
    stage.store(reply)
    expect([outputOf(stage), stage.world.now - start]).toEqual(['cancelled', 6_000])
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
    const reply = await cancelledAfter(stage, 100)
    expect(reply.status).toEqual(completed(['cancelled', [true, 'connection lost']]))
    stage.store(reply)
    const again = await replayed(
      program(() => stage),
      stage,
    )
    expect(again.status).toEqual(reply.status)
  })
})

describe('a step that may have begun in an attempt that was cut off', () => {
  it('is run again before the handler is cancelled: what was done must be known', async () => {
    const aborted: boolean[] = []
    let runs = 0
    const stage: Stage = new Stage(async (ctx) => {
      const charged = await outcome(
        ctx.run('charge', async ({ signal }) => {
          runs += 1
          await stage.world.delay(6_000)
          aborted.push(signal.aborted)
          return `paid ${runs}`
        }),
      )
      return [charged, await outcome(ctx.run('ship', () => 'shipped'))]
    })
    void stage.begin()
    await stage.world.pass(1_000)
    cancel(stage)
    stage.startEpoch()
    await stage.drive()
    expect(outputOf(stage)).toEqual(['paid 2', 'cancelled'])
    expect(aborted.at(-1)).toBe(false)
  })

  it('is spared where something else is awaited beside it', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const step = ctx.run('charge', () => stage.world.delay(2_000).then(() => 'paid'))
      const first = await outcome(Promise.all([step, ctx.sleep('1h')]))
      return [first, await step]
    })
    void stage.begin()
    await stage.world.pass(1_000)
    cancel(stage)
    stage.startEpoch()
    expect((await stage.drive()).status).toEqual(completed(['cancelled', 'paid']))
    expect(marker(stage)).toMatchObject({ spared: [0] })
  })

  it('is not tried once more if it fails again', async () => {
    let runs = 0
    const stage: Stage = new Stage((ctx) =>
      outcome(
        ctx.run('charge', async () => {
          runs += 1
          await stage.world.delay(runs === 1 ? 60_000 : 2_000)
          throw new Error('no answer')
        }),
      ),
    )
    void stage.begin()
    await stage.world.pass(1_000)
    cancel(stage)
    stage.startEpoch()
    expect((await stage.drive()).status).toEqual(completed('cancelled'))
    expect(runs).toBe(2)
  })

  it('is one whose next try had begun, too', async () => {
    let runs = 0
    const stage: Stage = new Stage((ctx) =>
      outcome(
        ctx.run(
          'charge',
          async () => {
            runs += 1
            if (runs === 1) throw new Error('no answer')
            await stage.world.delay(runs === 2 ? 60_000 : 1_000)
            return `paid ${runs}`
          },
          { retry: { initialDelay: '10s' } },
        ),
      ),
    )
    expect((await stage.drive()).status.kind).toBe('suspended')
    stage.world.skipTo(stage.world.now + 10_000)
    void stage.begin()
    await stage.world.pass(1_000)
    cancel(stage)
    stage.startEpoch()
    expect((await stage.drive()).status).toEqual(completed('paid 3'))
  })

  it('cannot be one that starts at most once, and was not announced', async () => {
    const ran: string[] = []
    const stage: Stage = new Stage((ctx) =>
      outcome(ctx.run('once', () => ran.push('once'), { atMostOnce: true })),
    )
    stage.journal.hooks.beforeAppend = () => new Promise(() => undefined)
    void stage.begin()
    await stage.world.pass(1_000)
    delete stage.journal.hooks.beforeAppend
    cancel(stage)
    stage.startEpoch()
    expect((await stage.drive()).status).toEqual(completed('cancelled'))
    expect(ran).toEqual([])
  })

  it('cannot be one that follows from a result of this attempt', async () => {
    const ran: string[] = []
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.run('first', () => stage.world.delay(4_000))
      return outcome(ctx.run('second', () => ran.push('second')))
    })
    void stage.begin()
    await stage.world.pass(1_000)
    stage.startEpoch()
    expect((await cancelledAfter(stage, 1_000)).status).toEqual(completed('cancelled'))
    expect(ran).toEqual([])
  })

  it('cannot be one where the attempt before came to a rest', async () => {
    const ran: string[] = []
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.sleep('1m')
      return outcome(ctx.run('step', () => ran.push('step')))
    })
    await stage.drive()
    stage.complete(0)
    cancel(stage)
    expect((await stage.drive()).status).toEqual(completed('cancelled'))
    expect(ran).toEqual([])
  })
})
