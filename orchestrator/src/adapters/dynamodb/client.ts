import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'

/** What is absent comes from the environment, as the AWS SDK reads it (`AWS_REGION`, `AWS_ENDPOINT_URL_DYNAMODB`, …). */
export type DynamoClientOptions = {
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  readonly credentials?:
    | {
        readonly accessKeyId: string
        readonly secretAccessKey: string
        readonly sessionToken?: string
      }
    | undefined
  readonly maxSockets?: number
  /** Longest wait for one answer, in ms. */
  readonly requestTimeoutMs?: number
  readonly connectTimeoutMs?: number
  readonly maxAttempts?: number
}

/**
 * Every call may be repeated by the client: conditional writes carry their writer, so that a repeated one
 * recognizes itself (INV-1). Hence generous attempts and short timeouts.
 */
export function createDynamoClient(options: DynamoClientOptions): DynamoDBClient {
  const { endpoint, region, credentials } = options
  const sockets = { keepAlive: true, keepAliveMsecs: 10_000, maxSockets: options.maxSockets ?? 128 }
  const client = new DynamoDBClient({
    // The chain of middlewares is built once per operation, not once per request.
    cacheMiddleware: true,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
    maxAttempts: options.maxAttempts ?? 5,
    retryMode: 'standard',
    requestHandler: new NodeHttpHandler({
      connectionTimeout: options.connectTimeoutMs ?? 1_000,
      requestTimeout: options.requestTimeoutMs ?? 3_000,
      throwOnRequestTimeout: true,
      httpAgent: new HttpAgent(sockets),
      httpsAgent: new HttpsAgent(sockets),
    }),
  })
  // It copies every input and output to log them, also where nobody listens.
  client.middlewareStack.remove('loggerMiddleware')
  return client
}
