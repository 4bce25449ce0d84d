import { describe, expect, it } from 'vitest'
import { completed, kindsOf, Stage } from './support/stage.ts'

describe('an attempt', () => {
  it('of a handler without ops answers its value and opens no journal', async () => {
    const stage = new Stage((_, input) => ({ got: input }), 'x')
    const reply = await stage.attempt()
    expect(reply).toMatchObject({ base: null, entries: [], status: completed({ got: 'x' }) })
    expect(stage.opened).toBe(0)
  })

  it('with one step gives its result back in the reply and opens no journal', async () => {
    const stage = new Stage((ctx) => ctx.run('charge', () => 42))
    const reply = await stage.attempt()
    expect(kindsOf(reply.entries)).toEqual(['run 0'])
    expect(reply.status).toEqual(completed(42))
    expect(stage.opened).toBe(0)
  })

  it('with ten steps in sequence appends nine times', async () => {
    const stage = new Stage(async (ctx) => {
      let sum = 0
      for (let i = 0; i < 10; i += 1) sum += await ctx.run(`step ${i}`, () => i)
      return sum
    })
    const reply = await stage.drive()
    expect(reply.status).toEqual(completed(45))
    expect(stage.journal.appends).toBe(9)
    expect(reply.base).toBe(10)
  })

  it('that awaits a sleep suspends, and goes on when it is over', async () => {
    const stage = new Stage(async (ctx) => {
      await ctx.sleep('1h')
      return 'awake'
    })
    const first = await stage.drive()
    expect(first.status).toEqual({ kind: 'suspended', waitingOn: { kind: 'op', op: 0 } })
    expect(first.entries).toEqual([{ kind: 'sleep', op: 0, wakeAt: stage.world.now + 3_600_000 }])
    stage.complete(0)
    const second = await stage.drive()
    expect(second.status).toEqual(completed('awake'))
    expect(kindsOf(second.entries)).toEqual(['seen 0'])
    expect(stage.opened).toBe(0)
  })
})
