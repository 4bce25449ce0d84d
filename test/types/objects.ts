import {
  type Api,
  handle,
  type InvocationPromise,
  type ObjectContext,
  object,
  type ServiceContext,
  type SharedObjectContext,
  type Sink,
  serde,
  shared,
  type VirtualObject,
} from '@fermata/lambda-runtime'
import { z } from 'zod'
import { exact } from './exact.ts'

interface Item {
  readonly sku: string
}
interface Cart {
  items: Item[]
  owner: string
}

export const cart = object<Cart>()('cart', {
  async add(ctx, item: Item) {
    exact<typeof ctx, ObjectContext<Cart>>(true)
    exact<typeof ctx.key, string>(true)
    const items = await ctx.get('items', [])
    exact<typeof items, Item[]>(true)
    const owner = await ctx.get('owner')
    exact<typeof owner, string | undefined>(true)
    const names = await ctx.keys()
    exact<typeof names, (keyof Cart)[]>(true)
    ctx.set('items', [...items, item])
    ctx.clear('owner')
    ctx.clearAll()
    // @ts-expect-error the state has no such value
    ctx.set('itmes', items)
    // @ts-expect-error the value has another type
    ctx.set('owner', 7)
    // @ts-expect-error the default has another type
    await ctx.get('owner', 7)
    // @ts-expect-error an object has no promises
    ctx.promise('done')
    return items.length
  },
  size: shared(async (ctx) => {
    exact<typeof ctx, SharedObjectContext<Cart>>(true)
    // @ts-expect-error a shared handler cannot change the state
    ctx.set('items', [])
    return (await ctx.get('items', [])).length
  }),
  checked: handle({ input: z.object({ n: z.string().transform(Number) }) }, async (ctx, { n }) => {
    exact<typeof ctx, ObjectContext<Cart>>(true)
    exact<typeof n, number>(true)
    return n
  }),
  look: shared({ timeout: '1s' }, async (ctx, sku: string) => {
    exact<typeof ctx, SharedObjectContext<Cart>>(true)
    return sku
  }),
  picture: handle({ input: serde.bytes, output: serde.string }, async (ctx, bytes) => {
    exact<typeof ctx, ObjectContext<Cart>>(true)
    exact<typeof bytes, Uint8Array>(true)
    return `${bytes.length}`
  }),
})

type CartApi = Api<typeof cart>
exact<(typeof cart)['kind'], 'object'>(true)
exact<(typeof cart)['name'], 'cart'>(true)
exact<CartApi['add'], (item: Item) => Promise<number>>(true)
exact<CartApi['size'], () => Promise<number>>(true)
exact<CartApi['checked'], (input: { n: string }) => Promise<number>>(true)
exact<CartApi['look'], (sku: string) => Promise<string>>(true)
exact<CartApi['picture'], (input: Uint8Array) => Promise<string>>(true)
exact<Sink<typeof cart>, `cart/${'add' | 'size' | 'checked' | 'look' | 'picture'}`>(true)

export const counter = object('counter', {
  async next(ctx) {
    exact<typeof ctx, ObjectContext<Record<string, unknown>>>(true)
    const count = Number((await ctx.get('count')) ?? 0) + 1
    ctx.set('count', count)
    return count
  },
})

export const written: VirtualObject<'written', { go(): Promise<number> }> = object<{ n: number }>()(
  { name: 'written', concurrency: 3 },
  { go: async (ctx) => (await ctx.get('n')) ?? 0 },
)

// @ts-expect-error `run` is the handler that starts a workflow
object('bad', { run: async () => 1 })
// @ts-expect-error a client is a proxy: a handler called `then` would make it awaitable
// biome-ignore lint/suspicious/noThenProperty: it is what must not compile
object('bad', { then: async () => 1 })
// @ts-expect-error the output is no text
handle({ output: serde.string }, async () => 1)

export async function calls(ctx: ServiceContext): Promise<void> {
  const added = ctx.call(cart, 'customer-1').add({ sku: 'a' })
  exact<typeof added, InvocationPromise<number>>(true)
  const size = ctx.call<typeof cart>('cart', 'customer-1', { headers: {} }).size()
  exact<typeof size, InvocationPromise<number>>(true)
  ctx.send(cart, 'customer-1', { delay: '1h' }).add({ sku: 'a' })
  // @ts-expect-error the key is missing
  ctx.call(cart).size()
  // @ts-expect-error options come after the key
  ctx.call(cart, { idempotencyKey: 'k' }).size()
  // @ts-expect-error a key is text
  ctx.send(cart, 7).size()
  // @ts-expect-error there is no such handler
  ctx.call(cart, 'k').remove()
}

// The serde may be one of a wider type than the output.
handle({ output: serde.bytes }, async () => new Uint8Array(new ArrayBuffer(2)))
handle({ output: serde.json<{ a?: number }>() }, () => ({ a: 1 }))
