import {
  type Api,
  type Context,
  type Handler,
  handle,
  type Service,
  type ServiceContext,
  type Sink,
  service,
} from '@fermata/lambda-runtime'
import { exact } from './exact.ts'

export interface Item {
  readonly sku: string
  readonly count: number
}

export const inventory = service('inventory', {
  async reserve(ctx, item: Item) {
    exact<typeof ctx, ServiceContext>(true)
    return { slip: `${item.sku}-${ctx.uuid()}` }
  },
  count: (_ctx, sku: string) => sku.length,
  async clear() {},
  async maybe(_ctx, sku?: string) {
    return sku
  },
  async look(ctx, input) {
    exact<typeof input, unknown>(true)
    exact<typeof ctx.attempt, number>(true)
    return [input]
  },
  inner: handle(async (ctx, input: Item) => {
    exact<typeof ctx, ServiceContext>(true)
    return input.count
  }),
  limited: handle({ timeout: '5m', private: true }, async (ctx, input: Item) => {
    exact<typeof ctx, ServiceContext>(true)
    return input.sku
  }),
  idle: handle({}, async (ctx) => ctx.now()),
})

type InventoryApi = Api<typeof inventory>
exact<(typeof inventory)['kind'], 'service'>(true)
exact<(typeof inventory)['name'], 'inventory'>(true)
exact<InventoryApi['reserve'], (item: Item) => Promise<{ slip: string }>>(true)
exact<InventoryApi['count'], (sku: string) => Promise<number>>(true)
exact<InventoryApi['clear'], () => Promise<void>>(true)
exact<InventoryApi['maybe'], (sku?: string) => Promise<string | undefined>>(true)
exact<InventoryApi['look'], (input: unknown) => Promise<unknown[]>>(true)
exact<InventoryApi['inner'], (input: Item) => Promise<number>>(true)
exact<InventoryApi['limited'], (input: Item) => Promise<string>>(true)
exact<InventoryApi['idle'], () => Promise<number>>(true)

type Sinks = Sink<typeof inventory>
exact<
  Sinks,
  `inventory/${'reserve' | 'count' | 'clear' | 'maybe' | 'look' | 'inner' | 'limited' | 'idle'}`
>(true)
export const sink: Sinks = 'inventory/reserve'
// @ts-expect-error there is no such handler
export const noSink: Sinks = 'inventory/nothing'

// A head with options keeps the name as a literal type; optional options accept `undefined`.
export const careful = service(
  { name: 'careful', retry: { maxAttempts: 3, factor: undefined }, retention: undefined },
  { work: async () => 1 },
)
exact<(typeof careful)['name'], 'careful'>(true)

// The type of a definition can be written down: under isolatedDeclarations, and to break cycles.
export const ping: Service<'ping', { hit(n: number): Promise<number> }> = service('ping', {
  async hit(ctx, n: number) {
    return n === 0 ? 0 : await ctx.call(pong).hit(n - 1)
  },
})
export const pong: Service<'pong', { hit(n: number): Promise<number> }> = service('pong', {
  async hit(ctx, n: number) {
    return n === 0 ? 0 : await ctx.call(ping).hit(n - 1)
  },
})
export const written: Handler<Context, [n: number], Promise<number>> = handle(
  async (_ctx: Context, n: number) => n,
)
// @ts-expect-error its result is a promise
written satisfies Handler<Context, [n: number], number>

// @ts-expect-error a client is a proxy: a handler called `then` would make it awaitable
// biome-ignore lint/suspicious/noThenProperty: it is what must not compile
service('bad', { async then() {} })
// @ts-expect-error a handler takes one input
service('bad', { async two(_ctx, _a: string, _b: string) {} })
// @ts-expect-error not a handler
service('bad', { value: 3 })
// @ts-expect-error the name is missing
service({ retention: '1d' }, { work: async () => 1 })
// @ts-expect-error there is no such option
service({ name: 'bad', retries: 3 }, { work: async () => 1 })
// @ts-expect-error a month is no unit
service({ name: 'bad', retention: '1month' }, { work: async () => 1 })
// @ts-expect-error a handler's timeout is a duration
handle({ timeout: 'soon' }, async () => 1)
// @ts-expect-error a policy ends in a pause or a failure
handle({ retry: { onExhaustion: 'ignore' } }, async () => 1)

service('closed', {
  async first(_ctx, n: number) {
    return n
  },
  async second() {
    // @ts-expect-error `this` is closed: a call of a sibling would not be durable
    return await this.first(1)
  },
})

service('unknowing', {
  async process(_ctx, input) {
    // @ts-expect-error an input without annotation is unknown, not any
    return input.sku
  },
  handled: handle({}, async (_ctx, input) => {
    // @ts-expect-error with handle() as well
    return input.sku
  }),
})
