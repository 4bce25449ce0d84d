import { describe, expect, it } from 'vitest'
import { service, TerminalError, TimeoutError } from '../../../lambda-runtime/src/index.ts'
import type { Waiting } from '../../../lambda-runtime/src/protocol/index.ts'
import type { ServiceContext } from '../../../lambda-runtime/src/types/context.ts'
import { completed, kindsOf, type Program, Stage } from './support/stage.ts'

const other = service('other', { go: (_, input: number) => `got ${input}` })
const op = (n: number): Waiting => ({ kind: 'op', op: n })
const declined = { code: 'declined', message: 'no' }

async function waitingOn(program: Program): Promise<Waiting> {
  const { status } = await new Stage(program).attempt()
  if (status.kind !== 'suspended') throw new Error(`expected a suspension, not ${status.kind}`)
  return status.waitingOn
}

const calls = (ctx: ServiceContext, count: number) =>
  Array.from({ length: count }, (_, i) => ctx.call(other).go(i))

describe('what a suspended handler waits for', () => {
  it('is the one op that it awaits, not those that it only issued', async () => {
    const program: Program = async (ctx) => {
      void ctx.call(other).go(1)
      await ctx.awakeable().promise
    }
    expect(await waitingOn(program)).toEqual(op(1))
  })

  it.each(['all', 'any', 'race', 'allSettled'] as const)(
    'with ctx.%s is a tree: it wakes once',
    async (kind) => {
      const program: Program = (ctx) => ctx[kind](calls(ctx, 3))
      expect(await waitingOn(program)).toEqual({ kind, of: [op(0), op(1), op(2)] })
    },
  )

  it('with plain combinators is any of what they await', async () => {
    const program: Program = (ctx) => Promise.all(calls(ctx, 2))
    expect(await waitingOn(program)).toEqual({ kind: 'race', of: [op(0), op(1)] })
  })

  it('is nested as the promises are', async () => {
    const program: Program = (ctx) =>
      ctx.all([ctx.call(other).go(1).orTimeout('1h'), ctx.sleep('2h').map(() => 'x')])
    expect(await waitingOn(program)).toEqual({
      kind: 'all',
      of: [{ kind: 'race', of: [op(0), op(1)] }, op(2)],
    })
  })

  it('leaves out what has come already', async () => {
    const stage: Stage = new Stage((ctx) => ctx.all(calls(ctx, 3)))
    await stage.drive()
    stage.complete(1, 'b')
    const { status } = await stage.attempt()
    expect(status).toEqual({ kind: 'suspended', waitingOn: { kind: 'all', of: [op(0), op(2)] } })
  })

  it('is what a promise stands for that a mapping returned', async () => {
    const stage: Stage = new Stage((ctx) =>
      ctx
        .call(other)
        .go(1)
        .map(() => ctx.sleep('1h')),
    )
    await stage.drive()
    stage.complete(0, 'x')
    const { status } = await stage.attempt()
    expect(status).toEqual({ kind: 'suspended', waitingOn: op(1) })
  })
})

describe('the combinators', () => {
  async function outcome(program: Program, settle: (stage: Stage) => void) {
    const stage: Stage = new Stage(program)
    await stage.drive()
    settle(stage)
    return (await stage.attempt()).status
  }

  it('all gives the values in their places', async () => {
    const status = await outcome(
      (ctx) => ctx.all(calls(ctx, 2)),
      (stage) => {
        stage.complete(1, 'b')
        stage.complete(0, 'a')
      },
    )
    expect(status).toEqual(completed(['a', 'b']))
  })

  it('all fails with the first failure', async () => {
    const status = await outcome(
      (ctx) => ctx.all(calls(ctx, 2)),
      (stage) => stage.fail(1, declined),
    )
    expect(status).toMatchObject({ kind: 'failed', failure: declined })
  })

  it('any gives the first value and survives failures', async () => {
    const status = await outcome(
      (ctx) => ctx.any(calls(ctx, 2)),
      (stage) => {
        stage.fail(0, declined)
        stage.complete(1, 'b')
      },
    )
    expect(status).toEqual(completed('b'))
  })

  it('any fails for good when all have failed', async () => {
    const status = await outcome(
      (ctx) => ctx.any(calls(ctx, 2)),
      (stage) => {
        stage.fail(0, declined)
        stage.fail(1, declined)
      },
    )
    expect(status).toMatchObject({ kind: 'failed', failure: { name: 'AggregateError' } })
  })

  it('race gives what came first in the log', async () => {
    const status = await outcome(
      (ctx) => ctx.race(calls(ctx, 2)),
      (stage) => {
        stage.complete(1, 'b')
        stage.complete(0, 'a')
      },
    )
    expect(status).toEqual(completed('b'))
  })

  it('allSettled gives values and errors', async () => {
    const status = await outcome(
      async (ctx) => {
        const [a, b] = await ctx.allSettled(calls(ctx, 2))
        return [a?.status, b?.status === 'rejected' && b.reason instanceof TerminalError]
      },
      (stage) => {
        stage.fail(1, declined)
        stage.complete(0, 'a')
      },
    )
    expect(status).toEqual(completed(['fulfilled', true]))
  })

  it('of nothing behave as those of plain promises', async () => {
    const stage: Stage = new Stage(async (ctx) => [
      await ctx.all([]),
      await ctx.allSettled([]),
      await ctx.any([]).catch((error) => error.constructor.name !== 'Error'),
    ])
    expect((await stage.attempt()).status).toEqual(completed([[], [], true]))
  })

  it('refuse promises that are not durable', async () => {
    const stage: Stage = new Stage((ctx) => ctx.race([Promise.resolve(1)] as never))
    expect((await stage.attempt()).status).toMatchObject({ failure: { code: 'option-invalid' } })
  })

  it('may take what has settled already', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const first = ctx.run('a', () => 'a')
      await first
      return ctx.all([first, ctx.run('b', () => 'b')])
    })
    expect((await stage.attempt()).status).toEqual(completed(['a', 'b']))
  })
})

describe('orTimeout', () => {
  it('rejects with a TimeoutError when the time is over', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const late = await ctx
        .call(other)
        .go(1)
        .orTimeout('1h')
        .catch((error) => error)
      return [late instanceof TimeoutError, late.message]
    })
    await stage.drive()
    stage.complete(1)
    expect((await stage.attempt()).status).toEqual(completed([true, 'No outcome within 1h']))
  })

  it('gives the fallback, be it undefined', async () => {
    const stage: Stage = new Stage((ctx) => ctx.call(other).go(1).orTimeout(5, undefined))
    await stage.drive()
    stage.complete(1)
    expect((await stage.attempt()).status).toEqual(completed(undefined))
  })

  it('gives the outcome when that is faster', async () => {
    const stage: Stage = new Stage((ctx) => ctx.call(other).go(1).orTimeout('1h', 'late'))
    await stage.drive()
    stage.complete(0, 'in time')
    expect((await stage.attempt()).status).toEqual(completed('in time'))
  })
})

describe('a durable promise', () => {
  it('that fails and that nobody awaits does no harm', async () => {
    const unhandled: unknown[] = []
    const listener = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', listener)
    const stage: Stage = new Stage(async (ctx) => {
      const calm = ctx.run('bad too', () => Promise.reject(new TerminalError('no')))
      void ctx.all([calm])
      void ctx.run('bad', () => Promise.reject(new TerminalError('no'))).map(() => 1)
      await ctx.run('good', () => stage.world.delay(10))
      return 'fine'
    })
    const reply = await stage.attempt()
    await stage.world.settle()
    process.off('unhandledRejection', listener)
    expect(reply.status).toEqual(completed('fine'))
    expect(unhandled).toEqual([])
  })

  it('keeps its outcome for whoever awaits it later', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const early = ctx.run('early', () => 'kept')
      await ctx.run('slow', () => stage.world.delay(10))
      return [await early, await early]
    })
    expect((await stage.attempt()).status).toEqual(completed(['kept', 'kept']))
  })

  it('is a plain promise to everything that takes promises', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const promise = ctx.run('x', () => 1)
      const chained = promise.then((n) => n + 1)
      return [
        promise instanceof Promise,
        chained.constructor === Promise,
        await Promise.resolve(promise),
        await chained,
        await promise.finally(() => undefined),
      ]
    })
    expect((await stage.attempt()).status).toEqual(completed([true, true, 1, 2, 1]))
  })

  it('maps its value, and stays durable', async () => {
    const stage: Stage = new Stage((ctx) =>
      ctx.all([
        ctx.run('x', () => 1).map((n) => n + 1),
        ctx.run('y', () => 1).map((n) => Promise.resolve(n + 2)),
      ]),
    )
    expect((await stage.attempt()).status).toEqual(completed([2, 3]))
  })

  it('rejects when its mapping gives something that cannot be looked at', async () => {
    const hostile = Object.defineProperty({}, 'then', {
      get: () => {
        throw new Error('keep off')
      },
    })
    const stage: Stage = new Stage((ctx) =>
      ctx
        .run('x', () => 1)
        .map(() => hostile)
        .catch((error: Error) => error.message),
    )
    expect((await stage.attempt()).status).toEqual(completed('keep off'))
  })

  it('rejects when its mapping throws', async () => {
    const stage: Stage = new Stage((ctx) =>
      ctx
        .run('x', () => 1)
        .map(() => {
          throw new TerminalError('mapped')
        })
        .catch((error) => error.message),
    )
    expect((await stage.attempt()).status).toEqual(completed('mapped'))
  })

  it('of an outside op is handed out only when it is awaited', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const call = ctx.call(other).go(1)
      await ctx.awakeable().promise
      return call
    })
    await stage.drive()
    stage.complete(0, 'early')
    stage.complete(1)
    const reply = await stage.attempt()
    expect(kindsOf(reply.entries)).toEqual(['seen 1', 'seen 0'])
    expect(reply.status).toEqual(completed('early'))
  })
})
