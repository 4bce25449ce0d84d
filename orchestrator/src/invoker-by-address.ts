import { isUrl } from './domain/deployment-url.ts'
import type { Invoker } from './ports/index.ts'

/** One invoker for deployments of both kinds: a URL is asked over HTTP, an ARN by Lambda. */
export function invokerByAddress(lambda: Invoker, http: Invoker): Invoker {
  const of = (address: string): Invoker => (isUrl(address) ? http : lambda)
  return {
    invoke: (address, request, signal) => of(address).invoke(address, request, signal),
    discover: (address) => of(address).discover(address),
    async close() {
      await Promise.all([lambda.close(), http.close()])
    },
  }
}
