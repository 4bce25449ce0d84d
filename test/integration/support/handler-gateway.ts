import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What happens to the next invoke. */
export type GatewayFault = 'drop-request' | 'drop-reply'

/** A load balancer before a server of handlers: its URL stays when the server is replaced, and calls can be spoiled. */
export type HandlerGateway = {
  readonly url: string
  /** Where the server is; `undefined`: nowhere. */
  route(port: number | undefined): void
  /** How the handlers' attempts ended, in that order; whether or not anybody heard it. */
  readonly replies: readonly string[]
  invocations(): number
  /** Invokes that the server has not answered. */
  running(): number
  injectFault(fault: GatewayFault): void
  /** Breaks the connections of orchestrators. What runs is not told. */
  disconnect(): void
  close(): Promise<void>
}

type Answer = {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export async function openHandlerGateway(): Promise<HandlerGateway> {
  const replies: string[] = []
  const faults: GatewayFault[] = []
  let port: number | undefined
  let invocations = 0
  let running = 0

  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request)
    const isInvoke = request.url?.endsWith('/invoke') === true
    const fault = isInvoke ? faults.shift() : undefined
    if (fault === 'drop-request') return void response.destroy()
    if (port === undefined) return void response.writeHead(503).end()
    if (isInvoke) {
      invocations += 1
      running += 1
    }
    const answer = await ask(port, request, body)
      .catch(() => undefined)
      .finally(() => {
        if (isInvoke) running -= 1
      })
    if (isInvoke && answer?.status === 200) replies.push(statusOf(answer.body))
    if (answer === undefined || fault === 'drop-reply') return void response.destroy()
    response.writeHead(answer.status, { ...answer.headers, connection: 'keep-alive' })
    response.end(answer.body)
  }
  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy())
  })
  server.keepAliveTimeout = 30_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    route: (to) => {
      port = to
    },
    replies,
    invocations: () => invocations,
    running: () => running,
    injectFault: (fault) => faults.push(fault),
    disconnect: () => server.closeAllConnections(),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Fails when the server is not there, or goes away meanwhile. */
function ask(
  port: number,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { connection: _, ...passed } = headers
    const asked = send({ port, method, path: url, headers: passed, agent: false }, (response) => {
      bodyOf(response).then(
        (text) =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        reject,
      )
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function statusOf(body: Buffer): string {
  const { status } = JSON.parse(body.toString()) as { status?: { kind?: string } }
  return status?.kind ?? 'no reply'
}
