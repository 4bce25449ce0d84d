import type { Context, Definition, Interceptors } from '@fermata/lambda-runtime'
import { service } from '@fermata/lambda-runtime'
import { type LambdaHandler, lambda, type Middleware } from '@fermata/lambda-runtime/lambda'
import { inventory, ping, pong } from './definitions.ts'
import { exact } from './exact.ts'

export const handler: LambdaHandler = lambda(inventory, ping, pong)
exact<ReturnType<typeof lambda>, LambdaHandler>(true)
exact<ReturnType<typeof handler>, Promise<unknown>>(true)

const timing: Middleware = {
  before(request) {
    exact<typeof request.event, unknown>(true)
    request.internal['start'] = 0
  },
  onError: ({ error }) => {
    exact<typeof error, Error | null | undefined>(true)
  },
}
exact<ReturnType<typeof handler.use>, LambdaHandler>(true)
handler.use(timing).use([timing, timing])

export const tracing: Interceptors = {
  async handler({ ctx, service: name, handler: of, input }, next) {
    exact<typeof ctx, Context>(true)
    exact<typeof input, unknown>(true)
    ctx.log.info({ name, of }, 'started')
    return await next()
  },
  run: async ({ name, attempt, signal }, next) => {
    exact<typeof name, string>(true)
    exact<typeof attempt, number>(true)
    exact<typeof signal, AbortSignal>(true)
    return await next()
  },
}
handler.around(tracing)
export const traced = service({ name: 'traced', around: tracing }, { work: async () => 1 })
export const anyOfThem: readonly Definition[] = [inventory, traced]
lambda(...anyOfThem)

// @ts-expect-error not a definition
lambda({ work: async () => 1 })
// @ts-expect-error a middleware is an object
handler.use(() => {})
// @ts-expect-error there is no such interceptor
handler.around({ step: async (_call: unknown, next: () => Promise<unknown>) => next() })
// @ts-expect-error an interceptor gives a promise back
handler.around({ run: () => 1 })
