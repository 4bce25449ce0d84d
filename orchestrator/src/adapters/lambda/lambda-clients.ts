import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { NodeHttpHandler } from '@smithy/node-http-handler'

export interface LambdaClientOptions {
  /** For emulators. By default the client's own rules: `AWS_ENDPOINT_URL_LAMBDA`, `AWS_ENDPOINT_URL`, the region's. */
  readonly endpoint?: string | undefined
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Connections at once; an invoke holds one for as long as its handler runs. Unlimited by default: permits limit. */
  readonly maxSockets?: number
  readonly connectTimeoutMs?: number
}

/** NAT gateways and endpoints drop connections that are silent for 350 s; handlers may run for 900 s. */
const keepAliveMs = 30_000

/** One client for each region, over one pool of connections. */
export class LambdaClients {
  readonly #clients = new Map<string, LambdaClient>()
  readonly #options: LambdaClientOptions
  readonly #requestHandler: NodeHttpHandler

  constructor(options: LambdaClientOptions) {
    this.#options = options
    const { maxSockets = Number.POSITIVE_INFINITY, connectTimeoutMs = 3_000 } = options
    const agentOptions = {
      keepAlive: true,
      keepAliveMsecs: keepAliveMs,
      keepAliveInitialDelay: keepAliveMs,
      maxSockets,
    }
    this.#requestHandler = new NodeHttpHandler({
      httpAgent: new HttpAgent(agentOptions),
      httpsAgent: new HttpsAgent(agentOptions),
      connectionTimeout: connectTimeoutMs,
    })
  }

  of(region: string): LambdaClient {
    const known = this.#clients.get(region)
    if (known !== undefined) return known
    const { endpoint, credentials } = this.#options
    const client = new LambdaClient({
      region,
      requestHandler: this.#requestHandler,
      // An invoke that was sent may have started: whoever knows the journal decides whether to try again.
      maxAttempts: 1,
      ...(endpoint !== undefined && { endpoint }),
      ...(credentials !== undefined && { credentials }),
    })
    this.#clients.set(region, client)
    return client
  }

  destroy(): void {
    for (const client of this.#clients.values()) client.destroy()
    this.#requestHandler.destroy()
  }
}
