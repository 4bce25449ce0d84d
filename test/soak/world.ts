import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Recorder } from '../history/recorder.ts'
import type { Chance } from '../simulation/chance.ts'
import { rest } from './rest.ts'

type Asked = {
  readonly invocation: InvocationId
  readonly name: string
  readonly after: readonly string[]
  readonly body: unknown
}

/** Where steps leave their effects. Each has its place in the history before it is answered. */
export type World = {
  readonly url: string
  /** Effects by key, each once. */
  readonly done: ReadonlySet<string>
  /** All requests, repeated ones too. */
  requests(): number
  close(): Promise<void>
}

export type WorldOptions = {
  readonly recorder: Recorder
  readonly chance: Chance
  /** The first time that something is asked for. */
  readonly onEffect: (asked: Asked) => void
}

/** So often it is not at home, and does nothing. */
const away = 0.03
/** So often it takes its time, in which much can happen to who waits. */
const slow = 0.4
const mostMs = 800

export async function openWorld({ recorder, chance, onEffect }: WorldOptions): Promise<World> {
  const done = new Set<string>()
  let requests = 0
  const perform = async (request: IncomingMessage): Promise<{ status: number; body: unknown }> => {
    requests += 1
    const asked = JSON.parse(await textOf(request)) as Asked
    if (chance.happens(slow)) await rest(chance.between(0, mostMs))
    if (chance.happens(away)) return { status: 503, body: null }
    const { invocation, name, after, body } = asked
    const key = `${invocation}/${name}`
    const step = { invocation, name }
    await recorder.note('outside', [{ what: 'effect', key, body, step, after }])
    const isNew = !done.has(key)
    done.add(key)
    if (isNew) onEffect(asked)
    return { status: 200, body: done.size }
  }
  const server = createServer((request, response) => {
    perform(request).then(
      ({ status, body }) => response.writeHead(status).end(JSON.stringify(body)),
      () => response.destroy(),
    )
  })
  server.keepAliveTimeout = 30_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    done,
    requests: () => requests,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
