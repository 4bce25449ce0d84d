import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What happens to the next invoke. */
type GatewayFault = 'drop-reply'

/** A load balancer before a server of handlers: its URL stays when the server is replaced, and calls can be spoiled. */
export type HandlerGateway = {
  readonly url: string
  /** Where the server is; `undefined`: nowhere. */
  route(port: number | undefined): void
  /** How the handlers' attempts ended, in that order; whether or not anybody heard it. */
  readonly replies: readonly string[]
  invocations(): number
  /** Invokes that came while there was no server. */
  refused(): number
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
  let refused = 0

  /** As it is, counted where it is an invoke. `undefined`: it broke. */
  const passOn = async (to: number, request: IncomingMessage, body: Buffer) => {
    if (!isInvoke(request)) return ask(to, request, body)
    invocations += 1
    running += 1
    const answer = await ask(to, request, body)
    running -= 1
    if (answer?.status === 200) replies.push(statusOf(answer.body))
    return answer
  }
  const answerTo = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const body = await bodyOf(request)
    const fault = isInvoke(request) ? faults.shift() : undefined
    if (port === undefined) {
      if (isInvoke(request)) refused += 1
      return response.writeHead(503).end()
    }
    const answer = await passOn(port, request, body)
    if (answer === undefined || fault === 'drop-reply') return response.destroy()
    response.writeHead(answer.status, { ...answer.headers, connection: 'keep-alive' })
    return response.end(answer.body)
  }
  const server = createServer((request, response) => {
    answerTo(request, response).catch(() => response.destroy())
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
    refused: () => refused,
    running: () => running,
    injectFault: (fault) => faults.push(fault),
    disconnect: () => server.closeAllConnections(),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const isInvoke = ({ url }: IncomingMessage): boolean => url?.endsWith('/invoke') === true

/** `undefined` when the server is not there, or goes away meanwhile. */
function ask(
  port: number,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const { connection: _, ...passed } = headers
    const asked = send({ port, method, path: url, headers: passed, agent: false }, (response) => {
      bodyOf(response).then(
        (text) =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        () => resolve(undefined),
      )
    })
    asked.on('error', () => resolve(undefined))
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
