import { type Definition, object, service, workflow } from '../../lambda-runtime/src/index.ts'
import { till } from './handlers.ts'
import { pace, tell } from './outside-world.ts'

type Scroll = { readonly lines: readonly string[] }

/** Keeps what it is sent, in the order in which it came. */
const scroll = object<Scroll>()('scroll', {
  async write(ctx, line: string) {
    ctx.set('lines', [...(await ctx.get('lines', [])), line])
  },
})

/** Sends several to one key, all at once. */
const postman = service('postman', {
  async send(ctx, { from, count }: { readonly from: string; readonly count: number }) {
    for (let n = 0; n < count; n++) ctx.send(scroll, 's').write(`${from}.${n}`)
    return count
  },
})

/** Waits for an object of which many others want something, too. */
const errand = service('errand', {
  async run(ctx, waitMs: number) {
    return await ctx.call(till, 'e').add({ by: 1, waitMs })
  },
})

/** Waits for one promise, which is completed once. */
const pledge = workflow('pledge', {
  run: async (ctx) => await ctx.promise<number>('kept').get(),
  keep: async (ctx, value: number) => await ctx.promise<number>('kept').resolve(value),
})

const backer = service('backer', {
  back: async (ctx, key: string) => await ctx.call(pledge, key).run(),
})

/** Waits for somebody who may come once, and never again. */
const shy = service('shy', {
  async wait(ctx, path: string) {
    const said = await ctx.signal<string>('go')
    await ctx.run('gone', () => tell(`gone ${path}`, said))
    return said
  },
  async step(ctx, path: string) {
    await ctx.run('step', () => pace.rest(500))
    await ctx.run('stepped', () => tell(`stepped ${path}`))
    return path
  },
})

/** All of a crowd wake up at the same time, and then have work to do. */
const crowd = service('crowd', {
  async toil(ctx, { wakeAt, workMs }: { readonly wakeAt: number; readonly workMs: number }) {
    await ctx.sleep(Math.max(1, wakeAt - ctx.now()))
    await ctx.run('toil', () => pace.rest(workMs))
    return workMs
  },
})

type Hoard = Readonly<Record<string, string>>

/** Many values, together far more than what stands in one item. */
const hoard = object<Hoard>()('hoard', {
  async fill(ctx, { cells, bytes }: { readonly cells: number; readonly bytes: number }) {
    for (let n = 0; n < cells; n++) ctx.set(`cell${n}`, String(n % 10).repeat(bytes))
    return cells
  },
  async count(ctx) {
    let bytes = 0
    for (const name of await ctx.keys()) bytes += (await ctx.get(name, '')).length
    return bytes
  },
})

/** Several large results at the same time, and a step that waits until all of them are durable. */
const giant = service('giant', {
  async think(ctx, { results, bytes }: { readonly results: number; readonly bytes: number }) {
    const steps = Array.from({ length: results }, (_, n) =>
      ctx.run(`thought ${n}`, async () => String(n).repeat(bytes)),
    )
    const thoughts = await ctx.all(steps)
    await ctx.run('said', () => tell(`said ${ctx.id}`))
    return thoughts.reduce((sum, { length }) => sum + length, 0)
  },
})

/** Handlers of the stories that are made for one interleaving each. */
export const sceneDefinitions: readonly Definition[] = [
  ...[scroll, postman, errand, pledge, backer, shy, crowd, hoard, giant],
]
