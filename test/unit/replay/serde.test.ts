import { describe, expect, it } from 'vitest'
import { runtimeOf } from '../../../lambda-runtime/src/definition.ts'
import { handle, type Serde, serde, service } from '../../../lambda-runtime/src/index.ts'
import type { InvokeReply } from '../../../lambda-runtime/src/protocol/index.ts'
import { runAttempt } from '../../../lambda-runtime/src/replay/run-attempt.ts'
import type { Definition } from '../../../lambda-runtime/src/types/definition.ts'
import { encodeValue } from '../../../lambda-runtime/src/values.ts'
import { completed, json, type Program, Stage } from './support/stage.ts'

const points: Serde<{ x: number; y: number }> = {
  contentType: 'application/x-point',
  serialize: ({ x, y }) => new Uint8Array([x, y]),
  deserialize: ([x, y]) => {
    if (x === undefined || y === undefined) throw new Error('too short')
    return { x, y }
  },
}
const bytes = (...numbers: number[]) => new Uint8Array(numbers)

const map = service('map', {
  mirror: handle({ input: points, output: points }, (_, { x, y }) => ({ x: y, y: x })),
  name: handle({ input: serde.string, output: serde.string }, (_, name) => name.toUpperCase()),
  blob: handle({ input: serde.bytes, output: serde.json<number>() }, (_, blob) => blob.length),
  broken: handle({ output: points }, () => null as never),
  odd: handle(
    { output: { serialize: () => 'text' as never, deserialize: () => undefined } },
    () => undefined,
  ),
})

/** How the handler ends that is given `stored`. */
async function outcome(handler: string, stored: unknown): Promise<InvokeReply['status']> {
  const stage = new Stage(() => undefined, stored)
  stage.startEpoch()
  const request = stage.request()
  const served = { ...request, target: { service: 'map', handler } }
  const definitions = new Map([['map', runtimeOf(map as Definition)]])
  const { world, journal } = stage
  const reply = await world.run(
    runAttempt(served, definitions, { host: world.host(), journal: () => journal }),
  )
  return reply.status
}

describe('a handler with serdes', () => {
  it.each<[string, unknown, unknown]>([
    ['mirror', bytes(1, 2), bytes(2, 1)],
    ['name', 'ada', 'ADA'],
    ['name', new TextEncoder().encode('ada'), 'ADA'],
    ['blob', bytes(1, 2, 3), 3],
  ])('%s reads what is stored, and stores what it wrote', async (handler, stored, result) => {
    expect(await outcome(handler, stored)).toEqual(completed(result))
  })

  it.each<[string, unknown, string]>([
    ['mirror', { x: 1, y: 2 }, 'neither bytes nor text'],
    ['mirror', bytes(1), 'cannot be read as application/x-point'],
    ['name', bytes(255), 'cannot be read as text/plain'],
  ])('%s fails for good with %j, which it cannot read', async (handler, stored, message) => {
    expect(await outcome(handler, stored)).toMatchObject({
      kind: 'failed',
      failure: { code: 'value-unreadable', status: 400, message: expect.stringContaining(message) },
    })
  })

  it('fails for good when its serde makes something else than bytes', async () => {
    expect(await outcome('odd', 1)).toMatchObject({
      kind: 'failed',
      failure: { code: 'value-unstorable' },
    })
  })

  it('is tried again when its result cannot be written', async () => {
    expect((await outcome('broken', 1)).kind).toBe('retry')
  })
})

describe('a caller', () => {
  it('writes and reads as the definition says', async () => {
    const program: Program = async (ctx) => {
      ctx.send(map).name('later')
      return await ctx.call(map).mirror({ x: 3, y: 4 })
    }
    const stage = new Stage(program)
    await stage.drive()
    expect(stage.journal.entries).toContainEqual(
      expect.objectContaining({ kind: 'call', input: encodeValue(bytes(3, 4)) }),
    )
    stage.complete(1, bytes(4, 3))
    expect((await stage.drive()).status).toEqual(completed({ x: 4, y: 3 }))
  })

  it('knows the id of what it called', async () => {
    const program: Program = (ctx) => ctx.call(map).mirror({ x: 1, y: 1 }).invocationId
    expect((await new Stage(program).drive()).status).toMatchObject({
      kind: 'completed',
      value: { json: expect.stringMatching(/^map\./) },
    })
  })

  it('gets an error for an input that cannot be written, and calls nobody', async () => {
    const program: Program = (ctx) => ctx.call(map).name(7 as never)
    const stage = new Stage(program)
    expect((await stage.drive()).status).toMatchObject({
      kind: 'failed',
      failure: { code: 'value-unstorable' },
    })
    expect(stage.journal.entries.filter(({ kind }) => kind === 'call')).toEqual([])
  })
})

describe('a step with a serde', () => {
  const program: Program = async (ctx) => {
    const point = await ctx.run('locate', () => ({ x: 5, y: 6 }), { serde: points })
    await ctx.awakeable().promise
    return point
  }

  it('stores bytes, and gives the same value live and on replay', async () => {
    const stage = new Stage(program)
    await stage.drive()
    expect(stage.journal.entries).toContainEqual(
      expect.objectContaining({ kind: 'run', result: { kind: 'value', value: json(bytes(5, 6)) } }),
    )
    stage.complete(1)
    expect((await stage.drive()).status).toEqual(completed({ x: 5, y: 6 }))
  })
})
