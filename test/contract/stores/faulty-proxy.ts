import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What goes wrong with one request: it is done but its answer is lost, or it is refused undone. */
export type Fault =
  | { readonly kind: 'lose-answer' }
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string }

export type ProxiedRequest = {
  readonly operation: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type FaultyProxy = {
  readonly endpoint: string
  readonly requests: ProxiedRequest[]
  /** For the next requests of this operation, one each. */
  fault(operation: string, ...faults: Fault[]): void
  /** Forgets what was asked, and the faults that nobody has met. */
  reset(): void
  stop(): Promise<void>
}

/** Stands before a DynamoDB and does to its answers what a network does. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const requests: ProxiedRequest[] = []
  const faults = new Map<string, Fault[]>()

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await textOf(request)
    const { headers } = request
    const operation = String(headers['x-amz-target']).replace(/^.*\./, '')
    requests.push({ operation, headers, body })
    const fault = faults.get(operation)?.shift()
    if (fault?.kind === 'refuse') {
      response.writeHead(fault.status, { 'content-type': 'application/x-amz-json-1.0' })
      response.end(JSON.stringify({ __type: `com.amazonaws#${fault.code}`, message: 'planned' }))
      return
    }
    const answer = await forward(target, headers, body)
    if (fault?.kind === 'lose-answer') {
      request.socket.destroy()
      return
    }
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' })
    response.end(answer.text)
  }
  const server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    fault(operation, ...planned) {
      faults.set(operation, [...(faults.get(operation) ?? []), ...planned])
    },
    reset() {
      requests.length = 0
      faults.clear()
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function forward(target: string, headers: IncomingMessage['headers'], body: string) {
  const kept = ['authorization', 'content-type', 'x-amz-date', 'x-amz-target']
  const answer = await fetch(target, {
    method: 'POST',
    headers: Object.fromEntries(kept.map((name) => [name, String(headers[name] ?? '')])),
    body,
  })
  return { status: answer.status, text: await answer.text() }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
