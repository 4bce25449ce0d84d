import { describe, expect, it } from 'vitest'
import { TimeoutError } from '../../../lambda-runtime/src/index.ts'
import { completed, kindsOf, type Program, Stage } from './support/stage.ts'

const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => error instanceof TimeoutError && error.code)

describe('an awakeable with a heartbeat', () => {
  it('says in the journal how often its holder is to be heard of', async () => {
    const stage = new Stage((ctx) => ctx.awakeable({ heartbeat: '30s' }).promise)
    const reply = await stage.drive()
    expect(reply.entries).toEqual([
      { kind: 'awakeable', op: 0, heartbeatMs: 30_000, at: stage.world.now },
    ])
    stage.complete(0, 'done')
    expect((await stage.drive()).status).toEqual(completed('done'))
  })

  it('rejects with a TimeoutError when the holder was silent', async () => {
    const stage = new Stage((ctx) => outcome(ctx.awakeable({ heartbeat: '30s' }).promise))
    await stage.drive()
    stage.fail(0, { code: 'heartbeat-timeout', message: 'silent', name: 'TimeoutError' })
    expect((await stage.drive()).status).toEqual(completed('heartbeat-timeout'))
  })

  const busy =
    (stage: () => Stage): Program =>
    async (ctx) => {
      const slow = ctx.run('slow', () => stage().world.delay(4_500))
      const held = await outcome(ctx.awakeable({ heartbeat: '3s' }).promise)
      const at = stage().world.now
      await slow
      return [held, at]
    }

  it('is given up by an attempt that lives, once that has looked for a sign of life', async () => {
    const stage: Stage = new Stage(busy(() => stage))
    const start = stage.world.now
    const reads: number[] = []
    stage.journal.hooks.beforeTail = () => {
      reads.push(stage.world.now - start)
    }
    expect((await stage.drive()).status).toEqual(completed(['heartbeat-timeout', start + 3_000]))
    expect(reads).toContain(3_000)
    const kinds = kindsOf(stage.journal.entries)
    expect(kinds.filter((kind) => kind.endsWith(' 1'))).toEqual([
      'awakeable 1',
      'completion 1',
      'seen 1',
    ])
  })

  it('lives as long as its holder does', async () => {
    const stage: Stage = new Stage(busy(() => stage))
    const start = stage.world.now
    const ended = stage.begin()
    await stage.world.pass(1_200)
    stage.journal.news(stage.world.now, { kind: 'heartbeat', op: 1 })
    expect((await stage.world.run(ended)).status).toEqual(
      completed(['heartbeat-timeout', start + 4_200]),
    )
  })

  it('is what the journal says first, if somebody completes it just then', async () => {
    const stage: Stage = new Stage(busy(() => stage))
    stage.journal.hooks.beforeAppend = ({ entries }) => {
      if (entries.some(({ kind }) => kind === 'completion')) {
        delete stage.journal.hooks.beforeAppend
        stage.complete(1, 'just in time')
      }
    }
    const reply = await stage.drive()
    expect(reply.status).toMatchObject({ value: { json: ['just in time', expect.anything()] } })
    const again: Stage = new Stage(busy(() => again)).with(stage.journal.segments.slice(0, -1))
    again.startEpoch()
    expect((await again.attempt()).status).toMatchObject({
      value: { json: ['just in time', expect.anything()] },
    })
  })

  it('is not given up while the journal cannot be read', async () => {
    const stage: Stage = new Stage(busy(() => stage))
    stage.journal.hooks.beforeTail = () => Promise.reject(new Error('no table'))
    const ended = stage.begin()
    await stage.world.pass(4_000)
    expect(kindsOf(stage.journal.entries)).not.toContain('completion 1')
    delete stage.journal.hooks.beforeTail
    expect((await stage.world.run(ended)).status).toMatchObject({
      value: { json: ['heartbeat-timeout', expect.anything()] },
    })
  })
})

describe('a handler that waits for something not durable', () => {
  const idle: Program = async (ctx) => {
    await ctx.run('step', () => 'done')
    await new Promise(() => undefined)
  }
  const within = (inactivityMs: number, program: Program) =>
    new Stage(program, undefined, {}, { kind: 'service', inactivityMs })

  it('is given up when it has done nothing for too long', async () => {
    const stage = within(3_000, idle)
    const start = stage.world.now
    const reply = await stage.drive()
    expect(reply.status).toMatchObject({
      kind: 'retry',
      failure: { code: 'handler-inactive', message: expect.stringContaining('3000 ms') },
    })
    expect(kindsOf(reply.entries)).toEqual(['run 0'])
    expect(stage.world.now - start).toBe(3_000)
  })

  it('is not given up while a step executes, however long that takes', async () => {
    const stage: Stage = within(3_000, (ctx) => ctx.run('slow', () => stage.world.delay(20_000)))
    await stage.drive()
    expect(stage.journal.entries.at(-1)).toMatchObject({ kind: 'output' })
  })

  it('is not given up while it does something now and then', async () => {
    const stage: Stage = within(3_000, async (ctx) => {
      for (let i = 0; i < 4; i += 1) {
        await stage.world.delay(1_000)
        await ctx.run('step', () => i)
      }
      return 'done'
    })
    expect((await stage.drive()).status).toEqual(completed('done'))
  })

  it('waits for as long as it likes where no limit is set', async () => {
    const stage: Stage = new Stage(async () => {
      await stage.world.delay(60_000)
      return 'done'
    })
    await stage.drive()
    expect(stage.journal.entries.at(-1)).toMatchObject({ kind: 'output' })
  })
})
