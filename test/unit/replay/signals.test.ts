import { describe, expect, it } from 'vitest'
import { promiseName } from '../../../lambda-runtime/src/index.ts'
import type { Entry } from '../../../lambda-runtime/src/protocol/index.ts'
import { encodeValue } from '../../../lambda-runtime/src/values.ts'
import { expectSameFromEveryPrefix } from './support/prefixes.ts'
import { completed, kindsOf, type Program, Stage } from './support/stage.ts'

const signal = (name: string, value: unknown, id?: string): Entry => ({
  kind: 'signal',
  name,
  value: encodeValue(value),
  ...(id !== undefined && { id }),
})

/** A stage to which this signal comes at once: before its handler has begun. */
function stageWith(program: Program, ...early: readonly Entry[]): Stage {
  const stage = new Stage(program)
  for (const entry of early) stage.journal.news(stage.world.now, entry)
  return stage
}

describe('ctx.signal', () => {
  it('suspends, and gives the value of the signal that comes', async () => {
    const stage = new Stage((ctx) => ctx.signal('paid'))
    const reply = await stage.drive()
    expect(reply.status).toEqual({ kind: 'suspended', waitingOn: { kind: 'op', op: 0 } })
    expect(reply.entries).toEqual([{ kind: 'signal-wait', op: 0, name: 'paid' }])
    stage.journal.news(stage.world.now, signal('other', 1), signal('paid', new Date(5)))
    const next = await stage.drive()
    expect(next.status).toEqual(completed(new Date(5)))
    expect(kindsOf(next.entries)).toEqual(['seen 0'])
  })

  it('takes a promiseName, and a name that is none is refused', async () => {
    const paid = promiseName<number>('paid')
    const stage = stageWith(
      async (ctx) => {
        const codes = [1, '', undefined].map((name) => {
          try {
            return ctx.signal(name as string)
          } catch (error) {
            return (error as { code?: unknown }).code
          }
        })
        return [codes, await ctx.signal(paid)]
      },
      signal('paid', 3),
    )
    const bad = 'option-invalid'
    expect((await stage.drive()).status).toEqual(completed([[bad, bad, bad], 3]))
  })

  it('gets a signal that came before it', async () => {
    const stage = stageWith((ctx) => ctx.signal('paid'), signal('paid', 1))
    const reply = await stage.drive()
    expect(reply.status).toEqual(completed(1))
    expect(kindsOf(reply.entries)).toEqual(['signal-wait 0', 'seen 0'])
  })

  it('gets a signal that came before the invocation was created', async () => {
    const stage = new Stage((ctx) => ctx.signal('paid'))
    const [created] = stage.journal.segments
    stage.journal.segments.length = 0
    stage.journal.news(stage.world.now, signal('paid', 'early'))
    stage.journal.news(stage.world.now + 5, ...(created?.entries ?? []))
    expect((await stage.drive()).status).toEqual(completed('early'))
  })

  it('is one of several: the k-th wait gets the k-th signal, whichever comes first', async () => {
    const program: Program = async (ctx) => {
      const first = await ctx.signal('n')
      await ctx.sleep('1m')
      const [a, b] = [ctx.signal('n'), ctx.signal('n')]
      return [first, await b, await a]
    }
    const stage = stageWith(program, signal('n', 1), signal('n', 2))
    await stage.drive()
    stage.complete(1)
    await stage.drive()
    stage.journal.news(stage.world.now, signal('n', 3))
    expect((await stage.drive()).status).toEqual(completed([1, 3, 2]))
  })

  it('is counted once by its id, whatever its name', async () => {
    const program: Program = (ctx) => Promise.all([ctx.signal('n'), ctx.signal('n')])
    const stage = stageWith(program, signal('n', 1, 'a'), signal('n', 2, 'a'), signal('n', 3, 'b'))
    expect((await stage.drive()).status).toEqual(completed([1, 3]))
  })

  it('cannot be forged by a completion of its op', async () => {
    const stage = new Stage((ctx) => ctx.signal('paid'))
    stage.complete(0, 'forged')
    await stage.drive()
    stage.complete(0, 'forged again')
    expect((await stage.drive()).status.kind).toBe('suspended')
    stage.journal.news(stage.world.now, signal('paid', 'real'))
    expect((await stage.drive()).status).toEqual(completed('real'))
  })

  it('times out, and the signal that comes too late is the next one’s', async () => {
    const stage = new Stage(async (ctx) => {
      const paid = await ctx.signal('paid').orTimeout('1m', 'late')
      return [paid, await ctx.signal('paid')]
    })
    await stage.drive()
    stage.complete(1)
    await stage.drive()
    stage.journal.news(stage.world.now, signal('paid', 1))
    expect((await stage.drive()).status.kind).toBe('suspended')
    stage.journal.news(stage.world.now, signal('paid', 2))
    expect((await stage.drive()).status).toEqual(completed(['late', 2]))
  })

  it('reaches an attempt that lives, through its tail', async () => {
    const stage: Stage = new Stage((ctx) =>
      Promise.all([ctx.run('slow', () => stage.world.delay(3_000)), ctx.signal('paid')]),
    )
    const ended = stage.begin()
    await stage.world.pass(1_000)
    stage.journal.news(stage.world.now, signal('paid', 1))
    expect((await stage.world.run(ended)).status).toEqual(completed([undefined, 1]))
  })

  it('ends the same from every prefix of the journal', async () => {
    const program: Program = async (ctx) => {
      const first = await ctx.signal('n')
      const ran = await ctx.run('step', () => `ran after ${first}`)
      const rest = await ctx.all([ctx.signal('n'), ctx.signal('m').orTimeout('1h', 'none')])
      await ctx.run('last', () => 'x')
      return [first, ran, rest]
    }
    const news = [signal('n', 1), signal('m', 'm'), signal('n', 2)]
    const finish = async (stage: Stage): Promise<void> => {
      for (let i = 0; i < 10; i += 1) {
        const reply = await stage.drive()
        if (reply.status.kind !== 'suspended') return
        const count = stage.journal.entries.filter(({ kind }) => kind === 'signal').length
        const next = news[count]
        if (next === undefined) throw new Error('It has got all signals')
        stage.journal.news(stage.world.now, next)
      }
    }
    const make = () => new Stage(program)
    const stage = make()
    await finish(stage)
    expect(stage.journal.entries.at(-1)).toMatchObject({
      result: { value: { json: [1, 'ran after 1', [2, 'm']] } },
    })
    await expectSameFromEveryPrefix(make, stage.journal.segments, finish)
  })
})
