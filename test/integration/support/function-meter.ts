import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What functions spend on the table: their requests come without the AWS client, and so are told apart. */
export type FunctionMeter = {
  readonly endpoint: string
  /** Write units that the table reported for puts by functions. */
  units(): number
  /** Requests of any kind by functions. */
  requests(): number
  close(): Promise<void>
}

/** A proxy before DynamoDB that asks for the consumed capacity of what functions put. */
export async function meterFunctions(target: string): Promise<FunctionMeter> {
  let units = 0
  let requests = 0
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    const byFunction = !(request.headers['user-agent'] ?? '').includes('aws-sdk')
    const isPut = String(request.headers['x-amz-target']).endsWith('.PutItem')
    const asked = byFunction && isPut ? withCapacity(body) : body
    const {
      host: _host,
      connection: _connection,
      'content-length': _length,
      ...headers
    } = request.headers
    const answer = await fetch(target, {
      method: request.method ?? 'POST',
      headers: headers as Record<string, string>,
      body: asked,
    })
    const text = await answer.text()
    if (byFunction) {
      requests += 1
      units += capacityOf(text)
    }
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? 'application/x-amz-json-1.0',
      'x-amzn-requestid': answer.headers.get('x-amzn-requestid') ?? '',
      'x-amz-crc32': answer.headers.get('x-amz-crc32') ?? '',
    })
    response.end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    units: () => units,
    requests: () => requests,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function withCapacity(body: string): string {
  return JSON.stringify({ ...JSON.parse(body), ReturnConsumedCapacity: 'TOTAL' })
}

function capacityOf(text: string): number {
  const { ConsumedCapacity: capacity } = JSON.parse(text) as {
    ConsumedCapacity?: { CapacityUnits?: number }
  }
  return capacity?.CapacityUnits ?? 0
}
