import { describe, expect, it } from 'vitest'
import { service } from '../../../lambda-runtime/src/index.ts'
import type { ServiceContext } from '../../../lambda-runtime/src/types/context.ts'
import { completed, kindsOf, listeningLog, type Program, Stage } from './support/stage.ts'

const shop = service('shop', {
  reserve: (_, sku: string) => sku,
  release: (_, sku: string) => sku,
})

/** Runs `before` until it suspends, then goes on with `after` in its place. */
async function redeployed(before: Program, after: Program) {
  let program = before
  const stage: Stage = new Stage((ctx, input) => program(ctx, input))
  await stage.drive()
  program = after
  return { stage, reply: await stage.attempt() }
}

type Keyed = (target: unknown, key: string) => { reserve(sku: string): Promise<string> }

describe('code that differs from its journal', () => {
  const wait = (ctx: ServiceContext) => ctx.awakeable().promise
  const call = (ctx: ServiceContext) => ctx.call(shop).reserve('x')
  const step = (name: string) => async (ctx: ServiceContext) => {
    await ctx.run(name, () => 1)
    await wait(ctx)
  }

  it.each<[string, Program, Program, RegExp]>([
    ['another kind', call, (ctx) => ctx.run('charge', () => 1), /call shop\/reserve.*run "charge"/],
    ['another target', call, (ctx) => ctx.call(shop).release('x'), /reserve.*shop\/release/],
    [
      'another key',
      call,
      (ctx) => (ctx.call as unknown as Keyed)(shop, 'k1').reserve('x'),
      /shop\/reserve, .*shop\["k1"\]\/reserve/,
    ],
    ['another step', step('charge'), step('pay'), /op 0: .*run "charge".*run "pay"/],
    ['a step less', step('charge'), wait, /op 0: .*run "charge".*awakeable/],
    [
      'an op more before an unfinished step',
      async (ctx) => {
        void ctx.run('x', () => Promise.reject(new Error('down')), {
          retry: { initialDelay: '1h' },
        })
        await wait(ctx)
      },
      async (ctx) => {
        await wait(ctx)
      },
      /op 0: .*run "x".*awakeable/,
    ],
    ['an early end', step('charge'), () => 'bye', /op 0: .*run "charge".*ends before/],
    [
      'an early end for good',
      step('charge'),
      async (ctx) => ctx.run('charge', () => 1),
      /op 1: .*awakeable.*ends before/,
    ],
  ])('is paused, and told with both sides: %s', async (_, before, after, message) => {
    const { reply } = await redeployed(before, after)
    expect(reply.status).toMatchObject({
      kind: 'paused',
      failure: { code: 'non-determinism', message: expect.stringMatching(message) },
    })
    expect(reply.entries).toEqual([])
  })

  it('may call with another input, and sleep for another time', async () => {
    const { stage, reply } = await redeployed(
      (ctx) => Promise.all([ctx.call(shop).reserve('x'), ctx.sleep('1h')]),
      (ctx) => Promise.all([ctx.call(shop).reserve('y'), ctx.sleep('2h')]),
    )
    expect(reply).toMatchObject({ status: { kind: 'suspended' }, entries: [] })
    expect(stage.journal.entries).toContainEqual(expect.objectContaining({ kind: 'call' }))
  })

  it('is paused when it does not come to the next op in a long time', async () => {
    const { stage, reply } = await redeployed(
      async (ctx) => {
        await ctx.run('a', () => 1)
        await ctx.sleep('1h')
      },
      async (ctx) => {
        await ctx.run('a', () => 1)
        await new Promise(() => undefined)
      },
    )
    expect(reply.status.kind).toBe('appended')
    expect(stage.journal.entries.at(-1)).toMatchObject({
      kind: 'paused',
      reason: { message: expect.stringMatching(/op 1: .*sleep.*not come to it within 20000 ms/) },
    })
  })

  it('is tried again where a replay runs out of time, which may be slowness', async () => {
    let program: Program = (ctx) => ctx.sleep('1h')
    const stage: Stage = new Stage((ctx, input) => program(ctx, input))
    await stage.drive()
    program = () => new Promise(() => undefined)
    const reply = await stage.attempt({ lifeMs: 10_000 })
    expect(reply.status).toMatchObject({ kind: 'retry', failure: { code: 'non-determinism' } })
  })

  it('is not judged by an error that may pass: that is a retry', async () => {
    const { reply } = await redeployed(
      (ctx) => ctx.sleep('1h'),
      () => Promise.reject(new Error('no connection')),
    )
    expect(reply.status).toMatchObject({ kind: 'retry', failure: { code: 'handler-failed' } })
  })

  it('starts nothing any more, whatever it does after the difference', async () => {
    let ran = false
    const { stage, reply } = await redeployed(
      (ctx) => ctx.sleep('1h'),
      (ctx) => {
        void ctx.run('x', () => {
          ran = true
        })
        ctx.send(shop).reserve('x')
        return 'bye'
      },
    )
    expect(reply.status.kind).toBe('paused')
    await stage.world.settle()
    expect(ran).toBe(false)
  })
})

describe('hand-outs', () => {
  it('come back in the order in which they were made live (INV-4)', async () => {
    const program: Program = async (ctx) => {
      const order: string[] = []
      const note = (name: string) => () => order.push(name)
      const [a, b] = [ctx.awakeable(), ctx.awakeable()]
      const both = Promise.all([a.promise.then(note('a')), b.promise.then(note('b'))])
      await ctx.run('x', () => 1).then(note('x'))
      await both
      order.push(String(ctx.now()))
      await ctx.sleep('1h')
      return order
    }
    const stage: Stage = new Stage(program)
    stage.startEpoch()
    stage.complete(1)
    stage.complete(0)
    await stage.drive()
    const orders: unknown[] = []
    stage.complete(3)
    for (let i = 0; i < 2; i += 1) {
      const reply = await stage.attempt()
      orders.push(reply.status)
      stage.startEpoch()
    }
    expect(kindsOf(stage.journal.entries).filter((kind) => /run |seen/.test(kind))).toEqual([
      'seen 1',
      'seen 0',
      'run 2',
    ])
    expect(orders[0]).toEqual(completed(['b', 'a', 'x', String(stage.world.now)]))
    expect(orders[1]).toEqual(orders[0])
  })

  it('wait for the ops that were issued before them live, over waits that are not durable (Trace 11)', async () => {
    let importMs = 30
    const program: Program = async (ctx) => {
      const log: string[] = []
      const branchA = async () => {
        await ctx.run('a', () => 1)
        await stage.world.delay(importMs)
        log.push(`a${await ctx.run('op 3', () => 3)}`)
      }
      const branchB = async () => {
        await ctx.run('b', () => stage.world.delay(1_000))
        log.push(`b${await ctx.run('op 4', () => 4)}`)
      }
      await Promise.all([branchA(), branchB(), ctx.awakeable().promise])
      return log
    }
    const stage: Stage = new Stage(program)
    const live = await stage.drive()
    expect(live.status).toEqual({ kind: 'suspended', waitingOn: { kind: 'op', op: 2 } })
    stage.complete(2)
    importMs = 2_000
    const replayed = await stage.attempt()
    expect(replayed.status).toEqual(completed(['a3', 'b4']))
  })

  it('tell the handler the same time again (Trace 11)', async () => {
    const times: number[][] = []
    const stage: Stage = new Stage(async (ctx) => {
      const now = [ctx.now()]
      times.push(now)
      await ctx.run('a', () => stage.world.delay(500))
      now.push(ctx.now())
      await ctx.run('b', () => stage.world.delay(300))
      now.push(ctx.now())
      await ctx.awakeable().promise
      now.push(ctx.now())
    })
    const start = stage.world.now
    await stage.world.pass(50)
    await stage.drive()
    await stage.world.pass(10_000)
    stage.complete(2)
    await stage.world.pass(1_000)
    await stage.drive()
    expect(times[0]).toEqual([start, start + 550, start + 850])
    expect(times[1]).toEqual([start, start + 550, start + 850, start + 11_850])
  })

  it('never turn the clock back, though the clock of this machine is behind', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.run('a', () => 1)
      const before = ctx.now()
      await ctx.run('b', () => 1)
      return ctx.now() - before
    })
    stage.startEpoch()
    stage.journal.handler(stage.world.now, 'w0', {
      kind: 'run',
      op: 0,
      name: 'a',
      result: { kind: 'value', value: { json: 1 } },
      at: stage.world.now + 5_000,
      after: 1,
    })
    stage.startEpoch()
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed(0))
  })

  it('of a result that the journal lacks pause the invocation', async () => {
    const stage: Stage = new Stage((ctx) => ctx.sleep('1h'))
    stage.startEpoch()
    stage.journal.handler(
      stage.world.now,
      'w0',
      { kind: 'sleep', op: 0, wakeAt: 1 },
      { kind: 'seen', op: 0, upTo: 1, at: 1, after: 1 },
    )
    stage.startEpoch()
    const reply = await stage.attempt()
    expect(reply.status).toMatchObject({ kind: 'paused', failure: { code: 'journal-corrupt' } })
  })
})

describe('the first of two completions', () => {
  it('counts, whoever wrote them', async () => {
    const stage: Stage = new Stage((ctx) => ctx.awakeable().promise)
    await stage.drive()
    stage.complete(0, 'first')
    stage.complete(0, 'second')
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed('first'))
  })
})

describe('the log', () => {
  it('is silent for what was said before, and speaks from the first new result on', async () => {
    const logger = listeningLog()
    const stage: Stage = new Stage(async (ctx) => {
      ctx.log.info('start')
      await ctx.run('a', () => ctx.log.info('inside'))
      ctx.log.info({ n: 1 }, 'after a')
      await ctx.sleep('1h')
      ctx.log.info('awake')
      await ctx.sleep('1h')
    })
    await stage.drive({ logger })
    stage.complete(1)
    await stage.drive({ logger })
    expect(logger.lines).toEqual(['start', 'inside', 'after a {"n":1}', 'awake'])
  })
})

describe('chance', () => {
  it('is the same in every attempt, and between 0 and 1', async () => {
    const drawn: unknown[] = []
    const stage: Stage = new Stage(async (ctx) => {
      const draws = [ctx.random(), ctx.random(), ctx.uuid(), ctx.random()]
      drawn.push(draws)
      await ctx.sleep('1h')
      return draws
    })
    await stage.drive()
    stage.complete(0)
    await stage.drive()
    expect(drawn[1]).toEqual(drawn[0])
    const [first, second, uuid] = drawn[0] as [number, number, string]
    expect(first).toBeGreaterThanOrEqual(0)
    expect(first).toBeLessThan(1)
    expect(second).not.toBe(first)
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })
})
