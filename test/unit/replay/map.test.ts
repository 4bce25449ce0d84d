import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { service, TerminalError } from '../../../lambda-runtime/src/index.ts'
import type { Outcome, Segment, Waiting } from '../../../lambda-runtime/src/protocol/index.ts'
import type { ServiceContext } from '../../../lambda-runtime/src/types/context.ts'
import type { MapOptions } from '../../../lambda-runtime/src/types/options.ts'
import { conduct, type Outside, valueOutcome } from './support/conductor.ts'
import { completed, type Program, Stage } from './support/stage.ts'

const other = service('other', { go: (_, input: number) => `got ${input}` })
const op = (n: number): Waiting => ({ kind: 'op', op: n })
const items = [10, 20, 30, 40]
const declined = { code: 'declined', message: 'no' }

const mapped =
  (options?: MapOptions): Program =>
  (ctx) =>
    ctx.map(items, (item) => ctx.call(other).go(item), options as object)

async function waitingOn(stage: Stage): Promise<Waiting> {
  const { status } = await stage.drive()
  if (status.kind !== 'suspended') throw new Error(`expected a suspension, not ${status.kind}`)
  return status.waitingOn
}

function started(stage: Stage): number {
  return stage.journal.entries.filter(({ kind }) => kind === 'call').length
}

describe('a map over calls', () => {
  it('begins all of them and waits for all at once', async () => {
    const stage = new Stage(mapped())
    expect(await waitingOn(stage)).toEqual({ kind: 'all', of: [op(0), op(1), op(2), op(3)] })
    for (const n of [3, 1, 0, 2]) stage.complete(n, `r${n}`)
    expect((await stage.drive()).status).toEqual(completed(['r0', 'r1', 'r2', 'r3']))
  })

  it('begins as many as may be under way, and the next as each ends', async () => {
    const stage = new Stage(mapped({ concurrency: 2 }))
    expect(await waitingOn(stage)).toEqual({ kind: 'race', of: [op(0), op(1)] })
    stage.complete(1, 'r1')
    expect(await waitingOn(stage)).toEqual({ kind: 'race', of: [op(0), op(2)] })
    stage.complete(2, 'r2')
    expect(await waitingOn(stage)).toEqual({ kind: 'all', of: [op(0), op(3)] })
    stage.complete(0, 'r0')
    stage.complete(3, 'r3')
    expect((await stage.drive()).status).toEqual(completed(['r0', 'r1', 'r2', 'r3']))
  })

  it('fails with the first that fails, and begins no more', async () => {
    const stage = new Stage(mapped({ concurrency: 2 }))
    await stage.drive()
    stage.fail(1, declined)
    expect((await stage.drive()).status).toMatchObject({ kind: 'failed', failure: declined })
    expect(started(stage)).toBe(2)
  })

  it('is durable itself: it has a timeout, and goes into other combinators', async () => {
    const program: Program = (ctx) =>
      ctx.all([ctx.map(items, (item) => ctx.call(other).go(item)).orTimeout('1h', 'late')])
    const stage = new Stage(program)
    expect(await waitingOn(stage)).toEqual({
      kind: 'all',
      of: [{ kind: 'race', of: [{ kind: 'all', of: [0, 1, 2, 3].map(op) }, op(4)] }],
    })
    stage.complete(4)
    expect((await stage.drive()).status).toEqual(completed(['late']))
  })

  it('takes items and index, and sees no later change of the list', async () => {
    const program: Program = async (ctx) => {
      const list = [...items]
      const result = ctx.map(list, (item, index) => ctx.sleep(1).map(() => item + index), {
        concurrency: 1,
      })
      list.length = 0
      return await result
    }
    const stage = new Stage(program)
    expect(await conduct(stage, never)).toEqual(valueOutcome([10, 21, 32, 43]))
  })
})

describe('a map with a tolerance', () => {
  it('tells of each how it ended', async () => {
    const stage = new Stage(async (ctx) =>
      (await ctx.map(items, (item) => ctx.call(other).go(item), { tolerance: '25%' })).map(
        (result) => (result.status === 'fulfilled' ? result.value : String(result.reason)),
      ),
    )
    expect(await waitingOn(stage)).toEqual({
      kind: 'allSettled',
      of: [0, 1, 2, 3].map(op),
      tolerance: 1,
    })
    stage.fail(2, declined)
    for (const n of [0, 1, 3]) stage.complete(n, n)
    expect((await stage.drive()).status).toEqual(completed([0, 1, 'TerminalError: no', 3]))
  })

  it('wakes for what is left of the tolerance', async () => {
    const stage = new Stage(mapped({ tolerance: 2 }))
    await stage.drive()
    stage.fail(0, declined)
    expect(await waitingOn(stage)).toMatchObject({ kind: 'allSettled', tolerance: 1 })
  })

  it('fails when more fail, with their errors as the cause', async () => {
    const stage = new Stage(async (ctx) => {
      const many = ctx.map(items, (item) => ctx.call(other).go(item), { tolerance: 1 })
      const error: unknown = await many.catch((reason: unknown) => reason)
      if (!(error instanceof TerminalError && error.cause instanceof AggregateError)) throw error
      return [error.code, error.message, error.cause.errors.map(String)]
    })
    await stage.drive()
    stage.fail(3, declined)
    stage.fail(1, declined)
    expect((await stage.drive()).status).toEqual(
      completed([
        'tolerance-exceeded',
        '2 of 4 branches failed, and 1 may',
        ['TerminalError: no', 'TerminalError: no'],
      ]),
    )
  })

  it('tolerates no mistake of the code: the attempt is tried again', async () => {
    const stage = new Stage((ctx) =>
      ctx.map(
        items,
        () => {
          throw new Error('a bug')
        },
        { tolerance: '100%' },
      ),
    )
    expect((await stage.drive()).status).toMatchObject({
      kind: 'retry',
      failure: { message: 'a bug' },
    })
  })

  it('tolerates no cancellation', async () => {
    const stage = new Stage(mapped({ tolerance: 4 }))
    await stage.drive()
    stage.fail(0, { code: 'cancelled', message: 'stop' })
    expect((await stage.drive()).status).toMatchObject({
      kind: 'failed',
      failure: { code: 'cancelled' },
    })
  })
})

describe('branches', () => {
  it('may be async functions, that wait for themselves', async () => {
    const stage = new Stage((ctx) =>
      ctx.map(items, async (item) => {
        const first = await ctx.call(other).go(item)
        return [first, await ctx.call(other).go(item + 1)]
      }),
    )
    const output = await conduct(stage, (n) => ({ afterMs: 10 * n, outcome: valueOutcome(n) }))
    expect(output).toEqual(
      valueOutcome([
        [0, 4],
        [1, 5],
        [2, 6],
        [3, 7],
      ]),
    )
  })

  it('may be plain values, many of them, one at a time', async () => {
    const many = Array.from({ length: 20_000 }, (_, index) => index)
    const stage = new Stage(async (ctx) => {
      const doubled = await ctx.map(many, (n) => 2 * n, { concurrency: 1 })
      return [doubled.length, doubled.at(-1)]
    })
    expect((await stage.drive()).status).toEqual(completed([20_000, 39_998]))
  })

  it('of nothing are nothing', async () => {
    const stage = new Stage((ctx) => ctx.all([ctx.map([], () => 1), ctx.parallel([])]))
    expect((await stage.drive()).status).toEqual(completed([[], []]))
  })

  it('may differ from each other', async () => {
    const stage = new Stage((ctx) =>
      ctx.parallel([
        () => ctx.run('a', () => 1),
        async () => await ctx.run('b', () => 'two'),
        () => true,
      ]),
    )
    expect((await stage.drive()).status).toEqual(completed([1, 'two', true]))
  })

  it('of parallel can be limited and tolerated, too', async () => {
    const stage = new Stage(async (ctx) => {
      const branches = items.map((item) => () => ctx.call(other).go(item))
      const results = await ctx.parallel(branches, { concurrency: 3, tolerance: '50%' })
      return results.map(({ status }) => status)
    })
    expect(await waitingOn(stage)).toEqual({ kind: 'race', of: [0, 1, 2].map(op) })
    stage.fail(1, declined)
    expect(await waitingOn(stage)).toEqual({
      kind: 'allSettled',
      of: [0, 2, 3].map(op),
      tolerance: 1,
    })
    for (const n of [0, 2, 3]) stage.complete(n)
    const [a, b] = ['fulfilled', 'rejected']
    expect((await stage.drive()).status).toEqual(completed([a, b, a, a]))
  })

  it.each<[string, (ctx: ServiceContext) => unknown]>([
    ['no list', (ctx) => ctx.map('abc' as never, () => 1)],
    ['no function', (ctx) => ctx.map([1], 1 as never)],
    ['no list of functions', (ctx) => ctx.parallel([1] as never)],
    ['a concurrency of none', (ctx) => ctx.map([1], () => 1, { concurrency: 0 })],
    ['a tolerance below zero', (ctx) => ctx.map([1], () => 1, { tolerance: -1 })],
    ['a tolerance of more than all', (ctx) => ctx.map([1], () => 1, { tolerance: '101%' })],
    ['a tolerance that is no number', (ctx) => ctx.map([1], () => 1, { tolerance: 'x%' as never })],
  ])('are refused at once with %s', async (_, program) => {
    expect((await new Stage(program).drive()).status).toMatchObject({
      failure: { code: 'option-invalid' },
    })
  })
})

type Shape = { readonly ms: number; readonly how: 'call' | 'run' | 'both'; readonly fails: boolean }
const shapes = fc.array(
  fc.record({
    ms: fc.nat({ max: 500 }),
    how: fc.constantFrom('call' as const, 'run' as const, 'both' as const),
    fails: fc.boolean(),
  }),
  { maxLength: 6 },
)
const optionsOf = fc.record({
  concurrency: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  tolerance: fc.constantFrom(undefined, 1, '50%' as const),
})

/** Answers with the branches' outcomes, and what was begun in which order. */
const mapping =
  (list: readonly Shape[], options: object, stage: () => Stage): Program =>
  async (ctx) => {
    const begun: number[] = []
    const step = (shape: Shape) =>
      ctx.run('step', async () => {
        await stage().world.delay(shape.ms)
        if (shape.fails) throw new TerminalError('as told')
        return shape.ms
      })
    const outcome = await ctx
      .map(
        list,
        (shape, index) => {
          begun.push(index)
          if (shape.how === 'call') return ctx.call(other).go(index)
          if (shape.how === 'run') return step(shape)
          return step(shape).then(() => ctx.call(other).go(index))
        },
        options,
      )
      .catch((error: unknown) => (error instanceof TerminalError ? error.message : 'a bug'))
    return { begun, outcome: JSON.parse(JSON.stringify(outcome)), uuid: ctx.uuid() }
  }

const never: Outside = () => ({ afterMs: 1, outcome: valueOutcome(null) })
const outsideOf =
  (seed: number): Outside =>
  (n) => {
    const mixed = Math.abs(Math.imul(n + 1, 2_654_435_761) ^ Math.imul(seed + 1, 40_503))
    const failure = { kind: 'failure', failure: declined } as const
    return { afterMs: mixed % 700, outcome: mixed % 4 === 0 ? failure : valueOutcome(n) }
  }

function stageOf(list: readonly Shape[], options: object, journal?: readonly Segment[]): Stage {
  const stage: Stage = new Stage(mapping(list, options, () => stage))
  return journal === undefined ? stage : stage.with(journal)
}

describe('random maps', () => {
  it('replay as they ran, and go on from every prefix', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(shapes, optionsOf, fc.nat(), async (list, options, seed) => {
        const live = stageOf(list, options)
        const output = await conduct(live, outsideOf(seed))
        const { segments } = live.journal
        expect(await replayed(list, options, segments)).toEqual(statusOf(output))
        for (let length = 2; length < segments.length; length += 1) {
          const again = stageOf(list, options, segments.slice(0, length))
          const other = await conduct(again, outsideOf(seed + 1))
          expect(await replayed(list, options, again.journal.segments)).toEqual(statusOf(other))
        }
      }),
      { numRuns: 40 },
    )
  })
})

/** How an attempt ends whose predecessor died just before it could append the output. */
async function replayed(list: readonly Shape[], options: object, segments: readonly Segment[]) {
  const open = segments.map((segment) => ({
    ...segment,
    entries: segment.entries.filter(({ kind }) => kind !== 'output'),
  }))
  const stage = stageOf(list, options, open)
  stage.startEpoch()
  return (await stage.attempt()).status
}

function statusOf(output: Outcome) {
  return output.kind === 'value'
    ? { ...completed(), value: output.value }
    : { kind: 'failed', failure: output.failure }
}
