import { describe, expect, it } from 'vitest'
import { CancelledError, TerminalError } from '../../../lambda-runtime/src/index.ts'
import { bank, cancel, marker, outcome, replayed } from './support/cancel.ts'
import { completed, keyedStage, kindsOf, type Program, Stage } from './support/stage.ts'
import { World } from './support/world.ts'

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

  it('is not for an op that was issued after it, though replay comes to that earlier', async () => {
    let world = new World()
    let pauseMs = 40
    const program: Program = async (ctx) => {
      const branch = async (): Promise<unknown> => {
        if (pauseMs > 0) await world.delay(pauseMs) // not durable
        return ctx.sleep('1h').map(() => 'slept')
      }
      return Promise.all([outcome(ctx.signal('s')), branch()])
    }
    const stage = new Stage(program)
    world = stage.world
    cancel(stage)
    expect((await stage.drive()).status.kind).toBe('suspended')
    expect(marker(stage)).toMatchObject({ after: 1 })
    stage.complete(1)
    pauseMs = 0
    expect((await stage.drive()).status).toEqual(completed(['cancelled', 'slept']))
  })

  it('is for reads of state, too: what is fetched for them comes to nothing', async () => {
    const lazy = { name: 'big', slot: 1, bytes: 70_000 }
    const stage: Stage = keyedStage(
      { kind: 'object' },
      async (ctx) => {
        const got = await outcome(ctx.get('big'))
        return [got, await ctx.run('undo', () => stage.world.delay(3_000).then(() => 'undone'))]
      },
      lazy,
    )
    stage.journal.stateValue = async () => {
      await stage.world.delay(2_000)
      return { json: 'large' }
    }
    cancel(stage)
    expect((await stage.drive()).status).toEqual(completed(['cancelled', 'undone']))
    expect(kindsOf(stage.journal.entries)).not.toContain('state-get 0')
  })

  it('comes at once where one of several that are awaited together will never begin', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const fails = ctx.run('flaky', () => Promise.reject(new Error('not yet')), {
        retry: { initialDelay: '1h' },
      })
      const slow = ctx.run('slow', () => stage.world.delay(9_000).then(() => 'ran'))
      return [await outcome(ctx.all([slow, fails])), stage.world.now]
    })
    const start = stage.world.now
    const ended = stage.begin()
    await stage.world.pass(100)
    cancel(stage)
    expect((await stage.world.run(ended)).status).toEqual(completed(['cancelled', start + 3_000]))
  })
})
