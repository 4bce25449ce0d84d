import { describe, expect, it } from 'vitest'
import { encodeValue } from '../../../lambda-runtime/src/values.ts'
import { fillingNames } from '../../support/state-names.ts'
import { expectSameFromEveryPrefix } from './support/prefixes.ts'
import {
  cell,
  completed,
  type KeyedProgram,
  key,
  keyedStage,
  kindsOf,
  type Stage,
} from './support/stage.ts'

const exclusive = { kind: 'object' } as const

/** Drives it to its end; whatever it sleeps for comes. */
async function finish(stage: Stage): Promise<unknown> {
  for (let i = 0; i < 10; i += 1) {
    const reply = await stage.drive()
    if (reply.status.kind !== 'suspended') return reply.status
    const asleep = stage.journal.entries.findLast((entry) => entry.kind === 'sleep')
    if (asleep === undefined) throw new Error('It waits for nothing')
    stage.world.skipTo(asleep.wakeAt)
    stage.complete(asleep.op)
  }
  throw new Error('It never ends')
}

describe('the state of an exclusive handler', () => {
  it('is read without an entry, its own changes on top', async () => {
    const stage = keyedStage(
      exclusive,
      async (ctx) => {
        const before = [await ctx.get('n'), await ctx.get('none'), await ctx.get('none', 7)]
        ctx.set('n', 2)
        ctx.set('tags', new Set(['a']))
        ctx.clear('gone')
        return [before, await ctx.get('n'), await ctx.get('tags'), await ctx.keys(), ctx.key]
      },
      cell('n', 1),
      cell('gone', true),
    )
    const reply = await stage.drive()
    expect(reply.status).toEqual(
      completed([[1, undefined, 7], 2, new Set(['a']), ['n', 'tags'], key]),
    )
    expect(kindsOf(reply.entries)).toEqual(['state-set 0', 'state-set 1', 'state-clear 2'])
    expect(stage.opened).toBe(0)
  })

  it('is given as it is stored: changing what was set or got changes nothing', async () => {
    const stage = keyedStage(exclusive, async (ctx) => {
      const list = [1]
      ctx.set('list', list)
      list.push(2)
      const got = (await ctx.get('list')) as number[]
      got.push(3)
      return ctx.get('list')
    })
    expect((await stage.drive()).status).toEqual(completed([1]))
  })

  it('has nothing after clearAll but what is set then', async () => {
    const stage = keyedStage(
      exclusive,
      async (ctx) => {
        ctx.clearAll()
        ctx.set('b', 2)
        return [await ctx.get('a'), await ctx.get('b'), await ctx.keys()]
      },
      cell('a', 1),
    )
    const reply = await stage.drive()
    expect(reply.status).toEqual(completed([undefined, 2, ['b']]))
    expect(kindsOf(reply.entries)).toEqual(['state-clear-all 0', 'state-set 1'])
  })

  it('refuses what cannot be stored, and names that are none', async () => {
    const stage = keyedStage(exclusive, async (ctx) => {
      const codes: unknown[] = []
      for (const [name, value] of [
        ['f', () => 1],
        ['', 1],
        ['x'.repeat(257), 1],
        ['\ud800', 1],
      ]) {
        try {
          ctx.set(name as string, value)
        } catch (error) {
          codes.push((error as { code?: unknown }).code)
        }
      }
      return codes
    })
    const reply = await stage.drive()
    const bad = 'option-invalid'
    const long = 'state-names-too-large'
    expect(reply.status).toEqual(completed(['value-unstorable', bad, long, bad]))
    expect(reply.entries).toEqual([])
  })

  it('takes names as long as there is room for them, and then fails for good, on replay the same', async () => {
    const [last = '', ...names] = fillingNames().toReversed()
    const program: KeyedProgram = async (ctx) => {
      ctx.set(last, 'it just fits')
      ctx.clear(names[0] ?? '')
      ctx.set(names[0] ?? '', 'again')
      await ctx.sleep('1m')
      ctx.set(names[1] ?? '', 'not another one')
      ctx.set('one more', 1)
    }
    const make = () => keyedStage(exclusive, program, ...names.map((name) => cell(name, 1)))
    const stage = make()
    const failed = { kind: 'failed', failure: { code: 'state-names-too-large', status: 413 } }
    expect(await finish(stage)).toMatchObject(failed)
    expect(kindsOf(stage.journal.entries).filter((kind) => kind.startsWith('state'))).toEqual([
      'state-set 0',
      'state-clear 1',
      'state-set 2',
      'state-set 4',
    ])
    await expectSameFromEveryPrefix(make, stage.journal.segments, finish)
  })

  it('is the same in each attempt, and the journalled changes are applied again (INV-7)', async () => {
    const program: KeyedProgram = async (ctx) => {
      ctx.set('n', ((await ctx.get('n', 0)) as number) + 1)
      await ctx.run('step', () => 'done')
      ctx.set('n', ((await ctx.get('n', 0)) as number) + 1)
      await ctx.sleep('1m')
      ctx.set('n', ((await ctx.get('n', 0)) as number) + 1)
      await ctx.run('last', () => 'done')
      return [await ctx.get('n'), await ctx.keys()]
    }
    const make = () => keyedStage(exclusive, program, cell('n', 10))
    const stage = make()
    expect(await finish(stage)).toEqual(completed([13, ['n']]))
    const sets = stage.journal.entries.filter((entry) => entry.kind === 'state-set')
    expect(sets.map(({ op, value }) => [op, value])).toEqual([
      [0, encodeValue(11)],
      [2, encodeValue(12)],
      [4, encodeValue(13)],
    ])
    await expectSameFromEveryPrefix(make, stage.journal.segments, finish)
  })

  it('shows what the journal says was set, whatever the code sets now', async () => {
    let factor = 1
    const stage = keyedStage(exclusive, async (ctx) => {
      ctx.set('n', factor)
      await ctx.sleep('1m')
      return ctx.get('n')
    })
    await stage.drive()
    factor = 2
    stage.complete(1)
    expect((await stage.drive()).status).toEqual(completed(1))
  })

  it('names the op where code and journal differ', async () => {
    let name = 'a'
    const stage = keyedStage(exclusive, async (ctx) => {
      ctx.set(name, 1)
      await ctx.sleep('1m')
    })
    await stage.drive()
    name = 'b'
    stage.complete(1)
    expect((await stage.drive()).status).toMatchObject({
      kind: 'paused',
      failure: {
        code: 'non-determinism',
        message: expect.stringContaining('state-set "a", the code now does state-set "b"'),
      },
    })
  })

  it('does not move under a twin or a zombie: what they change never counts', async () => {
    const stage = keyedStage(
      exclusive,
      async (ctx) => {
        ctx.set('n', ((await ctx.get('n', 0)) as number) + 1)
        await ctx.run('slow', () => stage.world.delay(2_000))
        await ctx.run('next', () => 'x')
        return ctx.get('n')
      },
      cell('n', 1),
    )
    const zombie = stage.begin()
    await stage.world.pass(500)
    stage.startEpoch()
    const reply = await stage.world.run(stage.invoke(stage.request()))
    stage.store(reply)
    expect(reply.status).toEqual(completed(2))
    expect((await stage.world.run(zombie)).status).toEqual({ kind: 'fenced' })
    const sets = stage.journal.entries.filter((entry) => entry.kind === 'state-set')
    expect(sets).toHaveLength(1)
  })
})

describe('a value that was not sent along', () => {
  const lazy = { name: 'big', slot: 3, bytes: 70_000 }
  const program: KeyedProgram = async (ctx) => {
    const [big, small] = await Promise.all([ctx.get('big'), ctx.get('small')])
    await ctx.run('step', () => 'done')
    await ctx.sleep('1m')
    const again = await ctx.get('big')
    ctx.set('big', 'new')
    return [big, small, again, await ctx.get('big'), await ctx.keys()]
  }
  const make = () => {
    const stage = keyedStage(exclusive, program, lazy, cell('small', 's'))
    stage.journal.stateValues.set('big 3', encodeValue(new Map([['a', 1]])))
    return stage
  }
  const big = new Map([['a', 1]])

  it('is fetched when it is read, and its place is journalled in its stead', async () => {
    const stage = make()
    expect(await finish(stage)).toEqual(completed([big, 's', big, 'new', ['big', 'small']]))
    const gets = stage.journal.entries.filter((entry) => entry.kind === 'state-get')
    expect(gets).toMatchObject([
      { op: 0, name: 'big', lazy: { slot: 3 } },
      { op: 3, name: 'big', lazy: { slot: 3 } },
    ])
    expect(gets.every((entry) => entry.value === undefined)).toBe(true)
  })

  it('is fetched once per attempt, and again on replay', async () => {
    const stage = make()
    await stage.drive()
    const reads = stage.journal.reads
    const twice = keyedStage(
      exclusive,
      (ctx) => Promise.all([ctx.get('big'), ctx.get('big')]),
      lazy,
    )
    twice.journal.stateValues.set('big 3', encodeValue('b'))
    expect((await twice.drive()).status).toEqual(completed(['b', 'b']))
    expect([reads, twice.journal.reads]).toEqual([1, 1])
  })

  it('gives the same from every prefix of the journal', async () => {
    const stage = make()
    await finish(stage)
    await expectSameFromEveryPrefix(make, stage.journal.segments, finish)
  })

  it('that is gone, or cannot be read, ends the attempt: it is tried again', async () => {
    const gone = keyedStage(exclusive, (ctx) => ctx.get('big'), lazy)
    expect((await gone.drive()).status).toMatchObject({
      kind: 'retry',
      failure: { code: 'state-moved' },
    })
    const unreachable = make()
    unreachable.journal.stateValue = () => Promise.reject(new Error('no table'))
    expect((await unreachable.drive()).status).toMatchObject({
      kind: 'retry',
      failure: { code: 'journal-unreachable', message: 'no table' },
    })
  })

  it('is waited for on replay, even if that takes longer than replay is patient', async () => {
    const stage = make()
    await stage.drive()
    stage.complete(2)
    const { stateValues } = stage.journal
    stage.journal.stateValue = async (name, slot) => {
      await stage.world.delay(40_000)
      return stateValues.get(`${name} ${slot}`)
    }
    expect((await stage.drive()).status).toEqual({ kind: 'appended' })
    expect(stage.journal.entries.at(-1)).toMatchObject({ result: { kind: 'value' } })
  })

  it('is no reason to suspend while it is fetched', async () => {
    const stage = make()
    stage.journal.stateValue = async () => {
      await stage.world.delay(3_000)
      return encodeValue('late')
    }
    const race = keyedStage(exclusive, (ctx) => ctx.race([ctx.get('big'), ctx.sleep('1h')]), lazy)
    race.journal.stateValue = async () => {
      await race.world.delay(3_000)
      return encodeValue('late')
    }
    expect((await race.drive()).status).toEqual(completed('late'))
  })
})

describe('the state of a shared handler', () => {
  const shared = { kind: 'object', shared: true } as const

  it('is journalled as it was read, though the next attempt has another snapshot', async () => {
    const stage = keyedStage(
      shared,
      async (ctx) => {
        const first = [await ctx.get('n'), await ctx.get('none', 'else'), await ctx.keys()]
        await ctx.sleep('1m')
        return [first, await ctx.get('n'), await ctx.keys()]
      },
      cell('n', 1),
    )
    await stage.drive()
    stage.cells = [cell('n', 2), cell('m', 1)]
    stage.complete(3)
    const reply = await stage.drive()
    expect(reply.status).toEqual(completed([[1, 'else', ['n']], 2, ['m', 'n']]))
    const kinds = kindsOf(stage.journal.entries)
    expect(kinds.filter((kind) => kind.startsWith('state'))).toEqual([
      'state-get 0',
      'state-get 1',
      'state-keys 2',
      'state-get 4',
      'state-keys 5',
    ])
  })

  it('is durable before a step acts on it (INV-3)', async () => {
    const durable: string[][] = []
    const stage: Stage = keyedStage(
      shared,
      async (ctx) => {
        const n = await ctx.get('n')
        return ctx.run('act', () => {
          durable.push([...kindsOf(stage.journal.entries)])
          return n
        })
      },
      cell('n', 1),
    )
    expect((await stage.drive()).status).toEqual(completed(1))
    expect(durable).toEqual([['created', 'attempt', 'state-get 0']])
  })

  it('gives the same from every prefix of the journal, whatever the state is by then', async () => {
    let n = 0
    const program: KeyedProgram = async (ctx) => {
      const got = await ctx.get('n')
      await ctx.run('act', () => 'done')
      const names = await ctx.keys()
      await ctx.run('again', () => 'done')
      return { got, names, now: ctx.now() }
    }
    const make = () => keyedStage(shared, program, cell('n', n), cell(`name ${n}`, 0))
    const stage = make()
    await finish(stage)
    n = 0
    for (const length of [2, 3, 4, 5]) {
      const journal = stage.journal.segments.slice(0, length)
      const known = journal.flatMap(({ entries }) => entries)
      n = length
      const later = make().with(journal)
      if (later.isRunning) later.startEpoch()
      await finish(later)
      const [end] = later.journal.entries.filter((entry) => entry.kind === 'output')
      const [get] = known.filter((entry) => entry.kind === 'state-get')
      const [keys] = known.filter((entry) => entry.kind === 'state-keys')
      expect(end?.result).toMatchObject({
        value: { json: { got: get ? 0 : n, names: keys?.names ?? ['n', `name ${n}`].sort() } },
      })
    }
  })

  it('that was not sent along is journalled with its value', async () => {
    const stage = keyedStage(
      shared,
      async (ctx) => {
        const big = await ctx.get('big')
        await ctx.sleep('1m')
        return big
      },
      { name: 'big', slot: 3, bytes: 70_000 },
    )
    stage.journal.stateValues.set('big 3', encodeValue('value'))
    await stage.drive()
    stage.journal.stateValues.clear()
    stage.complete(1)
    expect((await stage.drive()).status).toEqual(completed('value'))
  })

  it.each([
    ['set', (ctx: Parameters<KeyedProgram>[0]) => ctx.set('n', 1)],
    ['clear', (ctx: Parameters<KeyedProgram>[0]) => ctx.clear('n')],
    ['clearAll', (ctx: Parameters<KeyedProgram>[0]) => ctx.clearAll()],
  ])('is read only: ctx.%s is refused', async (name, write) => {
    const reply = await keyedStage(shared, write).drive()
    expect(reply.status).toMatchObject({
      kind: 'retry',
      failure: { code: 'state-read-only', message: expect.stringContaining(`ctx.${name}`) },
    })
    expect(reply.entries).toEqual([])
  })
})

describe('the context', () => {
  it('of a service has neither key nor state', async () => {
    const stage = keyedStage({ kind: 'service' }, (ctx) => [
      ctx.kind,
      ...['key', 'get', 'set', 'promise'].map((name) => name in ctx),
    ])
    expect((await stage.drive()).status).toEqual(completed(['service', false, false, false, false]))
  })

  it.each([
    [{ kind: 'object' }, ['object', key, true, false]],
    [{ kind: 'object', shared: true }, ['object', key, true, false]],
    [{ kind: 'workflow' }, ['workflow', key, true, true]],
    [{ kind: 'workflow', shared: true }, ['workflow', key, true, true]],
  ] as const)('of %o has what its kind has', async (setting, expected) => {
    const stage = keyedStage(setting, (ctx) => [ctx.kind, ctx.key, 'get' in ctx, 'promise' in ctx])
    expect((await stage.drive()).status).toEqual(completed(expected))
  })
})
