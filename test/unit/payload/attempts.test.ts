import { randomBytes } from 'node:crypto'
import { aesGcm, MemoryBlobs, type PayloadCodec } from '@fermata/lambda-runtime/payload'
import type { Segment } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import { TerminalError } from '../../../lambda-runtime/src/index.ts'
import { createAttemptPayloads } from '../../../lambda-runtime/src/payload/attempt-payloads.ts'
import { kindsOf, type Program, Stage } from '../replay/support/stage.ts'

const key = () => randomBytes(32).toString('base64')
const [k1, k2] = [key(), key()]
const codec = aesGcm({ current: 'k1', keys: { k1 } })
const kb = 1_000
const text = (length: number) => 'secret '.repeat(Math.ceil(length / 7)).slice(0, length)

function setUp(program: Program, given: PayloadCodec | undefined = codec) {
  const blobs = new MemoryBlobs()
  const stage = new Stage(program, 'secret input')
  const withCodec = (used: PayloadCodec | undefined) => ({
    payloads: createAttemptPayloads({ codec: () => used, environment: () => ({}), blobs }),
  })
  return { blobs, stage, options: withCodec(given), withCodec }
}

const own = ({ journal }: Stage): readonly Segment[] =>
  journal.segments.filter(({ by }) => by === 'handler')

describe('an attempt with a codec', () => {
  it('leaves nothing readable in its journal, and replays it', async () => {
    const { stage, options, blobs } = setUp(async (ctx, input) => {
      const first = await ctx.run('first', () => ({ is: 'secret one', at: new Date(7) }))
      await ctx.sleep(10)
      const second = await ctx.run('second', () => text(400 * kb))
      await ctx.sleep(10)
      return { input, first, length: second.length, all: 'secret' }
    })
    await stage.drive(options)
    stage.complete(1)
    await stage.drive(options)
    stage.complete(3)
    const { status } = await stage.drive(options)
    expect(status).toMatchObject({ kind: 'completed', value: { sealed: expect.any(String) } })
    const stored = JSON.stringify(stage.journal.segments.flatMap(({ entries }) => entries.slice(1)))
    expect(stored).not.toContain('secret')
    expect([...blobs.blobs.keys()]).toEqual([expect.stringMatching(/^journal\/svc\//)])
    for (const { bytes } of blobs.blobs.values()) {
      expect(Buffer.from(bytes).includes('secret')).toBe(false)
    }
  })

  it('hands out failures with their message, stack and cause', async () => {
    const seen: unknown[] = []
    const { stage, options } = setUp(async (ctx) => {
      try {
        await ctx.run('fails', () => {
          throw new TerminalError('secret card', { cause: new Error('secret cause') })
        })
      } catch (error) {
        seen.push(error instanceof Error && [error.message, String(error.cause)])
      }
      await ctx.sleep(10)
      throw new TerminalError('secret end')
    })
    await stage.drive(options)
    expect(JSON.stringify(stage.journal.segments.slice(1))).not.toContain('secret')
    stage.complete(1)
    const { status } = await stage.drive(options)
    expect(seen).toEqual([
      ['secret card', 'Error: secret cause'],
      ['secret card', 'Error: secret cause'],
    ])
    expect(status).toMatchObject({
      kind: 'failed',
      failure: { code: 'terminal', message: 'sealed' },
    })
    expect(JSON.stringify(status)).not.toContain('secret')
  })

  it('pauses when it meets a key that it does not have, and says which', async () => {
    const { stage, options, withCodec } = setUp(async (ctx) => {
      const value = await ctx.run('first', () => 'secret')
      await ctx.sleep(10)
      return value
    })
    await stage.drive(options)
    stage.complete(1)
    const other = withCodec(aesGcm({ current: 'k2', keys: { k2 } }))
    const paused = await stage.drive(other)
    expect(paused.status).toMatchObject({
      kind: 'paused',
      failure: { code: 'payload-key-unknown', message: expect.stringContaining('"k1"') },
    })
    const both = withCodec(aesGcm({ current: 'k2', keys: { k1, k2 } }))
    expect((await stage.drive(both)).status.kind).toBe('completed')
  })

  it('appends an entry again as it was, when the answer to an append was lost', async () => {
    const { stage, options } = setUp(async (ctx) => {
      await ctx.run('first', () => 1)
      await ctx.run('second', () => 2)
    })
    const tried: string[] = []
    stage.journal.hooks.afterAppend = async ({ entries }) => {
      tried.push(JSON.stringify(entries))
      if (tried.length === 1) throw new Error('the answer was lost')
    }
    expect((await stage.drive(options)).status.kind).toBe('completed')
    expect(tried.length).toBe(2)
    expect(tried[0]).toBe(tried[1])
  })

  it('tries again when its codec fails', async () => {
    let works = false
    const flaky: PayloadCodec = {
      seal: (bytes) => bytes,
      open: (bytes) => bytes,
    }
    flaky.seal = (bytes) => {
      if (works) return bytes
      throw new Error('the key service is away')
    }
    const { stage, options } = setUp((ctx) => ctx.run('first', () => 1), flaky)
    const failed = await stage.drive(options)
    expect(failed).toMatchObject({
      status: { kind: 'retry', failure: { code: 'payload-codec-failed' } },
      entries: [],
    })
    works = true
    expect((await stage.drive(options)).status.kind).toBe('completed')
  })
})

describe('an attempt with a place for large values', () => {
  it('names them before segments are cut: many fit one', async () => {
    const { stage, options, blobs } = setUp(async (ctx) => {
      const names = ['a', 'b', 'c', 'd']
      const all = await Promise.all(names.map((name) => ctx.run(name, () => name + text(700 * kb))))
      await ctx.run('then', () => 1)
      return all.join('')
    }, undefined)
    const reply = await stage.drive(options)
    expect(own(stage).map(({ entries }) => kindsOf(entries))).toEqual([
      ['run 0', 'run 1', 'run 2', 'run 3'],
      ['run 4', 'output'],
    ])
    expect(reply.status).toMatchObject({ kind: 'completed', value: { ref: expect.any(String) } })
    expect(blobs.blobs.size).toBe(5)
  })

  it('stores a blob before anything names it', async () => {
    const { stage, options, blobs } = setUp(async (ctx) => {
      await ctx.run('large', () => text(700 * kb))
      await ctx.run('then', () => 1)
    }, undefined)
    const there: number[] = []
    stage.journal.hooks.beforeAppend = async () => {
      there.push(blobs.blobs.size)
    }
    await stage.drive(options)
    expect(there).toEqual([1])
  })

  it('fails for good when one is gone', async () => {
    const { stage, options, blobs } = setUp(async (ctx) => {
      await ctx.run('large', () => text(700 * kb))
      await ctx.sleep(10)
    }, undefined)
    await stage.drive(options)
    stage.complete(1)
    blobs.blobs.clear()
    const { status } = await stage.drive(options)
    expect(status).toMatchObject({ kind: 'failed', failure: { code: 'payload-missing' } })
  })

  it('tries again when the store is away, and has lost nothing', async () => {
    const { stage, options, blobs } = setUp(
      (ctx) => ctx.run('large', () => text(700 * kb)),
      undefined,
    )
    const put = blobs.put.bind(blobs)
    blobs.put = () => Promise.reject(new Error('away'))
    const failed = await stage.drive(options)
    expect(failed.status).toMatchObject({ kind: 'retry', failure: { code: 'blobs-unreachable' } })
    blobs.put = put
    expect((await stage.drive(options)).status.kind).toBe('completed')
  })

  it('does not fetch what no handler looks at again', async () => {
    const { stage, options, blobs } = setUp(async (ctx) => {
      ctx.resolveAwakeable(`${ctx.id}.0`, text(700 * kb))
      await ctx.sleep(10)
    }, undefined)
    await stage.drive(options)
    expect(blobs.blobs.size).toBe(1)
    stage.complete(1)
    blobs.blobs.clear()
    expect((await stage.drive(options)).status.kind).toBe('completed')
  })
})

describe('keys in the environment', () => {
  it('seal and open as a codec does', async () => {
    const environment = { FERMATA_PAYLOAD_KEYS: JSON.stringify({ current: 'k1', keys: { k1 } }) }
    const stage = new Stage((ctx) => ctx.run('first', () => 'secret'))
    const reply = await stage.drive({
      payloads: createAttemptPayloads({ codec: () => undefined, environment: () => environment }),
    })
    expect(JSON.stringify(reply)).not.toContain('secret')
    expect(reply.status).toMatchObject({ value: { sealed: expect.any(String) } })
  })

  it('that are none are said to be none, and are not repeated', async () => {
    const environment = { FERMATA_PAYLOAD_KEYS: `{"current":"k1","keys":{"k1":"${k1}` }
    const stage = new Stage(() => 'secret')
    const reply = await stage.attempt({
      payloads: createAttemptPayloads({ codec: () => undefined, environment: () => environment }),
    })
    expect(reply.status).toMatchObject({ kind: 'retry', failure: { code: 'option-invalid' } })
    expect(JSON.stringify(reply)).not.toContain(k1)
  })
})
