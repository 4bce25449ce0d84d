import {
  createFetchHandler,
  type HandlerServer,
  type HttpHandlerOptions,
  type ServeOptions,
  serve,
} from '@fermata/lambda-runtime/http'
import { inventory, ping } from './definitions.ts'
import { exact } from './exact.ts'
import { tracing } from './lambda.ts'

exact<ReturnType<typeof serve>, Promise<HandlerServer>>(true)
exact<ReturnType<typeof createFetchHandler>, (request: Request) => Promise<Response>>(true)
exact<ReturnType<HandlerServer['close']>, Promise<void>>(true)

export const options: ServeOptions = {
  port: 9080,
  host: undefined,
  around: [tracing, tracing],
  maxConcurrent: 10,
  identity: { publicKeys: ['…'], audience: 'https://orders', clockToleranceMs: undefined },
  credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 's' }),
}
export const server = await serve([inventory, ping], options)
await server.close({ graceMs: 1_000 })
export const answer = createFetchHandler([ping], { around: tracing } satisfies HttpHandlerOptions)

// @ts-expect-error definitions come as a list
void serve(inventory)
// @ts-expect-error a function that is mounted has no port
createFetchHandler([ping], { port: 9080 })
// @ts-expect-error keys are texts
void serve([ping], { identity: { publicKeys: [new Uint8Array()] } })
