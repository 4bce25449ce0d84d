import {
  CancelledError,
  type Definition,
  object,
  service,
  TerminalError,
  workflow,
} from '../../lambda-runtime/src/index.ts'
import { dice, till } from './handlers.ts'
import { pace, tell } from './outside-world.ts'

export type Slog = { readonly path: string; readonly restsMs: readonly number[] }

/** Steps that take their time, one after the other. Done twice, a step would tell two things under one key. */
const slog = service('slog', {
  async toil(ctx, { path, restsMs }: Slog) {
    for (const [n, ms] of restsMs.entries()) {
      await ctx.run(`toil ${n}`, async () => {
        await pace.rest(ms)
        await tell(`toiled ${path}.${n}`, dice.roll())
      })
    }
    return restsMs.length
  },
})

/** Does something once, whatever comes of it. */
const dare = service('dare', {
  async once(ctx, path: string) {
    try {
      const once = { atMostOnce: true } as const
      await ctx.run('dare', () => tell(`dared ${path}`, dice.roll()), once)
      return 'dared'
    } catch (error) {
      if (error instanceof TerminalError && error.code === 'step-interrupted') return 'perhaps'
      throw error
    }
  },
  /** Fails each time, and gives up: between two tries it is not there. */
  async quit(ctx) {
    const retry = { maxAttempts: 4, initialDelay: '3s', factor: 1 } as const
    try {
      await ctx.run('fail', () => Promise.reject(new Error('not today')), { retry })
      return 'did it'
    } catch (error) {
      return error instanceof TerminalError ? error.code : 'unknown'
    }
  },
})

const listener = service('listener', {
  async listen(ctx) {
    return [await ctx.signal<number>('word'), await ctx.signal<number>('word')]
  },
  async doze(ctx, path: string) {
    try {
      await ctx.sleep('10m')
      await ctx.run('dozed', () => tell(`dozed ${path}`))
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error
    }
  },
})

/** Tells others things, hears of them, and ends one. */
const messenger = service('messenger', {
  async run(ctx, path: string) {
    const other = ctx.send(listener).listen()
    other.signal('word', 1)
    other.signal('word', 2)
    const words = await other.attach()
    const sleeper = ctx.send(listener).doze(path)
    sleeper.cancel()
    const nobody = `${ctx.id.slice(0, -1)}${ctx.id.endsWith('0') ? '1' : '0'}`
    try {
      await ctx.invocation(nobody).attach()
      return { words, missing: 'nothing' }
    } catch (error) {
      return { words, missing: error instanceof TerminalError ? error.code : 'unknown' }
    }
  },
})

const echo = service('echo', {
  async say(ctx, what: string) {
    await ctx.run('say', () => tell(`echo ${ctx.id} ${what}`))
    return what
  },
})

/** Of each kind of op one: what is done again from the middle meets its own past. */
const redo = service('redo', {
  async go(ctx, path: string) {
    const first = await ctx.run('first', async () => dice.roll())
    ctx.send(echo).say('sent')
    const called = await ctx.call(echo).say('called')
    const [second] = await Promise.all([ctx.run('second', async () => dice.roll()), ctx.sleep(300)])
    const had = { first, called, second }
    await ctx.run('last', () => tell(`redone ${ctx.id} ${path}`, had))
    return had
  },
})

/** Has somebody forgotten whom it has sent, and goes on long after. */
const sire = service('sire', {
  async beget(ctx, path: string) {
    ctx.send(echo).say(`child of ${path}`)
    await ctx.sleep('50s')
    return path
  },
})

type Slate = { readonly a: number; readonly b: number; readonly c: number }

/** Changes of each kind, and some that are shown while it waits. */
const slate = object<Slate>()('slate', {
  async write(ctx, n: number) {
    ctx.set('a', n)
    ctx.set('b', n)
    return (await ctx.keys()).length
  },
  async wipe(ctx, n: number) {
    ctx.clearAll()
    ctx.set('c', n)
    return await ctx.keys()
  },
  async linger(ctx, n: number) {
    for (let step = 0; step < 3; step++) {
      ctx.set('a', n + step / 10)
      await ctx.sleep(700)
    }
    return n
  },
})

/** Looks at what it has done itself: whoever was told that it is done finds it. */
const shopper = service('shopper', {
  async shop(ctx, waitMs: number) {
    const had = await ctx.call(till, 's').add({ by: 1, waitMs })
    const seen = await ctx.call(till, 's').read()
    return { had: had.count, seen: seen.count }
  },
})

type Den = { readonly slept: number }

/** Holds its key for longer than anything is kept. */
const den = object<Den>()(
  { name: 'den', retention: '400s' },
  {
    async hibernate(ctx) {
      const slept = await ctx.get('slept', 0)
      await ctx.sleep(slept === 0 ? '11m' : '1s')
      ctx.set('slept', slept + 1)
      return slept
    },
  },
)

/** Waits for a promise for longer than anything is kept. */
const vigil = workflow(
  { name: 'vigil', retention: '400s' },
  {
    run: async (ctx) => await ctx.promise<number>('dawn').get(),
    dusk: async (ctx) => await ctx.promise<number>('dusk').resolve(1),
    see: async (ctx) => await ctx.promise<number>('dusk').get(),
  },
)

export const controlDefinitions: readonly Definition[] = [
  ...[slog, dare, listener, messenger, echo, redo, sire, slate, shopper, den, vigil],
]
