import {
  CancelledError,
  type Definition,
  object,
  service,
  shared,
  TimeoutError,
  workflow,
} from '../../lambda-runtime/src/index.ts'
import type { Context } from '../../lambda-runtime/src/types/context.ts'
import { cell, interpreter } from '../programs/interpreter.ts'
import { tell } from './outside-world.ts'

/** What no two asks agree on: each roll is another number; and a turn of the event loop. Set by the universe. */
export const dice: { roll: () => number; turn: () => Promise<void> } = {
  roll: () => 0,
  turn: () => Promise.resolve(),
}

type Ledger = { readonly entries: readonly number[] }

/** What records are for: each key remembers its own, in their order. */
const ledger = object<Ledger>()('ledger', {
  async add(ctx, input: number) {
    const entries = await ctx.get('entries', [])
    await ctx.run('note', () => tell(`ledger ${ctx.key}/${input}`))
    if (input % 3 === 0) await ctx.sleep('2s')
    ctx.set('entries', [...entries, input])
    return entries.length + 1
  },
})

export type Weave = { readonly path: string; readonly width: number; readonly rolls: number }

/**
 * Branches side by side, each with steps whose results are never the same twice. What was told is what had been handed
 * out by then: another order or another result in a later attempt would tell something else under the same key.
 */
const weaver = service('weaver', {
  async weave(ctx, { path, width, rolls }: Weave) {
    const order: string[] = []
    const branch = async (of: number): Promise<void> => {
      for (let n = 0; n < rolls; n++) {
        const rolled = await ctx.run(`roll ${of}.${n}`, async () => dice.roll())
        order.push(`${of}.${n}=${rolled}@${ctx.now()}`)
        // Of one branch alone: which of two such waits ends first, no journal can tell.
        if (of === 0 && rolled % 3 === 0) await elsewhere(rolled % 5)
        if (rolled % 4 === 0) await ctx.sleep((rolled % 7) * 150)
        const told = [...order]
        await ctx.run(`tell ${of}.${n}`, () => tell(`weave ${path}/${of}.${n}`, told))
        order.push(`${of}.${n} told`)
      }
    }
    await Promise.all(Array.from({ length: width }, (_, of) => branch(of)))
    return order
  },

  /** Steps, one after the other, and nothing else. */
  async plain(ctx, steps: number) {
    for (let n = 0; n < steps; n++) await ctx.run(`step ${n}`, async () => n)
    return steps
  },
})

/** A little time that is not durable. */
async function elsewhere(turns: number): Promise<void> {
  for (let n = 0; n <= turns; n++) await dice.turn()
}

type Till = { readonly sum: number; readonly count: number }

/** Reads, waits, and writes: whatever two of one key did side by side would be lost. */
export const till = object<Till>()('till', {
  async add(ctx, { by, waitMs }: { readonly by: number; readonly waitMs: number }) {
    const sum = await ctx.get('sum', 0)
    const count = await ctx.get('count', 0)
    // Shown to those beside it, while it waits.
    ctx.set('sum', sum + by)
    if (waitMs > 0) await ctx.sleep(waitMs)
    await ctx.run('count', () => tell(`till ${ctx.id}`, { sum, count }))
    ctx.set('count', count + 1)
    return { sum, count }
  },
  read: shared(async (ctx) => ({ sum: await ctx.get('sum', 0), count: await ctx.get('count', 0) })),
})

type Desk = { readonly phase: number }

const desk = workflow<Desk>()('desk', {
  async run(ctx) {
    ctx.set('phase', 1)
    const first = await ctx.promise<number>('first').get()
    await ctx.run('note', () => tell(`desk ${ctx.key} first`, first))
    ctx.set('phase', 2)
    const nudges = [await ctx.signal<number>('nudge'), await ctx.signal<number>('nudge')]
    await ctx.promise<number>('last').resolve(first * 10)
    ctx.set('phase', 3)
    return { first, nudges }
  },
  async answer(ctx, value: number) {
    const won = await ctx.promise<number>('first').resolve(value)
    return { won, first: await ctx.promise<number>('first').get() }
  },
  async look(ctx) {
    const phase = await ctx.get('phase', 0)
    return { phase, first: (await ctx.promise<number>('first').peek()) ?? null }
  },
  last: async (ctx) => await ctx.promise<number>('last').get(),
})

/** Calls what others have started: it waits beside them. */
const visitor = service('visitor', {
  async visit(ctx, key: string) {
    return (await ctx.call(desk, key).run()).first
  },
})

/** Each step under the id of its invocation: those of a restart are others. */
const stages = service('stages', {
  async go(ctx) {
    for (let n = 0; n < 4; n++) await ctx.run(`stage ${n}`, () => tell(`stage ${ctx.id} ${n}`))
    return 4
  },
})

const clockwork = service('clockwork', {
  async tick(ctx) {
    const { origin } = ctx
    if (origin.kind !== 'schedule') return 0
    await ctx.run('tick', () => tell(`tick ${origin.schedule} ${origin.tick}`, ctx.id))
    return origin.tick
  },
})

export const mostInBatch = 3

const sink = service('sink', {
  async all(ctx, items: readonly number[]) {
    await ctx.run('take', () => tell(`batch ${ctx.id}`, items))
    return items
  },
  async last(ctx, item: number) {
    await ctx.run('take', () => tell(`last ${ctx.id}`, item))
    return item
  },
})

const poster = service('poster', {
  async post(ctx, item: number) {
    ctx.send(sink, { batch: { maxSize: mostInBatch, maxWait: '2s' } }).all(item)
    ctx.send(sink, { debounce: '1s', maxWait: '4s', collectKey: 'one' }).last(item)
    return item
  },
})

/** Asks somebody, who must show a sign of life. */
const holder = service('holder', {
  async hold(ctx, path: string) {
    const { id, promise } = ctx.awakeable<number>({ heartbeat: '3s' })
    await ctx.run('ask', () => tell(`hold ${path}`, { held: id }))
    try {
      return await promise
    } catch (error) {
      if (error instanceof TimeoutError) return 'silent'
      throw error
    }
  },
})

const hand = service('hand', {
  async toil(ctx, path: string) {
    await ctx.run('begin', () => tell(`begun ${path}`))
    try {
      await ctx.sleep('25s')
      // What has begun is not taken back: either it is done, or it has never begun.
      await ctx.run('do', () => tell(`done ${path}`))
    } catch (error) {
      if (error instanceof CancelledError) await ctx.run('undo', () => tell(`undone ${path}`))
      throw error
    }
    return path
  },
})

const boss = service('boss', {
  async work(ctx: Context, path: string) {
    const parts = [0, 1].map((part) => ctx.call(hand).toil(`${path}.${part}`))
    return await ctx.all(parts)
  },
})

const napper = service(
  { name: 'napper', retention: '5s' },
  {
    async nap(ctx) {
      return await ctx.run('nap', async () => 'rested')
    },
  },
)

/** Waits for longer than it is kept. */
const sleeper = service(
  { name: 'sleeper', retention: '400s' },
  {
    async sleep(ctx) {
      ctx.send(napper).nap()
      await ctx.sleep('11m')
      await ctx.run('wake', () => tell(`woken ${ctx.id}`))
      return 'awake'
    },
  },
)

export const definitions: readonly Definition[] = [
  ...[interpreter, cell, ledger, weaver, till, desk, stages],
  ...[clockwork, sink, poster, holder, hand, boss, napper, sleeper, visitor],
]
