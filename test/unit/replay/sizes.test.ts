import { describe, expect, it } from 'vitest'
import { ProtocolError, type Segment } from '../../../lambda-runtime/src/protocol/index.ts'
import { completed, kindsOf, Stage } from './support/stage.ts'

const kb = 1_000
const text = (bytes: number) => 'x'.repeat(bytes)
const bytesOf = (value: unknown) => JSON.stringify(value).length
const own = (stage: Stage): readonly Segment[] =>
  stage.journal.segments.filter(({ by }) => by === 'handler')

describe('what is too large for one segment', () => {
  it('is split: three results of 200 KB stand in three (Trace 14)', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await Promise.all(['a', 'b', 'c'].map((name) => ctx.run(name, () => text(200 * kb))))
      await ctx.run('then', () => 1)
    })
    const reply = await stage.attempt()
    expect(own(stage).map(({ entries }) => kindsOf(entries))).toEqual([
      ['run 0'],
      ['run 1'],
      ['run 2'],
    ])
    expect(reply).toMatchObject({ base: 4, status: completed() })
    expect(kindsOf(reply.entries)).toEqual(['run 3'])
  })

  it('leaves at most one segment to the reply', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await Promise.all(['a', 'b', 'c'].map((name) => ctx.run(name, () => text(200 * kb))))
      return 'small'
    })
    const reply = await stage.attempt()
    expect(own(stage).map(({ entries }) => kindsOf(entries))).toEqual([['run 0'], ['run 1']])
    expect(kindsOf(reply.entries)).toEqual(['run 2'])
    expect(reply).toMatchObject({ base: 3, status: completed('small') })
  })

  it('counts the output as well', async () => {
    const stage: Stage = new Stage((ctx) => ctx.run('a', () => text(200 * kb)))
    const reply = await stage.attempt()
    expect(own(stage).map(({ entries }) => kindsOf(entries))).toEqual([['run 0']])
    expect(reply.entries).toEqual([])
  })

  it('stands alone when it cannot be split', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.run('small', () => 1)
      await ctx.run('huge', () => text(700 * kb))
      await ctx.run('small', () => 2)
    })
    await stage.attempt()
    expect(own(stage).map(({ entries }) => kindsOf(entries))).toEqual([['run 0'], ['run 1']])
  })

  it('is appended whole when the reply would be too large', async () => {
    const stage: Stage = new Stage(() => text(6_000 * kb))
    const reply = await stage.attempt()
    expect(reply).toMatchObject({ status: { kind: 'appended' }, entries: [] })
    expect(bytesOf(reply)).toBeLessThan(1 * kb)
    expect(own(stage).map(({ entries }) => kindsOf(entries))).toEqual([['output']])
  })

  it('is a retry when it can neither be sent nor stored', async () => {
    const stage: Stage = new Stage(() => text(6_000 * kb))
    stage.journal.hooks.beforeAppend = () => Promise.reject(new Error('too large'))
    const reply = await stage.attempt()
    expect(reply.status).toMatchObject({ kind: 'retry', failure: { code: 'journal-unreachable' } })
    expect(bytesOf(reply)).toBeLessThan(10 * kb)
  })

  it('is a retry when the journal is out of reach and a reply would be more than a segment', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await Promise.all(['a', 'b', 'c'].map((name) => ctx.run(name, () => text(200 * kb))))
      return 'done'
    })
    stage.journal.hooks.beforeAppend = () => Promise.reject(new Error('out of reach'))
    const reply = await stage.attempt()
    expect(reply.status).toMatchObject({ kind: 'retry', failure: { code: 'journal-unreachable' } })
    expect(reply.entries).toEqual([])
  })

  it('waits for a person when no segment can hold it: another attempt could not either', async () => {
    let done = 0
    const stage: Stage = new Stage(async (ctx) => {
      await Promise.all([ctx.run('huge', () => text(700 * kb)), ctx.run('small', () => 1)])
      await ctx.run('then', () => (done += 1))
    })
    stage.journal.hooks.beforeAppend = (segment) => {
      if (bytesOf(segment) > 400 * kb) throw new ProtocolError('segment-too-large', 'too large')
    }
    expect((await stage.attempt()).status).toEqual({
      kind: 'paused',
      failure: expect.objectContaining({ code: 'segment-too-large', message: 'too large' }),
    })
    expect(done).toBe(0)
  })

  it('of many small entries makes segments below the limit', async () => {
    const stage: Stage = new Stage((ctx) => {
      for (let i = 0; i < 100; i += 1) void ctx.awakeable()
      for (let i = 0; i < 100; i += 1) ctx.resolveAwakeable(`${ctx.id}.1`, text(10 * kb))
      return 'sent'
    })
    const reply = await stage.attempt()
    for (const { entries } of own(stage)) expect(bytesOf(entries)).toBeLessThanOrEqual(301 * kb)
    expect(own(stage).length).toBe(3)
    expect(bytesOf(reply.entries)).toBeLessThan(300 * kb)
  })
})
