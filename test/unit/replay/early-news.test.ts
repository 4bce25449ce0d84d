import { describe, expect, it } from 'vitest'
import { service } from '../../../lambda-runtime/src/index.ts'
import type { ServiceContext } from '../../../lambda-runtime/src/types/context.ts'
import { completed, kindsOf, Stage } from './support/stage.ts'

const bank = service('bank', { check: (_, input: number) => `checked ${input}` })

/** Whoever holds the id of one awakeable can guess those of the ops to come. */
describe('a completion that precedes its op', () => {
  it('is nothing to a step', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.awakeable().promise
      return ctx.run('charge', () => 'charged')
    })
    await stage.drive()
    stage.complete(1, 'forged')
    stage.complete(0)
    const reply = await stage.drive()
    expect(reply.status).toEqual(completed('charged'))
  })

  it.each<[string, (ctx: ServiceContext) => Promise<unknown>, unknown]>([
    ['call', (ctx) => ctx.call(bank).check(1), 'ok'],
    ['sleep', (ctx) => ctx.sleep('1h').map(() => 'ok'), undefined],
  ])('is nothing to a %s, neither when that is issued nor ever after', async (_, ask, answer) => {
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.awakeable().promise
      const given = await ask(ctx)
      await ctx.awakeable().promise
      return given
    })
    await stage.drive()
    stage.complete(1, 'forged')
    stage.complete(0)
    const asked = await stage.drive()
    expect(asked.status).toEqual({ kind: 'suspended', waitingOn: { kind: 'op', op: 1 } })
    expect((await stage.drive()).status.kind).toBe('suspended')
    stage.complete(1, answer)
    await stage.drive()
    stage.complete(2)
    expect((await stage.attempt()).status).toEqual(completed('ok'))
  })

  it('is nothing to a call that the same attempt has issued and not appended yet', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const call = ctx.call(bank).check(1)
      await ctx.run('a', () => stage.world.delay(2_000))
      return call
    })
    let isForged = false
    stage.journal.hooks.beforeAppend = () => {
      if (!isForged) stage.complete(0, 'forged')
      isForged = true
    }
    const first = await stage.drive()
    expect(first.status).toEqual({ kind: 'suspended', waitingOn: { kind: 'op', op: 0 } })
    stage.complete(0, 'real')
    expect((await stage.attempt()).status).toEqual(completed('real'))
  })

  it('counts for a call that this attempt has appended before', async () => {
    const stage: Stage = new Stage((ctx) =>
      Promise.all([ctx.call(bank).check(1), ctx.run('a', () => stage.world.delay(2_000))]),
    )
    const ended = stage.begin()
    await stage.world.pass(100)
    expect(kindsOf(stage.journal.entries).slice(2)).toEqual(['call 0'])
    stage.complete(0, 'real')
    const reply = await stage.world.run(ended)
    expect(reply.status).toEqual(completed(['real', undefined]))
  })

  it('is kept for an awakeable', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.awakeable().promise
      return ctx.awakeable().promise
    })
    await stage.drive()
    stage.complete(1, 'early')
    stage.complete(0)
    expect((await stage.attempt()).status).toEqual(completed('early'))
  })
})
