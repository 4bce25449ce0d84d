import { describe, expect, it } from 'vitest'
import { service } from '../../../lambda-runtime/src/index.ts'
import type { ServiceContext } from '../../../lambda-runtime/src/types/context.ts'
import { completed, kindsOf, Stage } from './support/stage.ts'

const other = service('other', { go: (_, input: number) => `got ${input}` })

/** A short wait that is not durable, such as an import. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Lets an attempt live for `ms`, and takes it for dead then. */
async function abandonAfter(stage: Stage, ms: number): Promise<void> {
  void stage.begin()
  await stage.world.pass(ms)
}

describe('a step that follows a wait that is not durable, while something else may come in', () => {
  /** One branch charges unless the other, which waits for `cancel`, has been told not to. */
  function charging(steps: string[], before?: 'answered') {
    const stage: Stage = new Stage(async (ctx) => {
      let isCancelled = false
      const cancel = ctx.awakeable()
      const answered = before === 'answered' ? ctx.awakeable().promise : Promise.resolve()
      const charge = async () => {
        await answered
        await turns(3)
        if (isCancelled) return
        await ctx.run('charge', () => {
          steps.push('charge')
          return stage.world.delay(1_000)
        })
      }
      const watch = async () => {
        await cancel.promise
        isCancelled = true
        await ctx.run('refund', () => steps.push('refund'))
      }
      await Promise.all([charge(), watch()])
      return steps.length
    })
    return stage
  }

  it('is known to have been started before what comes in, though the attempt dies (INV-3)', async () => {
    const steps: string[] = []
    const stage = charging(steps)
    await abandonAfter(stage, 500)
    stage.complete(0)
    stage.startEpoch()
    await stage.attempt()
    expect(steps).toEqual(['charge', 'charge', 'refund'])
  })

  it('is so after news that stood in the journal as well', async () => {
    const steps: string[] = []
    const stage = charging(steps, 'answered')
    await stage.drive()
    stage.complete(1)
    await abandonAfter(stage, 500)
    stage.complete(0)
    stage.startEpoch()
    await stage.attempt()
    expect(steps).toEqual(['charge', 'charge', 'refund'])
  })

  it('waits for one append, and is no step that runs at most once', async () => {
    const steps: string[] = []
    const stage = charging(steps)
    await abandonAfter(stage, 500)
    expect(kindsOf(stage.journal.entries).slice(2)).toEqual(['awakeable 0', 'run-started 1'])
    expect(stage.journal.entries.at(-1)).toMatchObject({ again: true })
  })

  it('keeps its place also where the wait was over long before, if that costs no append', async () => {
    let isSlow = false
    const reasons: number[] = []
    const stage: Stage = new Stage(async (ctx) => {
      const news = ctx.awakeable()
      const together = Promise.all([
        turns(isSlow ? 4 : 1),
        ctx.run('a', () => stage.world.delay(50)),
      ])
      await Promise.race([
        together.then(() => {
          const now = ctx.now()
          return ctx.run('x', () => {
            reasons.push(now)
            return stage.world.delay(1_000)
          })
        }),
        news.promise.then(() => new Promise(() => undefined)),
      ])
    })
    await abandonAfter(stage, 500)
    stage.complete(0)
    isSlow = true
    stage.startEpoch()
    await stage.attempt()
    expect(kindsOf(stage.journal.segments[2]?.entries ?? [])).toEqual([
      'awakeable 0',
      'run 1',
      'run-started 2',
    ])
    expect(reasons).toEqual([stage.journal.segments[2]?.at, stage.journal.segments[2]?.at])
  })

  it('is left to the next attempt where the deadline comes too close before it has started', async () => {
    let started = 0
    const stage: Stage = new Stage(async (ctx) => {
      void ctx.awakeable()
      await ctx.run('a', () => stage.world.delay(8_500))
      await ctx.run('b', () => {
        started += 1
      })
    })
    stage.journal.hooks.beforeAppend = ({ entries }) =>
      entries.some(({ kind }) => kind === 'run') ? stage.world.delay(700) : undefined
    await stage.attempt({ lifeMs: 10_000 })
    expect(started).toBe(0)
    expect(stage.journal.entries.at(-1)).toMatchObject({ kind: 'suspended' })
    expect((await stage.attempt()).status).toEqual(completed())
  })

  it('is told again only once, however often it is tried', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const later = async () => {
        await stage.world.delay(20)
        await ctx.run('flaky', ({ attempt }) => {
          if (attempt < 4) throw new Error('not yet')
        })
      }
      await Promise.all([ctx.run('slow', () => stage.world.delay(5_000)), later()])
    })
    const reply = await stage.attempt()
    const kinds = kindsOf([...stage.journal.entries, ...reply.entries])
    expect(kinds.filter((kind) => kind === 'run-started 1')).toHaveLength(1)
  })

  it('costs no append where nothing else may come in', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await stage.world.delay(20)
      const approval = ctx.awakeable()
      await ctx.run('mail', () => 1)
      await approval.promise
      await stage.world.delay(20)
      return ctx.run('note', () => 2)
    })
    await stage.drive()
    stage.complete(0)
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed(2))
    expect(stage.opened).toBe(0)
  })
})

describe('news that stood in the journal and is asked for late', () => {
  /** Two branches ask for one thing each, after waits that are not durable; the first to get it acts. */
  function racing(waits: () => readonly [number, number], winners: string[]) {
    const stage: Stage = new Stage(async (ctx) => {
      let isTaken = false
      const act = async (promise: Promise<unknown>, waitMs: number, name: string) => {
        await stage.world.delay(waitMs)
        await promise
        if (isTaken) return
        isTaken = true
        await ctx.run('act', () => {
          winners.push(name)
          return stage.world.delay(1_000)
        })
      }
      const [a, b] = [ctx.call(other).go(1), ctx.call(other).go(2)]
      await ctx.sleep('1h')
      const [first, second] = waits()
      await Promise.all([act(a, first, 'a'), act(b, second, 'b')])
    })
    return stage
  }

  it('is handed out in the same order again, once a step has started after it (INV-3)', async () => {
    const winners: string[] = []
    let waits: readonly [number, number] = [10, 40]
    const stage = racing(() => waits, winners)
    await stage.drive()
    for (const op of [0, 1, 2]) stage.complete(op)
    await abandonAfter(stage, 500)
    waits = [40, 10]
    stage.startEpoch()
    await stage.attempt()
    expect(winners).toEqual(['a', 'a'])
  })

  it('needs no gate where nothing else could have come first', async () => {
    const stage: Stage = new Stage(async (ctx: ServiceContext) => {
      await stage.world.delay(20)
      await ctx.call(other).go(1)
      return ctx.run('x', () => 1)
    })
    await stage.drive()
    stage.complete(0)
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed(1))
    expect(stage.opened).toBe(0)
  })
})
